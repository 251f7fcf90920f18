import { readFileSync } from "node:fs";
import { join } from "node:path";
import { files, importsOf } from "../arch/imports.js";
import { ROOT } from "../support/root.js";
import type { Source } from "./affected.js";

/** Every TypeScript file of the project. */
export function readSources(): Source[] {
  return ["src", "hal", "cloud", "cli", "bench", "test"].flatMap((folder) => {
    const imports = importsOf(folder);
    return files(folder).map((file) => ({
      file,
      imports: imports.filter((one) => one.file === file).map(({ target }) => target),
      text: readFileSync(join(ROOT, file), "utf8"),
    }));
  });
}
