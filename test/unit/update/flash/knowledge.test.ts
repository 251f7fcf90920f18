import assert from "node:assert/strict";
import { test } from "node:test";
import { searchFor } from "../../../../src/update/flash/knowledge.js";
import type { Kept, State, Stored } from "../../../../src/update/machine/types.js";
import { MemoryFlash, REGION_LENGTH } from "../../../support/memory-flash.js";

const IMAGE = { version: "0.2.0", md5: "0".repeat(32), size: REGION_LENGTH };
const PARTLY: Stored = {
  regionOffset: 0,
  erasing: false,
  written: undefined,
  etag: undefined,
  spliced: false,
  refetched: false,
  resultLength: undefined,
};

function idle(stored: Partial<Stored>): State {
  return { name: "idle", kept: { image: IMAGE, whole: false, stored: { ...PARTLY, ...stored } }, answered: false };
}

function searched(state: State): boolean {
  return searchFor(state, new MemoryFlash({ blocks: 16 })) !== undefined;
}

test("the resume point is searched for after a restart, if the record leaves it open", () => {
  assert.equal(searched(idle({})), true);
  assert.equal(searched(idle({ regionOffset: undefined })), false, "nothing was erased");
  assert.equal(searched(idle({ erasing: true })), false, "the record says where");
  assert.equal(searched(idle({ written: 4096 })), false, "this boot knows where");
});

test("nothing is searched for if no download is to go on", () => {
  const kept: Kept = { image: IMAGE, whole: false, stored: PARTLY };
  assert.equal(searched({ name: "idle", kept: undefined, answered: false }), false);
  assert.equal(searched({ name: "idle", kept: { image: IMAGE, whole: true }, answered: false }), false);
  const result = { outcome: "failed", message: "flash" } as const;
  assert.equal(
    searched({ name: "reporting", image: IMAGE, result, kept, queued: undefined, owesVersion: false }),
    false,
  );
});
