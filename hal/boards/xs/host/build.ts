import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = "@agoric/xsnap";
/** XS's own profiler and its snapshots are not part of the host; heap.c stands in for the profiler's hook. */
const LEFT_OUT = ["xsProfile.c", "xsSnapshot.c"];
const FLAGS = [
  "-O2",
  "-w",
  "-fno-common",
  "-DINCLUDE_XSPLATFORM",
  '-DXSPLATFORM="xs-host-platform.h"',
  "-DmxMetering=1",
  "-DmxBoundsCheck=1",
  "-DmxNoConsole=1",
  "-DmxParse=1",
  "-DmxRun=1",
  "-DmxSloppy=1",
  "-DmxLockdown=1",
  "-DmxMinusZero=1",
  "-DmxRegExpUnicodePropertyEscapes=1",
  "-DmxStringNormalize=1",
  // These are the hooks by which heap.c forces a collection at an allocation and counts what is alive then.
  "-DmxStress=1",
  "-DmxProfile=1",
];

/** Something must be installed before the host can be built. The message is one line; the stack adds nothing to it. */
export class MissingPrerequisite extends Error {
  override readonly name = "MissingPrerequisite";
  override stack = this.message;
}

/**
 * Builds the host if its sources, XS's or the compiler's options changed since the last time.
 *
 * @returns the path of the program
 * @throws MissingPrerequisite without a C compiler or the package with XS's sources
 */
export async function buildXsHost(): Promise<string> {
  const root = findUpwards("package.json", dirname(fileURLToPath(import.meta.url)));
  const own = join(root, "hal", "boards", "xs", "host");
  const xs = findXs(root);
  const sources = [...sourcesIn(join(xs, "sources")), ...sourcesIn(own)];
  const built = join(root, "dist", "xs-host", digest(own, xs));
  const program = join(built, "xs-host");
  if (existsSync(program)) return program;
  mkdirSync(dirname(built), { recursive: true });
  const folder = mkdtempSync(join(dirname(built), "building-"));
  try {
    const options = [
      ...FLAGS,
      ...["includes", "platforms", "sources"].map((name) => `-I${join(xs, name)}`),
      `-I${own}`,
    ];
    const objects = await compileAll(sources, options, folder);
    await compile([...objects, "-lm", "-lpthread", "-ldl", "-o", join(folder, "xs-host")]);
    for (const object of objects) rmSync(object);
    writeFileSync(join(folder, "built-with.txt"), `${options.join("\n")}\n`);
    move(folder, built);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

async function compileAll(sources: readonly string[], options: readonly string[], folder: string): Promise<string[]> {
  const waiting = [...sources];
  const objects: string[] = [];
  const worker = async (): Promise<void> => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const object = join(folder, `${basename(source, ".c")}.o`);
      objects.push(object);
      await compile([...options, "-c", source, "-o", object]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return objects;
}

function compile(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn("cc", args, { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr?.on("data", (bytes: Buffer) => (errors += bytes.toString()));
    child.on("error", () =>
      reject(new MissingPrerequisite("no C compiler: install one as `cc` (Debian: apt-get install gcc libc6-dev)")),
    );
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`cc ended with ${code}\n${errors}`))));
  });
}

function findXs(root: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    const xs = join(folder, "node_modules", PACKAGE, "moddable", "xs");
    if (existsSync(xs)) return xs;
    if (folder === dirname(folder)) throw new MissingPrerequisite(`no sources of XS: install ${PACKAGE} (npm ci)`);
  }
}

function findUpwards(file: string, from: string): string {
  return existsSync(join(from, file)) ? from : findUpwards(file, dirname(from));
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".c") && !LEFT_OUT.includes(name))
    .map((name) => join(folder, name));
}

/** XS's own sources need not be hashed: the version of their package fixes them. */
function digest(own: string, xs: string): string {
  const hash = createHash("sha256")
    .update(FLAGS.join(" "))
    .update(readFileSync(join(xs, "..", "..", "package.json")));
  for (const name of readdirSync(own).sort()) {
    if (/\.[ch]$/.test(name)) hash.update(name).update(readFileSync(join(own, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Another process may have built the same program meanwhile; then that one is used. */
function move(folder: string, built: string): void {
  try {
    renameSync(folder, built);
  } catch (error) {
    if (!existsSync(built)) throw error;
  }
}
