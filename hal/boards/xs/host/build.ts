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
import { MissingPrerequisite } from "./missing-prerequisite.js";
import type { XsSdk } from "./sdk.js";

const PACKAGE = "@agoric/xsnap";
/**
 * XS's own profiler and its snapshots are not part of the host; heap.c contains the profiler's hook. The last file is
 * included by another source.
 */
const LEFT_OUT = ["xsProfile.c", "xsSnapshot.c", "xsum.c"];
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

/** Each of XS's own platforms also defines the second macro. */
const SDK_FLAGS = ["-DOTA_SDK_NATIVES=1", "-DmxFallThrough=(void)0"];
/** What of the chip's own C the host has too. */
const SHARED = ["block-decoder.c", "packages.c"];
/** With the first option, the host can find functions by their names. */
const LIBRARIES = ["-rdynamic", "-lm", "-lpthread", "-ldl"];

/** What `XsFirmwareOptions.worker` needs. */
export interface XsHost {
  readonly binary: string;
  /** Path of the module that contains the SDK's TLS, if the host has it. */
  readonly module: string | undefined;
}

export interface XsHostOptions {
  /** If given, the host has the XS of this SDK, and the C functions that its TLS uses. */
  readonly sdk?: XsSdk | undefined;
  /** Called before the compiler runs, which takes up to a minute. */
  onBuild?(): void;
}

/**
 * Builds the host if its sources, XS's or the compiler's options changed since the last time.
 *
 * @returns the paths of the program and its module
 * @throws MissingPrerequisite if there is no C compiler or no package with XS's sources
 */
export async function buildXsHost({ sdk, onBuild }: XsHostOptions = {}): Promise<XsHost> {
  const here = dirname(fileURLToPath(import.meta.url));
  const root = findUpwards("package.json", here);
  // In the package of the tools the sources in C lie beside this module.
  const own = existsSync(join(here, "host.c")) ? here : join(root, "hal", "boards", "xs", "host");
  const chip = join(own, "..", "..", "esp32");
  const xs = sdk?.xs ?? findXs(root);
  const natives = SHARED.map((name) => join(chip, name));
  const sources = [...sourcesIn(join(xs, "sources")), ...sourcesIn(own), ...natives];
  const includes = [...["includes", "platforms", "sources"].map((name) => join(xs, name)), own, chip];
  const flags = [...FLAGS];
  const modules = sdk?.modules() ?? {};
  if (sdk !== undefined) {
    const natives = join(own, "sdk");
    sources.push(...sourcesIn(natives), ...sdk.natives.sources);
    includes.push(natives, ...sdk.natives.includes);
    flags.push(...SDK_FLAGS);
  }
  const built = join(
    root,
    "dist",
    "xs-host",
    digest([...flags, ...Object.values(modules)], [...sources, ...[own, join(own, "sdk"), chip].flatMap(headersIn)]),
  );
  const host = {
    binary: join(built, "xs-host"),
    module: sdk === undefined ? undefined : join(built, "modules", "main.js"),
  };
  if (existsSync(host.binary)) return host;
  onBuild?.();
  mkdirSync(dirname(built), { recursive: true });
  const folder = mkdtempSync(join(dirname(built), "building-"));
  try {
    const options = [...flags, ...includes.map((name) => `-I${name}`)];
    const objects = await compileAll(sources, options, folder);
    await compile([...objects, ...LIBRARIES, "-o", join(folder, "xs-host")]);
    for (const object of objects) rmSync(object);
    writeFileSync(join(folder, "built-with.txt"), `${options.join("\n")}\n`);
    for (const [name, text] of Object.entries(modules)) {
      const path = join(folder, "modules", `${name}.js`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    move(folder, built);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return host;
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
    if (folder === dirname(folder)) {
      throw new MissingPrerequisite(
        `no sources of XS: run npm install --ignore-scripts ${PACKAGE}, or npm ci in the repository`,
      );
    }
  }
}

function findUpwards(file: string, from: string): string {
  return existsSync(join(from, file)) ? from : findUpwards(file, dirname(from));
}

function sourcesIn(folder: string): string[] {
  return filesIn(folder, ".c");
}

function headersIn(folder: string): string[] {
  return filesIn(folder, ".h");
}

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(extension) && !LEFT_OUT.includes(name))
    .sort()
    .map((name) => join(folder, name));
}

/** XS's headers are not hashed, because they change only together with its sources. */
function digest(texts: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256").update(texts.join(" "));
  for (const file of files) hash.update(basename(file)).update(readFileSync(file));
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
