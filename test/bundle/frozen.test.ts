import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { withFolder } from "../support/folder.js";
import { runNode } from "../support/node-process.js";
import type { FrozenUpdate } from "./frozen-update.js";
import { languageObjects, Preloaded } from "./preloaded.js";

test("the minified bundle runs a whole update preloaded, in a frozen engine, and writes to nothing that is in flash", async () => {
  const { code, stdout, stderr } = await runNode([
    "--import",
    "./dist/node/test/bundle/register.js",
    "./dist/node/test/bundle/frozen-update.js",
  ]);
  assert.equal(code, 0, stderr);
  const { words, boots, changes, md5, expectedMd5, reached } = JSON.parse(stdout) as FrozenUpdate;
  assert.deepEqual(words, ["version 0.1.0", "downloading 0", "downloading 100", "burning", "done", "version 0.2.0"]);
  assert.deepEqual(boots, ["ota_0", "ota_1"]);
  assert.deepEqual(changes, []);
  assert.equal(md5, expectedMd5);
  assert.ok(reached > 400, `only ${reached} objects were found`);
});

/** Modules whose `act` does what works before preload and not after it. */
const PLANTED: { readonly [what: string]: string } = {
  "bytes at module scope": "const bytes = new Uint8Array(4); export const act = () => { bytes[1]++; };",
  "bytes behind a class":
    "const A = class { static get = () => this.#b; static #b = { v: new DataView(new ArrayBuffer(4)) }; }; export const act = () => A.get().v.setInt8(0, 1);",
  "bytes in a closure":
    "const f = (() => { const scratch = new Uint32Array(1); return () => scratch[0]++; })(); export const act = () => f();",
  "a Map": "const map = new Map(); export const act = () => map.set('a', 1);",
  "a Set in an object": "const o = { deep: [new Set()] }; export const act = () => o.deep[0].add(1);",
  "a Date": "const date = new Date(0); export const act = () => date.setTime(1);",
  "a static field": "class A { static n = 0; } export const act = () => A.n++;",
  "a private static field": "class A { static #n = 0; static up() { A.#n++; } } export const act = () => A.up();",
  "a property of a function": "export function act() { act.calls = 1; }",
  "a patched prototype": "class A {} export const act = () => { A.prototype.x = 1; };",
  "a RegExp that remembers": "const words = /a/g; export const act = () => words.test('a');",
  "a variable": "let n = 0; export const act = () => n++;",
  "a cache that grows": "const cache = {}; export const act = () => { cache[Math.random()] = 1; };",
  "a list that grows": "const list = []; export const act = () => list.push(1);",
  "an instance": "class A { #n = 0; up() { this.#n++; } } const a = new A(); export const act = () => a.up();",
};

interface Planted {
  act(): void;
}

test("each kind of state at module scope is reported, by an exception or as a change", async () => {
  const language = languageObjects();
  await withFolder(async (folder) => {
    for (const [index, [what, source]] of Object.entries(PLANTED).entries()) {
      const { preloaded, act } = await load(join(folder, `${index}.mjs`), source, language);
      assert.deepEqual(preloaded.changes(), [], what);
      let thrown = false;
      try {
        act();
      } catch (error) {
        thrown = error instanceof TypeError;
      }
      assert.ok(thrown || preloaded.changes().length > 0, `${what} was not noticed`);
    }
  });
});

test("what a call makes for itself, and reading, are not reported", async () => {
  const language = languageObjects();
  await withFolder(async (folder) => {
    const source =
      "const table = { a: [1] }; const text = /a/; class A { n = 0; } export const act = () => { const a = new A(); a.n += table.a[0]; return text.test('a') && new Map([[1, a]]); };";
    const { preloaded, act } = await load(join(folder, "quiet.mjs"), source, language);
    act();
    assert.deepEqual(preloaded.changes(), []);
  });
});

async function load(
  path: string,
  source: string,
  language: ReadonlySet<object>,
): Promise<{ preloaded: Preloaded; act: () => void }> {
  writeFileSync(path, source);
  const module = (await import(pathToFileURL(path).href)) as Planted;
  return { preloaded: new Preloaded(module, language), act: () => module.act() };
}
