import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type KeyValueStore, HalError } from "../../../hal/ports/index.js";
import {
  decodeMarks,
  encodeMarks,
  ENTRIES_PER_RECORD,
  idOf,
  type Marked,
  MARKS,
  readMarks,
  UpdateMarks,
} from "../../../src/gateway/update-marks.js";
import { CollectedLog } from "../../support/log.js";
import { VirtualClock } from "../../support/virtual-clock.js";

class TestBed {
  readonly records = new Map<string, Uint8Array>();
  readonly clock = new VirtualClock();
  readonly logged = new CollectedLog();
  writes = 0;
  failing = false;
  readonly store: KeyValueStore = {
    read: (key) => this.records.get(key),
    write: (key, bytes) => {
      if (this.failing) throw new HalError("no-space", "full");
      assert.ok(bytes.byteLength <= 508, `${bytes.byteLength} bytes`);
      assert.ok(key.length <= 15);
      this.writes++;
      this.records.set(key, bytes);
    },
    delete: (key) => void this.records.delete(key),
  };

  updateMarks(entries: readonly Marked[]): UpdateMarks {
    return new UpdateMarks({ store: this.store, clock: this.clock, log: this.logged.log, entries });
  }
}

function meters(count: number): Marked[] {
  return Array.from({ length: count }, (_, index) => ({
    owner: `E69UADXUYY/meter${index}`,
    mark: MARKS[index % MARKS.length] ?? "none",
  }));
}

describe("the marks of updates", () => {
  test("keeps the marks of 200 sub-devices in two records, and gives them back in whatever order they are added", () => {
    const bed = new TestBed();
    const entries = meters(200);
    bed.updateMarks(entries).changed();
    bed.clock.advance(1_000);
    assert.deepEqual([...bed.records.keys()], ["subs0", "subs1"]);
    const others = meters(200)
      .reverse()
      .map(({ owner }): Marked => ({ owner, mark: "none" }));
    bed.updateMarks(others).load();
    assert.deepEqual(others.reverse(), entries);
  });

  test("writes many changes once, and only the records that differ", () => {
    const bed = new TestBed();
    const entries = meters(150);
    const updateMarks = bed.updateMarks(entries);
    for (let count = 0; count < 50; count++) updateMarks.changed();
    bed.clock.advance(1_000);
    assert.equal(bed.writes, 2);
    (entries[120] as Marked).mark = "failed";
    updateMarks.changed();
    bed.clock.advance(1_000);
    assert.equal(bed.writes, 3);
    bed.clock.advance(100_000);
    assert.equal(bed.writes, 3);
  });

  test("drops a record without entries", () => {
    const bed = new TestBed();
    const entries = meters(ENTRIES_PER_RECORD + 1);
    const updateMarks = bed.updateMarks(entries);
    updateMarks.changed();
    bed.clock.advance(1_000);
    entries.pop();
    updateMarks.changed();
    bed.clock.advance(1_000);
    assert.deepEqual([...bed.records.keys()], ["subs0"]);
  });

  test("is written at a stop if something changed, and not otherwise", () => {
    const bed = new TestBed();
    const updateMarks = bed.updateMarks(meters(3));
    updateMarks.stop();
    assert.equal(bed.writes, 0);
    updateMarks.changed();
    updateMarks.stop();
    assert.equal(bed.writes, 1);
    assert.deepEqual(bed.clock.names(), []);
  });

  test("that cannot be written is an error in the log and no more", () => {
    const bed = new TestBed();
    bed.failing = true;
    bed.updateMarks(meters(3)).changed();
    bed.clock.advance(1_000);
    assert.deepEqual(bed.logged.lines, ["error gateway full"]);
  });

  test("reads nothing from a record that is cut, spoiled or of another format", () => {
    const record = encodeMarks(meters(10));
    assert.equal(decodeMarks(record).length, 10);
    for (let length = 0; length < record.byteLength; length++) {
      assert.deepEqual(decodeMarks(record.subarray(0, length)), []);
    }
    for (let index = 0; index < record.byteLength; index++) {
      const spoiled = record.slice();
      spoiled[index] = (spoiled[index] as number) ^ 0x10;
      assert.deepEqual(decodeMarks(spoiled), [], `byte ${index}`);
    }
    assert.deepEqual(decodeMarks(new Uint8Array(600)), []);
  });

  test("ignores a mark that it does not know", () => {
    const marks = readMarks({
      read: (key) => (key === "subs0" ? encodeMarks([{ owner: "a", mark: "later" as never }]) : undefined),
    });
    assert.equal(marks.get(idOf("a")), "none");
  });
});
