import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const INSTALL = "install make and a C compiler (Debian: build-essential), then run npm ci with Node 20 or 22";

/** The engine was not built. The message is one line that names what to do. */
export class XsMissing extends Error {
  override readonly name = "XsMissing";

  constructor() {
    super(`no XS engine on this machine: ${INSTALL}`);
  }
}

/** Path of the worker that npm has built. @throws XsMissing */
export function findWorker(): string {
  const platform = process.platform === "darwin" ? "mac" : "lin";
  const path = join("xsnap-native", "xsnap", "build", "bin", platform, "release", "xsnap-worker");
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("@agoric/xsnap/package.json"));
    if (existsSync(join(folder, path))) return join(folder, path);
  } catch {
    // npm does not install an optional package whose build failed.
  }
  throw new XsMissing();
}

/** Text of a file in a folder beside dist/node. @throws Error if it was not built */
export function readBuilt(folderName: "moddable" | "readable" | "xs", name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "dist", folderName, name);
    if (existsSync(path)) return readFileSync(path, "utf8");
  }
  throw new Error(`dist/${folderName}/${name} is missing: run npm run build`);
}
