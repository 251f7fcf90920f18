import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder with the board's files, above the compiled code: the root of the repository, or `dist` of the tools.
 */
export function packageRoot(): string {
  return folderAbove(join("hal", "boards", "esp32", "manifest.json"));
}

/** Of the package whose compiled code this is. */
export function packageVersion(): string {
  const path = join(folderAbove("package.json"), "package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version;
}

/** The nearest folder above this code that has the file. */
function folderAbove(file: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, file))) return folder;
  }
  throw new Error(`${file} is missing`);
}
