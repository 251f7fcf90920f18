import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRunning } from "../../../../cli/device/inspect.js";

const running = (state: string): { slot: string; version: string; state: string } => ({
  slot: "ota_0",
  version: "1.0.0",
  state,
});

test("a board that was never updated is reported as one", () => {
  const otadata = [{ state: "blank" }, { state: "blank" }];
  assert.equal(describeRunning({ running: running("undefined"), otadata }), "as flashed, no update yet");
  assert.equal(describeRunning({ running: running("undefined"), otadata: [] }), "as flashed, no update yet");
});

test("a slot that otadata selects without a state of its own is printed as selected, and any other state by its name", () => {
  const otadata = [{ sequence: 1, slot: "ota_0", state: "undefined" }, { state: "blank" }];
  assert.equal(describeRunning({ running: running("undefined"), otadata }), "selected without a trial");
  assert.equal(describeRunning({ running: running("valid"), otadata }), "valid");
});
