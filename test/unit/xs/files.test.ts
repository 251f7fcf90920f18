import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { reasonFor } from "../../../hal/boards/xs/files.js";
import { withFolder } from "../../support/folder.js";

test("the reason for a missing engine is one line, which names what to do", async () => {
  await withFolder(async (folder) => {
    const whole = { folder: undefined, nodeVersion: "20.15.0", path: ["/nowhere", folder].join(delimiter) };
    assert.match(reasonFor(whole), /^there is no make and no cc: install .*build-essential.*npm ci$/);
    writeFileSync(join(folder, "make"), "");
    assert.match(reasonFor(whole), /^there is no cc: /);
    writeFileSync(join(folder, "cc"), "");
    assert.match(reasonFor({ ...whole, folder: "xsnap" }), /^npm ran no scripts: .*ignore-scripts$/);
    assert.match(reasonFor({ ...whole, nodeVersion: "24.1.0" }), /^Node is 24\.1\.0: .* Node 20 or 22$/);
    assert.match(reasonFor(whole), /^its build failed, or .*: npm ci shows why$/);
    assert.match(reasonFor({ ...whole, nodeVersion: "22.11.0" }), /^its build failed/);
  });
});
