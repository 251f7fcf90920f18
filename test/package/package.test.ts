import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readSizes } from "../../bench/sizes.js";
import { packedFiles, readPackage } from "../support/packed.js";
import { ROOT } from "../support/root.js";

const { exports = {} } = readPackage();

for (const [address, files] of Object.entries(exports)) {
  test(`${address}: the package has its types and its code`, () => {
    for (const file of Object.values(files)) assert.ok(packedFiles().has(file.replace("./", "")), file);
  });
}

test("the package has README in both languages", () => {
  for (const name of ["README.md", "README.zh-CN.md"]) assert.ok(packedFiles().has(name), name);
});

test("what a board has has types in an editor, and no code for Node", () => {
  assert.deepEqual(Object.keys(exports["./device"] ?? {}), ["types"]);
});

test("each bundle that an application imports has its declarations beside it", () => {
  for (const name of ["moddable-ota", "gateway", "mqtt", "plans", "esp32", "lin"]) {
    assert.ok(packedFiles().has(join("dist", "moddable", `${name}.d.ts`)), name);
  }
});

for (const bundles of ["moddable", "library"]) {
  test(`the licence of every package that is bundled is beside the bundles of dist/${bundles}`, () => {
    const path = join("dist", bundles, "LICENSES.txt");
    assert.ok(packedFiles().has(path));
    const text = readFileSync(join(ROOT, path), "utf8");
    const files = readSizes().flatMap(({ modules }) => Object.keys(modules));
    const names = new Set(files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []));
    assert.deepEqual([...names].sort(), ["mqtt-packet", "spark-md5"]);
    for (const name of names) assert.match(text, new RegExp(`^${name} [0-9.]+, .+\\n\\n(.+\\n)+`, "m"));
    for (const words of [
      "Permission is hereby granted, free of charge",
      "DO WHAT THE FUCK YOU WANT TO PUBLIC LICENSE",
    ]) {
      assert.ok(text.includes(words), words);
    }
  });
}

test("the package holds no command, no cloud and no engine: they are the tools' and the tests'", () => {
  for (const path of packedFiles()) assert.doesNotMatch(path, /(^|\/)(cli|cloud)\/|hal\/boards\/xs\//);
});

test("the package holds no private key, and nothing of the tests", () => {
  for (const path of packedFiles()) {
    assert.doesNotMatch(path, /(^|\/)test\/|\.pem$/);
    assert.doesNotMatch(readFileSync(join(ROOT, path), "latin1"), /^-----BEGIN [A-Z ]*PRIVATE KEY-----/m, path);
  }
});
