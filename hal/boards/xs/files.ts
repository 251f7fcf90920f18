import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The engine is not there. The message is one line that says why, and what to do. */
export class XsMissing extends Error {
  override readonly name = "XsMissing";

  constructor(reason: string) {
    super(`no XS engine: ${reason}`);
  }
}

/** What decides whether npm builds the package. */
interface Installation {
  /** Folder of the package; `undefined` if it is not installed. */
  readonly folder: string | undefined;
  readonly nodeVersion: string;
  /** The environment's `PATH`. */
  readonly path: string;
}

/** @returns why npm has not built it, and what to do, in one line */
export function reasonFor({ folder, nodeVersion, path }: Installation): string {
  const folders = path.split(delimiter);
  const missing = ["make", "cc"].filter((name) => !folders.some((each) => existsSync(join(each, name))));
  if (missing.length > 0) {
    return `there is no ${missing.join(" and no ")}: install them (Debian: build-essential), then run npm ci`;
  }
  if (folder !== undefined) return "npm ran no scripts: run npm ci without ignore-scripts";
  // What the package's own `engines` says.
  if (!/^(20|22)\./.test(nodeVersion)) return `Node is ${nodeVersion}: run npm ci with Node 20 or 22`;
  return "its build failed, or optional packages were omitted: npm ci shows why";
}

/** Path of the worker that npm has built. @throws XsMissing */
export function findWorker(): string {
  const platform = process.platform === "darwin" ? "mac" : "lin";
  const path = join("xsnap-native", "xsnap", "build", "bin", platform, "release", "xsnap-worker");
  const folder = xsnapFolder();
  if (folder !== undefined && existsSync(join(folder, path))) return join(folder, path);
  throw new XsMissing(reasonFor({ folder, nodeVersion: process.versions.node, path: process.env["PATH"] ?? "" }));
}

/** An optional package whose build failed is not installed. */
function xsnapFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve("@agoric/xsnap/package.json"));
  } catch {
    return undefined;
  }
}

/** Text of a file in a folder beside dist/node. @throws Error if it was not built */
export function readBuilt(folderName: "moddable" | "readable" | "xs", name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "dist", folderName, name);
    if (existsSync(path)) return readFileSync(path, "utf8");
  }
  throw new Error(`dist/${folderName}/${name} is missing: run npm run build`);
}
