import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootStatus, ImageState } from "../../../../hal/ports/index.js";
import { restore, restoreStaged } from "../../../../src/update/machine/restore.js";
import type { Checkpoint, Image, Stored } from "../../../../src/update/machine/types.js";

const image: Image = { version: "2.0", md5: "0".repeat(32), size: 200_000 };
const stored: Stored = {
  regionOffset: 65536,
  erasing: false,
  written: undefined,
  etag: undefined,
  spliced: false,
  refetched: false,
  resultLength: undefined,
};
const done = { outcome: "done" } as const;

const checkpoints: { readonly [name: string]: Checkpoint | undefined } = {
  none: undefined,
  "downloading to ota_1": { phase: "downloading", slot: "ota_1", image, stored },
  "downloading to ota_0": { phase: "downloading", slot: "ota_0", image, stored },
  "verified in ota_1": { phase: "verified", slot: "ota_1", image },
  "verified in ota_0": { phase: "verified", slot: "ota_0", image },
  "declined, whole in ota_1": {
    phase: "reporting",
    slot: "ota_1",
    image,
    result: { outcome: "failed", message: "x" },
    stored: undefined,
    whole: true,
  },
  "applying ota_1": { phase: "applying", slot: "ota_1", image },
  "applying ota_0": { phase: "applying", slot: "ota_0", image },
  "applying ota_2": { phase: "applying", slot: "ota_2", image },
  "reporting done": { phase: "reporting", slot: "ota_1", image, result: done, stored: undefined, whole: false },
  "reporting a failure of ota_1": {
    phase: "reporting",
    slot: "ota_1",
    image,
    result: { outcome: "timed-out", message: "x" },
    stored,
    whole: false,
  },
  "reporting a failure of ota_0": {
    phase: "reporting",
    slot: "ota_0",
    image,
    result: { outcome: "timed-out", message: "x" },
    stored,
    whole: false,
  },
};

/** ota_0 runs, and ota_1 is the target. Each cell: state, what is kept or reported, effects. */
const table: readonly (readonly [
  checkpoint: string,
  running: ImageState,
  target: ImageState | "none",
  expected: string,
])[] = [
  ["none", "valid", "none", "idle"],
  ["none", "undefined", "aborted", "idle"],
  ["none", "new", "valid", "confirming start-timer"],
  ["none", "pending-verify", "valid", "confirming start-timer"],
  ["downloading to ota_1", "valid", "none", "idle part"],
  ["downloading to ota_1", "undefined", "none", "idle part"],
  ["downloading to ota_1", "pending-verify", "none", "confirming start-timer"],
  ["downloading to ota_0", "valid", "none", "idle clear"],
  ["verified in ota_1", "valid", "none", "idle whole"],
  ["verified in ota_1", "pending-verify", "valid", "confirming start-timer"],
  ["verified in ota_0", "valid", "none", "idle clear"],
  ["declined, whole in ota_1", "valid", "none", "reporting failed whole"],
  ["applying ota_1", "valid", "none", "idle whole"],
  ["applying ota_1", "valid", "aborted", "reporting failed whole store"],
  ["applying ota_1", "valid", "invalid", "reporting failed store"],
  ["applying ota_1", "valid", "pending-verify", "reporting failed store"],
  ["applying ota_1", "valid", "new", "reporting failed store"],
  ["applying ota_0", "valid", "valid", "reporting done store"],
  ["applying ota_0", "undefined", "valid", "reporting done store"],
  ["applying ota_0", "pending-verify", "valid", "confirming start-timer"],
  ["applying ota_0", "new", "valid", "confirming start-timer"],
  ["applying ota_2", "valid", "none", "idle clear"],
  ["reporting done", "valid", "valid", "reporting done"],
  ["reporting done", "pending-verify", "valid", "confirming start-timer"],
  ["reporting a failure of ota_1", "valid", "none", "reporting timed-out part"],
  ["reporting a failure of ota_0", "valid", "none", "reporting timed-out"],
];

for (const [name, runningState, targetState, expected] of table) {
  test(`${name}, runs ${runningState}, target ${targetState}: ${expected}`, () => {
    const boot: BootStatus = {
      runningSlot: "ota_0",
      runningState,
      runningVersion: "1.0",
      runningSecureVersion: 0,
      targetSlot: "ota_1",
      targetState,
      chipId: 0,
    };
    const { state, effects } = restore(checkpoints[name], boot);
    const words: string[] = [state.name];
    if (state.name === "reporting") words.push(state.result.outcome);
    const kept = state.name === "idle" || state.name === "reporting" ? state.kept : undefined;
    if (kept !== undefined) words.push(kept.whole ? "whole" : "part");
    assert.equal([...words, ...effects.map((effect) => effect.do)].join(" "), expected);
    if (state.name === "idle") assert.equal(state.answered, false);
  });
}

