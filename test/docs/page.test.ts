import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/root.js";
import { difference } from "./output.js";
import { PAGES } from "./pages.js";
import { readPage } from "./page.js";

const PAGE = `# A page

\`\`\`sh
one
\`\`\`

<!-- output -->
\`\`\`text
first
…
last … s
\`\`\`

<!-- run: background until "ready" -->
\`\`\`sh
two
\`\`\`

<!-- run: until "done" -->
\`\`\`sh
three
\`\`\`

1. In a list:

   <!-- not run: it needs a board -->
   \`\`\`sh
   four
     five
   \`\`\`

<!-- needs: SDK -->
\`\`\`sh
six
\`\`\`

<!-- needs: SDK, background until "up" -->
\`\`\`sh
six
\`\`\`

<!-- file: ../app/main.mjs -->
\`\`\`js
seven
\`\`\`
`;

test("a page is read block by block, each as its marker demands", () => {
  const shell = (line: number, content: string, treatment: object, output?: string): object => ({
    page: "page.md",
    type: "shell",
    line,
    content,
    treatment,
    output,
  });
  assert.deepEqual(readPage("page.md", PAGE), [
    shell(4, "one", { kind: "once" }, "first\n…\nlast … s"),
    shell(16, "two", { kind: "background", text: "ready" }),
    shell(21, "three", { kind: "until", text: "done" }),
    shell(28, "four\n  five", { kind: "not run", reason: "it needs a board" }),
    shell(34, "six", { kind: "once", needs: "SDK" }),
    shell(39, "six", { kind: "background", text: "up", needs: "SDK" }),
    { page: "page.md", type: "code", language: "js", line: 44, content: "seven", file: "../app/main.mjs" },
  ]);
});

for (const [what, text, message] of [
  ["an unknown marker", "<!-- skip -->\n```sh\none\n```\n", /^page.md:3: unknown marker: skip$/],
  ["a marker without its text", "<!-- run: until -->\n```sh\none\n```\n", /^page.md:3: unknown marker/],
  ["an output of nothing", "<!-- output -->\n```text\none\n```\n", /^page.md:3: an output without a shell block/],
  ["a block without an end", "```sh\none\n", /^page.md:1: a block without an end$/],
] as const) {
  test(`${what} is refused, with its place`, () => {
    assert.throws(() => readPage("page.md", text), { message });
  });
}

for (const page of PAGES) {
  test(`${page} can be read, and each of its blocks names its language`, () => {
    const blocks = readPage(page, readFileSync(join(ROOT, page), "utf8"));
    for (const block of blocks) assert.ok(block.type === "shell" || block.language !== "");
  });
}

test("an output is as shown, or what it lacks is reported", () => {
  assert.equal(difference("a\nb", "a\nb\n"), undefined);
  assert.equal(difference("a\n…\nd", "a\nb\nc\nd\n"), undefined);
  assert.equal(difference("a\n…\nd", "a\nd\n"), undefined);
  assert.equal(difference("…\nb … s", "a\nb 1.5 s\n"), undefined);
  assert.equal(difference("…\na\nb", "a\nc\na\nb\n"), undefined, "the first a is not the one");
  assert.equal(difference("a\nb", "a\n"), "b");
  assert.equal(difference("a.c", "abc\n"), "a.c", "a dot is a dot");
  assert.match(difference("a", "a\nb\n") ?? "", /other lines/);
  assert.match(difference("b\na", "a\nb\n") ?? "", /order/);
});
