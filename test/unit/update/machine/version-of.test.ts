import assert from "node:assert/strict";
import { test } from "node:test";
import { versionOf } from "../../../../src/update/machine/version-of.js";
import { STATES } from "../../../machine/representatives.js";

/** The version of every state of the machine's own tests that has an image. */
const VERSION = "2.0";

test("each state has the version that it is about, and states without a version have none", () => {
  for (const state of Object.values(STATES).flat()) {
    const none =
      (state.name === "idle" && state.kept === undefined) ||
      (state.name === "confirming" && state.checkpoint === undefined);
    assert.equal(versionOf(state), none ? undefined : VERSION, JSON.stringify(state));
  }
});
