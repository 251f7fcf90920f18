import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../support/root.js";
import { REPEAT, SEED } from "../support/seed.js";
import { fuzz, fuzzInput, violationOf } from "./engine.js";
import { repeatCommand } from "./repeat.js";
import type { Target } from "./target.js";
import { TARGETS } from "./targets/index.js";

const FIXTURES = join(ROOT, "test/fixtures/fuzz");
/** A tenth of what `npm run test:fuzz` does. */
const INPUTS = 100_000;

const fixtures = readdirSync(FIXTURES).filter((name) => name.endsWith(".bin"));

test("there are fixtures to replay", () => assert.ok(fixtures.length >= 5));

for (const file of fixtures) {
  test(`what was found once is still mended: ${file}`, async () => {
    const target = TARGETS.find(({ name }) => name === file.split(".")[0]);
    assert.ok(target !== undefined, "no such target");
    assert.equal(await violationOf(target, new Uint8Array(readFileSync(join(FIXTURES, file)))), undefined);
  });
}

for (const target of TARGETS) {
  test(`${target.name}: every valid input is taken as valid`, async () => {
    for (const input of target.corpus) assert.equal(await violationOf(target, input), undefined);
  });
}

test("broken and hostile bytes: no crash, no hang, bounded memory", async () => {
  const { stdout } = await run("--inputs", String(INPUTS), "--seed", String(SEED));
  const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { [key: string]: number };
  assert.deepEqual([last["inputs"], last["violations"], last["seed"]], [INPUTS, 0, SEED], `${stdout} ${REPEAT}`);
});

const fragile: Target = {
  name: "fragile",
  weight: 1,
  corpus: [Uint8Array.of(1, 2, 3)],
  words: [],
  run: (input) => assert.ok(input.byteLength < 4, "too long"),
};

test("a violation has an id that repeats it", async () => {
  const { violations } = await fuzz({ targets: [fragile], seed: 1, inputs: 1000, seconds: 60, part: 0, of: 1 });
  assert.equal(violations.length, 20);
  for (const { id, what } of violations) {
    const [, seed, index] = id.split(":");
    assert.match(what, /too long/);
    assert.match((await violationOf(fragile, fuzzInput(fragile, Number(seed), Number(index)))) ?? "", /too long/);
  }
});

test("what is held at the end is a violation", async () => {
  const held: Uint8Array[] = [];
  const leaking: Target = { ...fragile, run: () => void held.push(new Uint8Array(8192).fill(1)) };
  const { violations } = await fuzz({ targets: [leaking], seed: 1, inputs: 8000, seconds: 60, part: 0, of: 1 });
  assert.match(violations[0]?.what ?? "", /bytes more are held at the end/);
});

test("memory that was released does not count, however late it is cleared", async () => {
  const wasteful: Target = { ...fragile, run: () => void new Uint8Array(64 * 1024).fill(1) };
  const { violations } = await fuzz({ targets: [wasteful], seed: 1, inputs: 8000, seconds: 60, part: 0, of: 1 });
  assert.deepEqual(violations, []);
});

test("the command that is printed repeats the violation: one input, or the whole run", () => {
  const run = { seed: 5, inputs: 620_000, workers: 2 };
  assert.equal(repeatCommand("nvs:5:77", run), "npm run test:fuzz -- --replay nvs:5:77");
  assert.equal(repeatCommand("memory:5:0", run), "npm run test:fuzz -- --seed 5 --inputs 620000 --workers 2");
  assert.equal(
    repeatCommand("memory:5:0", { ...run, target: "nvs" }),
    "npm run test:fuzz -- --seed 5 --inputs 620000 --workers 2 --target nvs",
  );
});

test("the command refuses options that it does not know", async () => {
  for (const wrong of [
    ["--target", "nothing"],
    ["--replay", "nothing:1:1"],
    ["--replay", "nothing"],
    ["--replay", "memory:5:0"],
    ["--inputs", "0"],
  ]) {
    await assert.rejects(
      run(...wrong),
      (error: { code: number; stderr: string }) => error.code === 2 && error.stderr.split("\n").length === 2,
      wrong.join(" "),
    );
  }
});

function run(...options: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(process.execPath, [join(ROOT, "dist/node/test/fuzz/main.js"), ...options]);
}
