import assert from "node:assert/strict";
import { test } from "node:test";
import { SEED } from "../support/seed.js";
import { check } from "./check.js";
import { assess, type Schedule } from "./schedules.js";

const RUNS = 600;
/** fast-check's seeds are signed. */
const seed = SEED | 0;

test(`random schedules of faults end well (seed ${seed})`, { timeout: 300_000 }, () => {
  const { finding } = check({ seed, runs: RUNS });
  assert.equal(
    finding,
    undefined,
    `${finding?.what.join("; ")}\n${JSON.stringify(finding?.schedule)}\nrepeat it: npm run test:fault -- --seed ${seed} --path ${finding?.path}`,
  );
});

test("a seed repeats the same schedules", () => {
  assert.deepEqual(check({ seed: 42, runs: 20 }), check({ seed: 42, runs: 20 }));
});

const PLAIN: Schedule = { chip: "small", seed: 1, harms: [], scenario: { name: "found" } };

// What random schedules found, each shrunk to the smallest.
test("found: a block in doubt after a cut is programmed by the second try of a boot without an erase", () => {
  assert.deepEqual(
    assess({
      ...PLAIN,
      seed: 0,
      harms: ["-5", "try", "try"],
      scenario: {
        name: "found",
        incidents: [{ atMs: 27, do: "cut-power" }],
        cuts: [{ operation: 8, mode: 2 }],
        http: [{ status: 400 }, { breaks: { in: "body", share: 0.28, then: "end" } }, { connect: "no-address" }],
      },
    }),
    [],
  );
});

test("the rules report a failure without a cause, and a result that is not true", () => {
  const scenario = { name: "armed", http: [{ status: 404 }] };
  assert.match(assess({ ...PLAIN, scenario })[0] ?? "", /without a cause: fail -2/);
  assert.deepEqual(assess({ ...PLAIN, scenario, harms: ["-2"] }), []);
});
