import assert from "node:assert/strict";
import { test } from "node:test";
import { progressOf } from "../../../../src/update/machine/progress-of.js";
import { EVENT_TYPES } from "../../../machine/moves.js";
import { EVENTS, STATES } from "../../../machine/representatives.js";

test("the start of a download and its blocks are progress, and nothing else is", () => {
  for (const type of EVENT_TYPES) {
    for (const event of EVENTS[type]) {
      for (const state of Object.values(STATES).flat()) {
        const progress = progressOf(state, event);
        const isProgress = type === "download-started" || type === "block-written";
        assert.equal(progress !== undefined, isProgress && state.name === "downloading", `${state.name} ${type}`);
        if (progress === undefined || state.name !== "downloading") continue;
        const { version } = state.offer;
        // If the file is a package, that is of what it makes.
        const size = state.stored.resultLength ?? state.offer.size;
        const bytes = "offset" in event && event.offset !== undefined ? Math.min(event.offset, size) : undefined;
        assert.deepEqual(progress, { version, bytes, size });
      }
    }
  }
  for (const state of STATES.downloading) assert.equal(progressOf(state, undefined), undefined);
});
