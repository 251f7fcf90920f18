import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerKilled } from "../../hal/boards/xs/worker.js";
import { workerBinary } from "../support/engines.js";
import { runNode } from "../support/node-process.js";
import { SyncXsWorker } from "../support/sync-xs-worker.js";
import { CHIPS } from "./chips.js";
import { type Engine, ENGINES, type RunningAgent } from "./engines.js";
import { run, type RunRecord } from "./run.js";
import { HTTP_BEHAVIOURS } from "./table.js";
import type { Behaviour } from "./scenario.js";

const SCENARIO = HTTP_BEHAVIOURS[0] as Behaviour;

function fail(): never {
  throw new Error("fails on purpose");
}

function runOn(engine: Engine): RunRecord {
  return run({ scenario: SCENARIO, makeChip: CHIPS.small, seed: 1, engine });
}

test("a run whose agent fails before it has started ends the agent's engine", () => {
  let agent: RunningAgent | undefined;
  const { violations } = runOn((options) => {
    agent = ENGINES.xs(options);
    fail();
  });
  assert.match(violations[0] ?? "", /^it throws: Error: fails on purpose/);
  assert.throws(() => agent?.stop(), WorkerKilled);
});

test("a run that is broken off by an exception ends the agent's engine", () => {
  let agent: RunningAgent | undefined;
  const broken: Engine = (options) => {
    const running = ENGINES.xs(options);
    agent = running;
    return {
      start: () => running.start(),
      stop: () => running.stop(),
      get state() {
        return fail();
      },
    };
  };
  assert.throws(() => runOn(broken), /fails on purpose/);
  assert.throws(() => agent?.stop(), WorkerKilled);
});

test("an engine that computes without end is ended, and the call that waits for it gets an error", () => {
  const worker = new SyncXsWorker({ binary: workerBinary(), onCall: () => new Uint8Array(0), computeLimitS: 1 });
  try {
    assert.throws(() => worker.evaluate("for (;;);"), /the XS worker died/);
  } finally {
    worker.kill();
  }
});

test("a test that fails and leaves its engine does not keep the test run from ending", async () => {
  const { code, stdout } = await runNode(["./dist/node/test/fault/left-open.js"], 20_000);
  // Not the `null` of a process that was ended from outside.
  assert.equal(code, 1, stdout);
  assert.match(stdout, /fails on purpose/);
});
