import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/root.js";
import { type PageBlock, readPage } from "./page.js";
import { CHINESE, type Section, sectionsOf } from "./section.js";

/** The pages that are there in Chinese, each with its English one. */
const PAGES: readonly (readonly [chinese: string, english: string])[] = [
  ["README.zh-CN.md", "README.md"],
  ["docs/getting-started.zh-CN.md", "docs/getting-started.md"],
  ["docs/application.zh-CN.md", "docs/application.md"],
  ["docs/cloud.zh-CN.md", "docs/cloud.md"],
  ["docs/plans.zh-CN.md", "docs/plans.md"],
  ["docs/rollouts.zh-CN.md", "docs/rollouts.md"],
  ["docs/console.zh-CN.md", "docs/console.md"],
  ["docs/deployment.zh-CN.md", "docs/deployment.md"],
];

/** A command, an option or a file, anywhere on a page. */
const COMMAND =
  /npm (?:run [a-z0-9:]+|[a-z]+)|npx [a-z-]+|(?<![\w-])--[a-z][a-z0-9-]*|[\w./-]+\.(?:json|m?js|ts|c|bin|md|svg|pem|der)\b/g;

test("the Chinese pages are those of the table", () => {
  const found = [".", "docs"]
    .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(folder, name)))
    .filter((page) => page.endsWith(CHINESE));
  assert.deepEqual(found.sort(), PAGES.map(([chinese]) => chinese).sort());
});

for (const [page, original] of PAGES) {
  test(`each command, option and file of ${page} is in ${original}, and the other way round`, () => {
    const [chinese, english] = [commandsOf(read(page)), commandsOf(read(original))];
    assert.ok(english.length > 0, `${original} has no commands`);
    assert.deepEqual(chinese, english);
  });

  test(`${page} has the code blocks of ${original}`, () => {
    assert.deepEqual(blocksOf(page), blocksOf(original));
  });

  test(`${page} has the sections of ${original}, and each has the same parts, names, links and figures`, () => {
    const [chinese, english] = [sectionsOf(read(page)), sectionsOf(read(original))];
    assert.deepEqual(chinese.map(levelOf), english.map(levelOf), "headings");
    for (const [index, section] of chinese.entries()) {
      assert.deepEqual(languageFree(section), languageFree(english[index] as Section), section.title);
    }
  });

  test(`each paragraph and list of ${page} is in Chinese`, () => {
    const others = sectionsOf(read(page)).flatMap(({ prose }) =>
      prose.filter((words) => !/\p{Script=Han}/u.test(words)),
    );
    assert.deepEqual(others, []);
  });

  test(`${page} and ${original} lead to each other at their tops`, () => {
    assert.match(topOf(page), new RegExp(`^\\[English\\]\\(${basename(original)}\\)`));
    assert.match(topOf(original), new RegExp(`\\[简体中文\\]\\(${basename(page)}\\)$`));
  });
}

test("a page that has more in one language than in the other is reported", () => {
  const page = "# A\n\nOne `--a 1`, 2.5 s and [b](b.md#c).\n\n| D |\n|---|\n| `e` |\n\n```sh\nf `g`\n```\n";
  const [section] = sectionsOf(page);
  assert.deepEqual(section, {
    level: 1,
    title: "A",
    code: ["--a 1", "e"],
    links: ["b.md"],
    figures: ["2.5"],
    shape: ["paragraph", "table of 3", "code block"],
    prose: ["One , 2.5 s and [b]."],
  });
  const shapes = (text: string): unknown => sectionsOf(text).map(({ level, shape }) => [level, shape]);
  for (const more of ["## B\n", "Two.\n", "- Two\n", "```sh\ntwo\n```\n"]) {
    assert.notDeepEqual(shapes(`${page}\n${more}`), shapes(page), more);
  }
  assert.notDeepEqual(shapes(page.replace("| `e` |\n", "| `e` |\n| two |\n")), shapes(page), "a row");
  assert.deepEqual(commandsOf("`npm run lin` or npx ota-cloud serve --tls-cert F, in examples/a.json."), [
    "--tls-cert",
    "examples/a.json",
    "npm run lin",
    "npx ota-cloud",
  ]);
});

function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

function commandsOf(text: string): string[] {
  return [...new Set(text.replaceAll(CHINESE, ".md").match(COMMAND))].sort();
}

function blocksOf(page: string): object[] {
  return readPage(page, read(page)).map(({ page: _page, line: _line, ...block }: PageBlock) => block);
}

/** What is the same in all languages. */
function languageFree({ code, links, figures, shape }: Section): object {
  return { code, links, figures, shape };
}

function levelOf({ level }: Section): number {
  return level;
}

/** The line after the title. */
function topOf(page: string): string {
  return read(page).split("\n")[2] as string;
}
