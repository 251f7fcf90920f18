import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../test/support/root.js";

export interface PageFile {
  readonly name: string;
  readonly bytes: number;
  readonly gzipBytes: number;
}

/** The files of the console as the cloud sends them, which are compressed. */
export function pageFiles(folder = join(ROOT, "dist", "node", "cloud", "console", "page")): PageFile[] {
  return readdirSync(folder)
    .filter((name) => !name.endsWith(".txt"))
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(folder, name));
      return { name, bytes: bytes.byteLength, gzipBytes: gzipSync(bytes).byteLength };
    });
}

/** @returns gzip bytes of all scripts of the console */
export function scriptBytes(files: readonly PageFile[]): number {
  return files.filter(({ name }) => name.endsWith(".js")).reduce((sum, { gzipBytes }) => sum + gzipBytes, 0);
}

/** @returns most gzip bytes of all scripts, from package.json */
export function scriptBudget(): number {
  const { budgets } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    budgets: { consoleGzipBytes: number };
  };
  return budgets.consoleGzipBytes;
}
