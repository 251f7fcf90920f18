import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { resultsOf, tableOf } from "../../../bench/table.js";
import { ROOT } from "../../support/root.js";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, "dist/node/bench/main.js"), ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test("--only prints the lines of one figure", async () => {
  const { code, stdout, stderr } = await bench("--only", "key-value");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^figure +value unit +goal +bound +ratio\nkey-value writes per MiB +17 writes +20 +16 +1\.063 +met\n/,
  );
});

test("an unknown figure or profile is reported in one line, with exit code 2", async () => {
  for (const args of [
    ["--only", "speed"],
    ["--plot", "5g"],
    ["--fast"],
    ["--plot", "--only", "lab"],
    ["--document", "--only", "lab"],
  ]) {
    const { code, stdout, stderr } = await bench(...args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^npm run bench --: [^\n]+\n$/);
  }
});

test("--help lists what there is", async () => {
  const { code, stdout } = await bench("--help");
  assert.equal(code, 0);
  for (const word of ["--only", "--plot", "4g-cat1", "loopback", "latest.json"]) assert.ok(stdout.includes(word), word);
});

test("--plot draws the timeline, with a lane for each part of the board", async () => {
  const path = join(ROOT, "bench/results/timeline-wan.svg");
  rmSync(path, { force: true });
  const { code, stdout } = await bench("--plot", "wan");
  assert.deepEqual([code, stdout, existsSync(path)], [0, "bench/results/timeline-wan.svg\n", true]);
  const svg = readFileSync(path, "utf8");
  for (const lane of ["window", "erase", "program", "hash", "record", "report"]) {
    assert.ok(svg.includes(`>${lane}</text>`), lane);
  }
  const erase = /<path fill="#d0463b" d="([^"]*)"/.exec(svg)?.[1] ?? "";
  assert.equal(erase.match(/M/g)?.length, 16, "a bar for each erase");
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
});

test("a line is met up to its goal, and a line without a goal is always met", () => {
  const rows = [
    { name: "a", value: 5, unit: "ms", goal: 5, bound: 4 },
    { name: "b", value: 5.1, unit: "ms", goal: 5, bound: 5, goalIsBound: true },
    { name: "c", value: 1 / 3, unit: "times" },
    { name: "d", value: 7, unit: "ms", goal: 8, bound: 6, wanted: 5 },
    { name: "e", value: 9, unit: "ms", goal: 8, bound: 6, wanted: 5 },
  ];
  assert.deepEqual(resultsOf(rows), [
    { name: "a", value: 5, unit: "ms", goal: 5, bound: 4, wanted: null, met: true },
    { name: "b", value: 5.1, unit: "ms", goal: 5, bound: 5, wanted: null, met: false },
    { name: "c", value: 0.333, unit: "times", goal: null, bound: null, wanted: null, met: true },
    { name: "d", value: 7, unit: "ms", goal: 8, bound: 6, wanted: 5, met: true },
    { name: "e", value: 9, unit: "ms", goal: 8, bound: 6, wanted: 5, met: false },
  ]);
  const [, met, missed, informs, outOfReach, worse] = tableOf(rows);
  assert.match(met ?? "", /1\.250 +met$/);
  assert.match(missed ?? "", /=5 +5 +1\.020 +MISSED$/);
  assert.match(informs ?? "", /times$/);
  assert.match(outOfReach ?? "", /1\.167 +missed: wanted 5, below the bound$/);
  assert.match(worse ?? "", /1\.500 +MISSED$/);
});
