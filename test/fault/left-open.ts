import { test } from "node:test";
import { workerBinary } from "../support/engines.js";
import { SyncXsWorker } from "../support/sync-xs-worker.js";

/* Fails on purpose: a test that has an engine, and never comes to its end. Run by teardown.test.ts. */

test("fails, and leaves its engine", () => {
  const worker = new SyncXsWorker({ binary: workerBinary(), onCall: () => new Uint8Array(0) });
  worker.evaluate("1");
  throw new Error("fails on purpose");
});
