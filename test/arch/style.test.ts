import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/root.js";
import { files } from "./imports.js";

const COLUMNS = 120;

// The formatter wraps code and leaves comments as they are.
test(`no comment is wider than ${COLUMNS} columns, but for a row of a table of bytes`, () => {
  const wide = ["src", "hal", "cloud", "cli", "test", "bench"]
    .flatMap((folder) => files(folder))
    .flatMap((file) =>
      readFileSync(join(ROOT, file), "utf8")
        .split("\n")
        .flatMap((line, index) => (isWideComment(line) ? [`${file}:${index + 1}`] : [])),
    );
  assert.deepEqual(wide, []);
});

function isWideComment(line: string): boolean {
  const text = line.trimStart();
  if (line.length <= COLUMNS || !(text.startsWith("//") || text.startsWith("*") || text.startsWith("/*"))) return false;
  return !/^\* {2,}[0-9]+ {2}/.test(text);
}
