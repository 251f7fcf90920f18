import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readSizes } from "../../bench/sizes.js";
import { linksOf } from "../support/links.js";
import { packedFiles, readPackage } from "../support/packed.js";
import { ROOT } from "../support/root.js";

const { exports = {} } = readPackage();

for (const [address, files] of Object.entries(exports)) {
  test(`${address}: the package has its types and its code`, () => {
    for (const file of Object.values(files)) assert.ok(packedFiles().has(file.replace("./", "")), file);
  });
}

for (const name of ["README.md", "README.zh-CN.md"]) {
  test(`${name} is in the package, and so is all that it links to`, () => {
    assert.ok(packedFiles().has(name));
    const missing = linkedPaths(name).filter((path) => !isPacked(path));
    assert.deepEqual(missing, []);
  });
}

test("the pages in the package have the pages that they link to", () => {
  const pages = [...packedFiles()].filter((path) => path.endsWith(".md"));
  const missing = pages.flatMap(linkedPaths).filter((path) => path.endsWith(".md") && !isPacked(path));
  // The repository's own fixtures have a page, which is of no use without them.
  assert.deepEqual(missing, ["test/fixtures/nvs/README.md"]);
});

test("a board's modules have types for an editor, and no code for Node", () => {
  assert.deepEqual(Object.keys(exports["./device"] ?? {}), ["types"]);
});

test("each bundle that an application imports has its declarations beside it", () => {
  for (const name of [
    "moddable-ota",
    "control",
    "gateway",
    "mqtt",
    "packages",
    "plans",
    "registration",
    "seal",
    "esp32",
    "lin",
  ]) {
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

/** @returns what a page links to in the repository, as paths from its root */
function linkedPaths(page: string): string[] {
  return linksOf(readFileSync(join(ROOT, page), "utf8"))
    .map((link) => link.replace(/#.*/, ""))
    .filter((path) => path !== "")
    .map((path) => join(dirname(page), path));
}

/** @param path a file, or a folder of which the package has files */
function isPacked(path: string): boolean {
  return packedFiles().has(path) || [...packedFiles()].some((file) => file.startsWith(`${path}/`));
}