test("a reverted image that declared itself unfit is reported differently from one that was restarted during its trial", () => {
  const boot: BootStatus = {
    runningSlot: "ota_0",
    runningState: "valid",
    runningVersion: "1.0",
    runningSecureVersion: 0,
    targetSlot: "ota_1",
    targetState: "invalid",
    chipId: 0,
  };
  const own = restore(checkpoints["applying ota_1"], boot).state;
  const other = restore(checkpoints["applying ota_1"], { ...boot, targetState: "aborted" }).state;
  assert.equal(
    own.name === "reporting" && own.result.outcome === "failed" && own.result.message,
    "not proven in time, reverted",
  );
  assert.equal(
    other.name === "reporting" && other.result.outcome === "failed" && other.result.message,
    "restarted during its trial, reverted",
  );
});

test("a reason that the reverted firmware left is what is reported; one that stayed after all is done", () => {
  const boot: BootStatus = {
    runningSlot: "ota_0",
    runningState: "valid",
    runningVersion: "1.0",
    runningSecureVersion: 0,
    targetSlot: "ota_1",
    targetState: "invalid",
    chipId: 0,
  };
  const told = { ...checkpoints["applying ota_1"], reason: "self test failed" } as Checkpoint;
  assert.equal(
    (restore(told, { ...boot, targetState: "aborted" }).state as { kept?: unknown }).kept,
    undefined,
    "an image that failed its test does not serve again, even if the power went before the revert",
  );
  const resultAt = (status: BootStatus): unknown => (restore(told, status).state as { result?: unknown }).result;
  assert.deepEqual(resultAt(boot), { outcome: "failed", message: "self test failed" });
  assert.deepEqual(resultAt({ ...boot, targetState: "aborted" }), { outcome: "failed", message: "self test failed" });
  assert.deepEqual(resultAt({ ...boot, runningSlot: "ota_1", targetSlot: "ota_0" }), { outcome: "done" });
});

test("a result is stored again exactly as it was", () => {
  const boot: BootStatus = {
    runningSlot: "ota_0",
    runningState: "valid",
    runningVersion: "1.0",
    runningSecureVersion: 0,
    targetSlot: "ota_1",
    targetState: "none",
    chipId: 0,
  };
  const checkpoint = checkpoints["reporting a failure of ota_1"] as Checkpoint & { phase: "reporting" };
  const { state, effects } = restore(checkpoint, boot);
  assert.deepEqual(effects, []);
  assert.equal(state.name === "reporting" && state.result, checkpoint.result);
});

test("after a boot nothing is reported yet: neither the version nor an answer to an offer", () => {
  const boot: BootStatus = {
    runningSlot: "ota_0",
    runningState: "valid",
    runningVersion: "1.0",
    runningSecureVersion: 0,
    targetSlot: "ota_1",
    targetState: "aborted",
    chipId: 0,
  };
  const stateAt = (name: string): object => restore(checkpoints[name], boot).state;
  assert.deepEqual(stateAt("none"), { name: "idle", kept: undefined, answered: false });
  assert.deepEqual(stateAt("downloading to ota_0"), { name: "idle", kept: undefined, answered: false });
  assert.equal((stateAt("reporting done") as { owesVersion: boolean }).owesVersion, true);
  assert.equal((stateAt("applying ota_1") as { owesVersion: boolean }).owesVersion, true);
});

const staged: { readonly [name: string]: Checkpoint | undefined } = {
  none: undefined,
  downloading: { phase: "downloading", slot: "staging", image, stored },
  verified: { phase: "verified", slot: "staging", image },
  applying: { phase: "applying", slot: "staging", image },
  reporting: { phase: "reporting", slot: "staging", image, result: done, stored: undefined, whole: true },
  "reporting a failed download": {
    phase: "reporting",
    slot: "staging",
    image,
    result: { outcome: "timed-out", message: "x" },
    stored,
    whole: false,
  },
  "of another area": { phase: "verified", slot: "ota_1", image },
};

const stagedTable: readonly (readonly [
  record: string,
  owns: boolean,
  running: string | undefined,
  expected: string,
])[] = [
  ["none", false, "1.0", "idle"],
  ["downloading", true, "1.0", "idle part"],
  ["downloading", false, "1.0", "idle part"],
  ["verified", false, "1.0", "idle whole"],
  ["verified", true, "2.0", "idle whole"],
  ["applying", true, "2.0", "reporting done whole store"],
  ["applying", true, "1.0", "idle whole"],
  ["applying", true, undefined, "idle whole"],
  ["applying", false, "2.0", "idle whole"],
  ["reporting", true, "2.0", "reporting done whole"],
  ["reporting", false, "1.0", "idle whole store"],
  ["reporting a failed download", true, "1.0", "reporting timed-out part"],
  ["reporting a failed download", false, "1.0", "idle part store"],
  ["of another area", true, "1.0", "idle clear"],
];

for (const [name, owns, runningVersion, expected] of stagedTable) {
  test(`staged: ${name}, ${owns ? "its" : "another"} owner, runs ${runningVersion ?? "nothing known"}: ${expected}`, () => {
    const { state, effects } = restoreStaged(staged[name], { area: "staging", owns, runningVersion });
    const words: string[] = [state.name];
    if (state.name === "reporting") words.push(state.result.outcome);
    const kept = state.name === "idle" || state.name === "reporting" ? state.kept : undefined;
    if (kept !== undefined) words.push(kept.whole ? "whole" : "part");
    assert.equal([...words, ...effects.map((effect) => effect.do)].join(" "), expected);
    if (state.name === "idle") assert.equal(state.answered, false);
  });
}
