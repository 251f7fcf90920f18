import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AGENT, minifiedBudget, readSizes, sizeTable } from "../../bench/sizes.js";
import { pathToFileURL } from "node:url";
import { withFolder } from "../support/folder.js";
import { type NodeEnded, runNode } from "../support/node-process.js";
import { ROOT } from "../support/root.js";

const sizes = readSizes();

test("the agent's bundle keeps its budget of at most 105 KiB", () => {
  const budget = minifiedBudget();
  assert.ok(budget <= 105 * 1024);
  const agent = sizes.find(({ name }) => name === AGENT);
  assert.ok(agent !== undefined && agent.minifiedBytes <= budget, `${agent?.minifiedBytes} bytes of ${budget}`);
});

for (const { name, minifiedBytes, modules, rest } of sizes) {
  test(`${name}: the modules and the rest add up to the file`, () => {
    const file = join(ROOT, "dist", "moddable", `${name}.js`);
    assert.equal(minifiedBytes, statSync(file).size);
    assert.equal(
      Object.values(modules).reduce((sum, bytes) => sum + bytes, rest),
      minifiedBytes,
    );
    assert.ok(rest < 2048, `${rest} bytes belong to no module`);
  });
}

test("bytes count for the module they came from", () => {
  const { modules } = sizes[0] ?? assert.fail();
  const share = (part: RegExp): number =>
    Object.entries(modules).reduce((sum, [file, bytes]) => sum + (part.test(file) ? bytes : 0), 0);
  assert.ok(share(/^src\/protocol\/hosts\.ts$/) > 150, "the names of the platform's hosts alone have 140 bytes");
  assert.ok(share(/^src\//) > share(/^node_modules\//), "the agent is the greatest part of itself");
  for (const file of Object.keys(modules)) {
    assert.match(file, /^(src|hal|node_modules\/(mqtt-packet|spark-md5))\/|^commonjsHelpers\.js$/);
  }
});

test("the table names each module with its bytes, the largest first, then the rest and the sum", () => {
  const bundle = { name: "x", minifiedBytes: 60, modules: { "a.ts": 20, "b.ts": 30, "types.ts": 0 }, rest: 10 };
  assert.deepEqual(sizeTable(bundle, 100), [
    "x.js, minified bytes per module",
    "      30  b.ts",
    "      20  a.ts",
    "      10  the rest",
    "      60  in all, of 100 at most",
  ]);
});

test("npm run size ends with one line of JSON if it is asked for", async () => {
  const { code, stdout } = await size("--json");
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""), { minifiedBytes: sizes[0]?.minifiedBytes });
  assert.match((await size()).stdout, /^moddable-ota\.js, minified/);
  assert.doesNotMatch((await size()).stdout, /\{/);
});

test("npm run size reports wrong input in one line, with exit code 2", async () => {
  const { code, stderr } = await size("--nothing");
  assert.equal(code, 2);
  assert.match(stderr, /^[^\n]+--help\n$/);
});

test("if nothing was built, the error names the command to run", async () => {
  await withFolder(async (folder) => {
    assert.throws(() => readSizes(folder), /run npm run build/);
    mkdirSync(join(folder, "dist", "moddable"), { recursive: true });
    writeFileSync(join(folder, "dist", "moddable", "moddable-ota.js"), "");
    assert.throws(() => readSizes(folder), /run npm run build/);
  });
});

interface Cuts {
  cut(code: string, tree: object, rules: readonly object[], missing: (what: string) => void): string;
}

test("a cut that finds nothing in a library is reported: the build fails there", async () => {
  const { cut } = (await import(pathToFileURL(join(ROOT, "bundle", "cuts.mjs")).href)) as Cuts;
  const missing: string[] = [];
  const tree = { type: "Program", start: 0, end: 4, body: [{ type: "Identifier", name: "kept", start: 0, end: 4 }] };
  const rules = [
    { what: "what is there", matches: (node: { name?: string }) => node.name === "kept", replacement: "cut" },
    { what: "what is gone", matches: () => false },
  ];
  assert.equal(
    cut("kept", tree, rules, (what) => missing.push(what)),
    "cut",
  );
  assert.deepEqual(missing, ["what is gone"]);
});

function size(...options: string[]): Promise<NodeEnded> {
  return runNode([join("dist", "node", "bench", "size.js"), ...options]);
}
