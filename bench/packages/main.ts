import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { changeProgram, createProgram, FEATURE, linkImage, MINOR } from "../../test/support/linked-image.js";
import { countInstructions } from "../../test/support/decoder-in-c.js";
import { unpack } from "../../test/support/unpack.js";
import { unpackOnXs } from "../../test/support/unpacking-on-xs.js";
import type { MakingCost } from "./making.js";

const HELP = `Makes packages of pairs of images: how large they are, what it costs to make them, and what it costs a board.

usage: npm run bench:packages [-- [--no-xs] [OLD NEW]...]

Without files the pairs are those of a generator, which links programs as for an ESP32: a minor and a feature update of about
1 MiB, and a minor one of 2.4 MB. Each new image is also compressed, without its base.

  --no-xs   leave out the XS engine

"bsdiff" is the size of that program's patch, if it is installed (Debian: bsdiff). "CPU s" is the time of the processor for
making the package, and "MiB" the most memory of the process that does it, Node itself included. Bytecodes are XS's own count for each byte of the result, with the minified decoder, in
the heap of an ESP32; "in C" is the same with the board's native decoder. What XS counts for bytes that a built-in copies is left
out, as is what stands for the board's flash. "C instr." is what that decoder takes of this machine's instructions for each byte of
the result, if valgrind is installed.
Each result is compared with the new image.
`;

/** Bytes of images above which XS is left out: it is the same figure again. */
const MOST_ON_XS = 1_500_000;
const MIB = 0x100000;
const MAKING = fileURLToPath(new URL("making.js", import.meta.url));

interface Pair {
  readonly name: string;
  readonly base: Uint8Array;
  readonly result: Uint8Array;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { "no-xs": { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true || positionals.length % 2 !== 0) {
    process.stdout.write(HELP);
    process.exitCode = values.help === true ? 0 : 2;
    return;
  }
  const onXs = values["no-xs"] !== true;
  line("", "new", "package", "%", "bsdiff", "of it", "CPU s", "MiB", "bytecodes", "in C", "C instr.");
  for (const pair of positionals.length === 0 ? generated() : named(positionals)) {
    await measure(pair, onXs);
    await measure({ ...pair, name: "  compressed", base: new Uint8Array(0) }, onXs);
  }
}

function* generated(): Generator<Pair> {
  const [million, large] = [createProgram(1, 1_150_000), createProgram(2, 3_210_000)];
  yield { name: "minor", base: linkImage(million), result: linkImage(changeProgram(million, MINOR, 3)) };
  yield { name: "feature", base: linkImage(million), result: linkImage(changeProgram(million, FEATURE, 4)) };
  yield { name: "minor, large", base: linkImage(large), result: linkImage(changeProgram(large, MINOR, 5)) };
}

function* named(files: readonly string[]): Generator<Pair> {
  for (let index = 0; index < files.length; index += 2) {
    const [old, fresh] = [files[index] as string, files[index + 1] as string];
    yield { name: basename(fresh).slice(0, 24), base: readFileSync(old), result: readFileSync(fresh) };
  }
}

async function measure(pair: Pair, onXs: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "packages-"));
  try {
    await measureIn(folder, pair, onXs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureIn(folder: string, { name, base, result }: Pair, onXs: boolean): Promise<void> {
  const [old, fresh, made] = ["old", "new", "made"].map((file) => join(folder, file)) as [string, string, string];
  writeFileSync(old, base);
  writeFileSync(fresh, result);
  const cost = JSON.parse(
    execFileSync(process.execPath, [MAKING, old, fresh, made], { encoding: "utf8" }),
  ) as MakingCost;
  const bytes = new Uint8Array(readFileSync(made));
  if (!Buffer.from(unpack(bytes, base)).equals(result)) throw new Error(`${name} does not come back`);
  const patch = base.byteLength === 0 ? undefined : bsdiffSize(old, fresh, join(folder, "patch"));
  const isMeasured = onXs && result.byteLength <= MOST_ON_XS;
  line(
    name,
    result.byteLength,
    bytes.byteLength,
    ((100 * bytes.byteLength) / result.byteLength).toFixed(2),
    patch ?? "-",
    patch === undefined ? "-" : (bytes.byteLength / patch).toFixed(2),
    cost.seconds.toFixed(1),
    Math.ceil(cost.bytes / MIB),
    isMeasured ? (await bytecodes(bytes, base, result)).toFixed(1) : "-",
    isMeasured ? (await bytecodes(bytes, base, result, true)).toFixed(2) : "-",
    inC(bytes, base, result),
  );
}

async function bytecodes(bytes: Uint8Array, base: Uint8Array, result: Uint8Array, native = false): Promise<number> {
  const cost = await unpackOnXs(bytes, base, { native });
  if (!Buffer.from(cost.result).equals(result)) throw new Error("the result of XS is another one");
  return cost.bytecodes / result.byteLength;
}

/** @returns instructions for each byte of the result */
function inC(bytes: Uint8Array, base: Uint8Array, { byteLength }: Uint8Array): string {
  const counted = countInstructions(bytes, base);
  return counted === undefined ? "-" : (counted / byteLength).toFixed(1);
}

/** @returns bytes of the patch; `undefined` if the program is not installed */
function bsdiffSize(old: string, fresh: string, patch: string): number | undefined {
  try {
    execFileSync("bsdiff", [old, fresh, patch], { stdio: "ignore" });
    return statSync(patch).size;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

function line(name: string, ...cells: readonly (string | number)[]): void {
  console.log(name.padEnd(26) + cells.map((cell) => String(cell).padStart(10)).join(""));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
