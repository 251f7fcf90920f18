import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type EndedJob, loadEndedJob, storeEndedJob } from "../../../src/control/ended-job.js";
import { forgetRollback, loadRollback, storeRollback } from "../../../src/control/rollback-record.js";
import { MemoryStore } from "../../support/planning.js";

const LONGEST = 508;

describe("the last result", () => {
  const kept = (job: EndedJob): EndedJob | undefined => {
    const store = new MemoryStore();
    storeEndedJob(store, job);
    assert.ok((store.records.get("ended")?.byteLength ?? 0) <= LONGEST);
    return loadEndedJob(store);
  };

  test("is read as it was written", () => {
    for (const job of [
      { version: "2.0", result: { outcome: "done" }, endedAt: 1_800_000_000 },
      { version: "2.0", result: { outcome: "failed", message: "cancelled: 用户取消" }, endedAt: undefined },
      { version: "2.0", result: { outcome: "timed-out", message: "" }, endedAt: 5 },
    ] as const) {
      assert.deepEqual(kept(job), job);
    }
  });

  test("has a message of one line, and fits the store whatever the message is", () => {
    const long = { outcome: "failed", message: `a\nb${"\u{1f4a5}".repeat(500)}` } as const;
    const read = kept({ version: "v".repeat(32), result: long, endedAt: 4_000_000_000 });
    assert.equal(read?.result.outcome, "failed");
    assert.ok(read.result.outcome === "failed" && read.result.message.startsWith("a b"));
  });
});

describe("a rollback", () => {
  test("is read as it was written, until it is forgotten", () => {
    const store = new MemoryStore();
    assert.equal(loadRollback(store), undefined);
    const rollback = { from: "2.0", reason: "泵不启动", reported: false };
    storeRollback(store, rollback);
    assert.deepEqual(loadRollback(store), rollback);
    storeRollback(store, { ...rollback, reported: true });
    assert.deepEqual(loadRollback(store), { ...rollback, reported: true });
    forgetRollback(store);
    assert.equal(loadRollback(store), undefined);
  });

  test("has a reason of one line, and fits the store", () => {
    const store = new MemoryStore();
    storeRollback(store, { from: "2.0", reason: `a\nb${"\u{1f4a5}".repeat(500)}`, reported: true });
    assert.ok((store.records.get("rollback")?.byteLength ?? 0) <= LONGEST);
    assert.match(loadRollback(store)?.reason ?? "", /^a b/);
  });
});

test("bytes of any kind are read or refused, and never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.constantFrom("ended", "rollback"), (bytes, key) => {
      const store = new MemoryStore();
      store.records.set(key, bytes);
      loadEndedJob(store);
      loadRollback(store);
    }),
  );
});
