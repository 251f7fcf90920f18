import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../support/folder.js";
import { readPage } from "./page.js";
import { playPage } from "./play.js";

/** Plays a page in a repository with one file. @returns what was printed, and the files that are left */
function play(text: string, env: NodeJS.ProcessEnv = {}): Promise<{ said: string[]; left: string[] }> {
  return withFolder(async (above) => {
    const folder = join(above, "repository");
    mkdirSync(folder);
    writeFileSync(join(folder, "kept"), "");
    const said: string[] = [];
    await playPage(readPage("page.md", text), new Set(["kept"]), {
      folder,
      env: { PATH: process.env["PATH"], ...env },
      onBlock: (line) => said.push(line.replace(/[0-9.]+ s$/, "ran")),
    });
    return { said, left: [...readdirSync(folder), ...readdirSync(above)] };
  });
}

const block = (script: string, marker?: string): string =>
  `${marker === undefined ? "" : `<!-- ${marker} -->\n`}\`\`\`sh\n${script}\n\`\`\`\n`;
const output = (text: string): string => `<!-- output -->\n\`\`\`text\n${text}\n\`\`\`\n`;

test("the blocks of a page run one after the other in its folder, and what they leave is removed", async () => {
  const page = `<!-- file: ../app/saved.txt -->\n\`\`\`txt\nsaved\n\`\`\`\n${block("cp ../app/saved.txt copy")}${block("cat copy")}${output("saved")}`;
  const { said, left } = await play(page);
  assert.deepEqual(said, ["page.md:6  cp ../app/saved.txt copy  ran", "page.md:9  cat copy  ran"]);
  assert.deepEqual(left, ["kept", "repository"]);
});

test("what runs in the background is there for the blocks after it, and ends with the page", async () => {
  const page = `${block("echo $$ > pid; echo up; sleep 60", 'run: background until "up"')}${block("cp pid $HOLD/pid")}`;
  await withFolder(async (hold) => {
    await play(page, { HOLD: hold });
    const pid = Number(readFileSync(join(hold, "pid"), "utf8"));
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
});

test("a block is run again until its output has the text", async () => {
  const { said } = await play(block("echo x >> count; wc -l < count", 'run: until "3"'));
  assert.equal(said.length, 1);
});

test("a block that does not run is reported, with the reason", async () => {
  const page = `${block("exit 1", "not run: it needs a board")}${block("exit 1", "needs: SDK")}`;
  assert.deepEqual((await play(page)).said, [
    "page.md:3  exit 1  not run: it needs a board",
    "page.md:7  exit 1  not run: SDK is not set",
  ]);
  await assert.rejects(play(page, { SDK: "here" }), /page.md:7: exit code 1/);
});

for (const [what, page, message] of [
  ["a command that fails", block("false | cat; echo never"), /^page.md:2: exit code 1\n/],
  ["a variable that is not set", block("echo $NOTHING"), /^page.md:2: exit code (1|127)\n[\s\S]*NOTHING/],
  [
    "an output that is not as shown",
    `${block("echo one")}${output("two")}`,
    /^page.md:2: the page shows: two\n[\s\S]*one$/,
  ],
  ["a background that ends", block("echo down", 'run: background until "up"'), /^page.md:3: no up\n[\s\S]*down$/],
] as const) {
  test(`${what} fails the page, with its place and what was printed`, async () => {
    await assert.rejects(play(page), { name: "PageFault", message });
  });
}
