import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/root.js";
import { affectedTests, type Source } from "./affected.js";
import { readSources } from "./sources.js";

const source = (file: string, imports: readonly string[] = [], text = ""): Source => ({ file, imports, text });

const SOURCES = [
  source("src/lib/bytes.ts"),
  source("src/image/digest.ts", ["src/lib/bytes"]),
  source("test/unit/image/digest.test.ts", ["src/image/digest"]),
  source("test/unit/lib/utf8.test.ts", ["src/lib/utf8"]),
  source("cli/cloud/main.ts"),
  source("test/support/command.ts"),
  source("test/e2e/ota-cloud.test.ts", ["test/support/command"]),
  source("test/arch/page.test.ts", [], 'readFileSync("CONTRIBUTING.md")'),
];

test("a test is affected by what it imports, directly or through other files", () => {
  assert.deepEqual(affectedTests(SOURCES, ["src/lib/bytes.ts"]), ["test/unit/image/digest.test.ts"]);
});

test("a changed test is affected, and nothing else is", () => {
  assert.deepEqual(affectedTests(SOURCES, ["test/unit/lib/utf8.test.ts"]), ["test/unit/lib/utf8.test.ts"]);
  assert.deepEqual(affectedTests(SOURCES, []), []);
});

test("a test that starts commands is affected by the commands' code", () => {
  assert.deepEqual(affectedTests(SOURCES, ["cli/cloud/main.ts"]), ["test/e2e/ota-cloud.test.ts"]);
});

test("a test is affected by a page that it names", () => {
  assert.deepEqual(affectedTests(SOURCES, ["CONTRIBUTING.md"]), ["test/arch/page.test.ts"]);
});

test("in this project a change of the codec affects its unit tests and the bundles' tests, and not the formatter's", () => {
  const found = affectedTests(readSources(), ["src/mqtt/codec.ts"]);
  for (const file of ["test/unit/mqtt/session.test.ts", "test/e2e/update.test.ts", "test/bundle/frozen.test.ts"]) {
    assert.ok(existsSync(join(ROOT, file)), file);
    assert.ok(found.includes(file), file);
  }
  assert.ok(!found.includes("test/unit/lib/utf8.test.ts"));
});
