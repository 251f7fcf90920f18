import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REASONS } from "../mutation/reasons.js";
import { ROOT } from "../support/root.js";

test("each reason for a mutant that survives names a line that exists", () => {
  for (const { file, line } of REASONS) {
    const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
    assert.ok(
      lines.some((each) => each.trim() === line),
      `${file} has no line ${line}`,
    );
  }
});
