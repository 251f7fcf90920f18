import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/root.js";
import { rulesDocument } from "./rules.js";

const page = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");

/** Folders at the root whose files the pages name. */
const PATH = /`((?:src|hal|cloud|cli|test|bench|bundle|docs|examples|\.ci|\.github)\/[^`\s]*)`/g;

test("docs/architecture.md shows the rules that the tests enforce", () => {
  const [, block] = /<!-- rules -->\n\n([\s\S]*?)\n\n<!-- end of rules -->/.exec(page) ?? [];
  assert.equal(block, rulesDocument(), "copy the expected text between the two marks of docs/architecture.md");
});

for (const name of ["docs/architecture.md", "CONTRIBUTING.md"]) {
  test(`each file and folder that ${name} names exists`, () => {
    const paths = [...readFileSync(join(ROOT, name), "utf8").matchAll(PATH)].map(([, path = ""]) => path);
    assert.ok(paths.length > 10, `${name} names no paths`);
    for (const path of paths) assert.ok(existsSync(join(ROOT, path)), `${name} names ${path}`);
  });
}

test("each function that docs/architecture.md names is in the file of its row", () => {
  const rows = [...page.matchAll(/^\| `([a-z][^`|]*\.(?:ts|c))` \| (`[^|]*`) \|/gm)];
  assert.ok(rows.length > 30, "no rows with a file and its functions");
  for (const [, path = "", names = ""] of rows) {
    const code = readFileSync(join(ROOT, path), "utf8");
    for (const [, name = ""] of names.matchAll(/`([^`]+)`/g)) {
      assert.match(code, new RegExp(`(?<![\\w#])${name}(?!\\w)`), `docs/architecture.md: ${path} has no ${name}`);
    }
  }
});

test("each function that docs/architecture.md names beside a file is in that file", () => {
  const named = [...page.matchAll(/`([a-z][^`]*\.(?:ts|c))`(?:: |, | \()(?:the default of )?`([#A-Za-z]+)`/g)];
  assert.ok(named.length > 10, "no functions beside files");
  for (const [, path = "", name = ""] of named) {
    assert.match(
      readFileSync(join(ROOT, path), "utf8"),
      new RegExp(`(?<![\\w#])${name}(?!\\w)`),
      `docs/architecture.md: ${path} has no ${name}`,
    );
  }
});

test("each npm command that CONTRIBUTING.md names exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: { [name: string]: string };
  };
  const guide = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
  for (const [, name = ""] of guide.matchAll(/npm run ([a-z0-9:]+)/g)) assert.ok(name in scripts, `no script ${name}`);
});
