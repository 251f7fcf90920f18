import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/*
 * For `npm pack` of the tools: a package holds only what lies in its own folder, and the tools are compiled into the
 * root's. Copies into cli/dist what they run; with --remove it takes that away again.
 */

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const COMPILED = join(ROOT, "dist", "node");
const PACKED = join(ROOT, "cli", "dist");

/** What the commands read besides their code: the layout of a board's flash. */
const BOARD = join("hal", "boards", "esp32");
const READ = ["manifest.json", "partitions.csv", "tables"];
/** The C of the chip that the XS engine's host has too. */
const SHARED = ["block-decoder.c", "block-decoder.h", "packages.c", "slots.h"];
/** The C of the XS engine's host, and what runs on it: for `--engine xs`. */
const HOST = join("hal", "boards", "xs", "host");
const GUEST = ["moddable", "xs"];

rmSync(PACKED, { recursive: true, force: true });
if (process.argv[2] !== "--remove") {
  if (!existsSync(join(COMPILED, "cli"))) throw new Error("nothing is compiled yet: run npm run prepare");
  for (const folder of ["cli", "cloud", "hal", "src"]) {
    cpSync(join(COMPILED, folder), join(PACKED, folder), {
      recursive: true,
      filter: (path) => !/\.d\.ts$|\.tsbuildinfo$/.test(path),
    });
  }
  for (const name of [...READ, ...SHARED])
    cpSync(join(ROOT, BOARD, name), join(PACKED, BOARD, name), { recursive: true });
  cpSync(join(ROOT, HOST), join(PACKED, HOST), { recursive: true, filter: (path) => !/\.ts$/.test(path) });
  for (const name of GUEST) {
    cpSync(join(ROOT, "dist", name), join(PACKED, name), { recursive: true, filter: (path) => !/\.d\.ts$/.test(path) });
  }
  cpSync(join(ROOT, "LICENSE"), join(PACKED, "LICENSE"));
}
