import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PRODUCT } from "../../../support/fake-operator.js";
import { withServedOperator } from "../../../support/served-operator.js";

test("firmware add makes a delta of a file with a source version, by either name of the option", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const file = join(folder, "delta.bin");
    writeFileSync(file, "delta");
    const add = (...args: readonly string[]) => run("firmware", "add", file, "--product", PRODUCT, ...args);
    assert.equal((await add("--version", "2.0.0", "--source-version", "1.0.0")).code, 0);
    assert.equal((await add("--version", "2.1.0", "--from", "2.0.0")).code, 0);
    assert.equal((await add("--version", "2.2.0")).code, 0);
    assert.deepEqual(
      operator.packageList.map(({ form, requirements }) => [form, requirements?.sourceVersion]),
      [
        ["delta", "1.0.0"],
        ["delta", "2.0.0"],
        ["full", undefined],
      ],
    );
    const { code, stderr } = await add("--version", "3.0.0", "--source-version", "1.0.0", "--from", "2.0.0");
    assert.equal(code, 2);
    assert.match(stderr, /--from is --source-version/);
  });
});
