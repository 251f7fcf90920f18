import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { makePackage } from "../../cloud/delta/make-package.js";
import { changeProgram, createProgram, FEATURE, linkImage, MINOR } from "../../test/support/linked-image.js";
import { unpack } from "../../test/support/unpack.js";
import { unpackOnXs } from "../../test/support/unpacking-on-xs.js";

const HELP = `Makes packages of pairs of images: how large they are, what it costs to make them, and what it costs a board.

usage: npm run bench:packages [-- [--no-xs] [OLD NEW]...]

Without files the pairs are those of a generator, which links programs as for an ESP32: a minor and a feature update of about
1 MiB, and a minor one of 2.4 MB. Each new image is also compressed, without its base.

  --no-xs   leave out the XS engine

"bsdiff" is the size of that program's patch, if it is installed (Debian: bsdiff). "CPU s" is the time of the processor for
making the package, in a thread of its own. Bytecodes are XS's own count for each byte of the result, with the minified decoder, in
the heap of an ESP32; "in C" is the same with the board's native decoder. What XS counts for bytes that a built-in copies is left out, as is what stands for the board's flash.
Each result is compared with the new image.
`;

/** Bytes of images above which XS is left out: it is the same figure again. */
const MOST_ON_XS = 1_500_000;

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
  line("", "new", "package", "%", "bsdiff", "of it", "CPU s", "bytecodes", "in C");
  for (const pair of positionals.length === 0 ? generated() : named(positionals)) {
    await measure(pair, onXs);
    await measure({ ...pair, name: "  compressed", base: new Uint8Array(0) }, onXs);
  }
  console.log(`most memory in use: ${Math.ceil(process.resourceUsage().maxRSS / 1024)} MiB, all in all`);
}

function* generated(): Generator<Pair> {
  const [million, large] = [createProgram(1, 1_150_000), createProgram(2, 2_650_000)];
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

async function measure({ name, base, result }: Pair, onXs: boolean): Promise<void> {
  const before = process.cpuUsage();
  const bytes = await makePackage({
    base: base.byteLength === 0 ? undefined : { bytes: base, version: "1" },
    result: { bytes: result, version: "2" },
    chipId: 0,
  });
  const { user, system } = process.cpuUsage(before);
  if (!Buffer.from(unpack(bytes, base)).equals(result)) throw new Error(`${name} does not come back`);
  const patch = base.byteLength === 0 ? undefined : bsdiffSize(base, result);
  const isMeasured = onXs && result.byteLength <= MOST_ON_XS;
  line(
    name,
    result.byteLength,
    bytes.byteLength,
    ((100 * bytes.byteLength) / result.byteLength).toFixed(2),
    patch ?? "-",
    patch === undefined ? "-" : (bytes.byteLength / patch).toFixed(2),
    ((user + system) / 1e6).toFixed(1),
    isMeasured ? (await bytecodes(bytes, base, result)).toFixed(1) : "-",
    isMeasured ? (await bytecodes(bytes, base, result, true)).toFixed(2) : "-",
  );
}

async function bytecodes(bytes: Uint8Array, base: Uint8Array, result: Uint8Array, native = false): Promise<number> {
  const cost = await unpackOnXs(bytes, base, { native });
  if (!Buffer.from(cost.result).equals(result)) throw new Error("the result of XS is another one");
  return cost.bytecodes / result.byteLength;
}

/** @returns bytes of the patch; `undefined` if the program is not installed */
function bsdiffSize(base: Uint8Array, result: Uint8Array): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), "bsdiff-"));
  try {
    const [old, fresh, patch] = ["old", "new", "patch"].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(old, base);
    writeFileSync(fresh, result);
    execFileSync("bsdiff", [old, fresh, patch], { stdio: "ignore" });
    return statSync(patch).size;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function line(name: string, ...cells: readonly (string | number)[]): void {
  console.log(name.padEnd(26) + cells.map((cell) => String(cell).padStart(10)).join(""));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
