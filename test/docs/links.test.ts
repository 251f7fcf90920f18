import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { linksOf } from "../support/links.js";
import { ROOT } from "../support/root.js";

const PAGES = [".", "docs"].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

for (const page of PAGES) {
  test(`each link of ${page} leads to a file, and to a heading of it`, () => {
    const broken = linksOf(readFileSync(join(ROOT, page), "utf8")).filter((link) => !leadsSomewhere(page, link));
    assert.deepEqual(broken, []);
  });
}

test("every page of docs is linked from another page", () => {
  const linked = new Set(
    PAGES.flatMap((page) =>
      linksOf(readFileSync(join(ROOT, page), "utf8")).map((link) => join(dirname(page), link.replace(/#.*/, ""))),
    ),
  );
  assert.deepEqual(
    PAGES.filter((page) => page.startsWith("docs") && !linked.has(page)),
    [],
  );
});

test("README has at most 150 lines", () => {
  assert.ok(readFileSync(join(ROOT, "README.md"), "utf8").trimEnd().split("\n").length <= 150);
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const file = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
  if (relative(ROOT, file).startsWith("..") || !existsSync(file)) return false;
  if (anchor === undefined || statSync(file).isDirectory()) return true;
  return anchorsOf(readFileSync(file, "utf8")).has(anchor);
}

/** The anchors that GitHub makes of headings: in lower case, without punctuation, each space a hyphen. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replace(/^ *```[\s\S]*?^ *```$/gm, "").matchAll(/^#+ (.+)$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const anchor = words
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}
