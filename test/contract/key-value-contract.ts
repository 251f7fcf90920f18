import assert from "node:assert/strict";
import fc from "fast-check";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { KeyValueStore } from "../../hal/ports/index.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { capabilitiesOf, expectKind } from "./flash-contract.js";

/** Longest record that the port promises to hold. */
const RECORD_LIMIT = 508;

export interface KeyValueFixture {
  /** Empty. */
  readonly store: KeyValueStore;
  /** The same records after a restart. */
  restarted(): KeyValueStore;
  /** The store after a power cut inside `action`, at any moment of it. Absent if this medium cannot be cut. */
  cuts?(action: () => void, random: SeededRandom): Iterable<KeyValueStore>;
  /** The next change of the medium fails. */
  failNext?(): void;
  stop(): void;
}

/** hal/ports/key-value.ts, sentence by sentence. */
export function keyValueContract(name: string, start: () => KeyValueFixture): void {
  const can = capabilitiesOf(start);
  describe(`key-value: ${name}`, () => {
    let fixture: KeyValueFixture;
    let store: KeyValueStore;
    beforeEach(() => {
      fixture = start();
      store = fixture.store;
    });
    afterEach(() => fixture.stop());

    test("a key that does not exist reads as undefined, and deleting it is no error", () => {
      assert.equal(store.read("job"), undefined);
      store.delete("job");
      assert.equal(store.read("job"), undefined);
    });

    test("keys of 1 to 15 ASCII characters each hold a record of 0 to 508 bytes", () => {
      const records = new Map<string, Uint8Array>();
      const names = ["x", "job", "fifteen-letters", "A", "a", " ", "~", "x.y/z:1", "constructor", "__proto__"];
      const lengths = [0, 1, 31, 32, 33, 100, 255, 256, 507, RECORD_LIMIT];
      for (const [index, key] of names.entries()) records.set(key, pattern(lengths[index] as number, index));
      for (const [key, bytes] of records) store.write(key, bytes);
      for (const reader of [store, fixture.restarted()]) {
        for (const [key, bytes] of records) assert.deepEqual(reader.read(key), bytes, key);
      }
    });

    test("a write replaces the record, a longer one and a shorter one", () => {
      for (const length of [10, RECORD_LIMIT, 0, 3]) {
        store.write("job", pattern(length, length));
        assert.deepEqual(store.read("job"), pattern(length, length));
        assert.deepEqual(fixture.restarted().read("job"), pattern(length, length));
      }
    });

    test("a delete removes that key alone", () => {
      store.write("one", pattern(5, 1));
      store.write("two", pattern(5, 2));
      store.delete("one");
      for (const reader of [store, fixture.restarted()]) {
        assert.equal(reader.read("one"), undefined);
        assert.deepEqual(reader.read("two"), pattern(5, 2));
      }
    });

    test("records are copies when written and when read, and hold only the view's own bytes", () => {
      const buffer = pattern(32, 1);
      store.write("job", buffer.subarray(8, 16));
      buffer.fill(0);
      const first = store.read("job");
      assert.deepEqual(first, pattern(32, 1).subarray(8, 16));
      first?.fill(0);
      assert.deepEqual(store.read("job"), pattern(32, 1).subarray(8, 16));
    });

    test("does what a Map does, in any order of calls and restarts", () => {
      const key = fc.constantFrom("job", "outbox", "mark");
      const bytes = fc.uint8Array({ maxLength: RECORD_LIMIT });
      const call = fc.oneof(
        { weight: 5, arbitrary: fc.record({ kind: fc.constant("write" as const), key, bytes }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
      );
      fc.assert(
        fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
          const model = new Map<string, Uint8Array>();
          for (const name of ["job", "outbox", "mark"]) store.delete(name);
          for (const step of calls) {
            if (step.kind === "write") {
              store.write(step.key, step.bytes);
              model.set(step.key, Uint8Array.from(step.bytes));
            } else {
              store.delete(step.key);
              model.delete(step.key);
            }
            assert.deepEqual(store.read(step.key), model.get(step.key));
          }
          const again = fixture.restarted();
          for (const name of ["job", "outbox", "mark"]) assert.deepEqual(again.read(name), model.get(name));
        }),
        { numRuns: 20 },
      );
    });

    test("a full store is `no-space`: every record keeps its old value, and there is room again after a delete", () => {
      const records = new Map<string, Uint8Array>();
      const fill = (): void => {
        for (let count = 0; count < 2000; count++) {
          store.write(`k${count}`, pattern(RECORD_LIMIT, count));
          records.set(`k${count}`, pattern(RECORD_LIMIT, count));
        }
      };
      expectKind("no-space", fill);
      for (let tries = 0; tries < 3; tries++) {
        expectKind("no-space", () => store.write("late", pattern(RECORD_LIMIT, 1)));
      }
      for (const reader of [store, fixture.restarted()]) {
        assert.equal(reader.read("late"), undefined);
        for (const [key, bytes] of records) assert.deepEqual(reader.read(key), bytes, key);
      }
      store.delete("k0");
      store.write("late", pattern(RECORD_LIMIT, 1));
      for (const reader of [store, fixture.restarted()]) {
        assert.deepEqual(reader.read("late"), pattern(RECORD_LIMIT, 1));
        assert.deepEqual(reader.read("k1"), records.get("k1"));
      }
    });

    if (can.failNext !== undefined) {
      test("a medium that fails is `io`, and the next write succeeds", () => {
        const failNext = fixture.failNext as () => void;
        store.write("job", pattern(100, 1));
        store.write("other", pattern(100, 2));
        failNext();
        expectKind("io", () => store.write("job", pattern(100, 3)));
        failNext();
        expectKind("io", () => store.delete("other"));
        store.write("job", pattern(100, 4));
        store.delete("other");
        for (const reader of [store, fixture.restarted()]) {
          assert.deepEqual(reader.read("job"), pattern(100, 4));
          assert.equal(reader.read("other"), undefined);
        }
      });
    }

    if (can.cuts !== undefined) {
      test("a cut inside a write or delete leaves that key old or new, and every other key as it was", () => {
        const cuts = fixture.cuts as NonNullable<KeyValueFixture["cuts"]>;
        const random = new SeededRandom();
        const model = new Map<string, Uint8Array>();
        let checked = 0;
        for (let step = 0; step < 40; step++) {
          const key = ["job", "outbox", "mark"][random.integer(0, 3)] as string;
          const value = random.integer(0, 5) === 0 ? undefined : random.bytes(random.integer(0, RECORD_LIMIT + 1));
          const action = (): void => (value === undefined ? store.delete(key) : store.write(key, value));
          for (const left of cuts(action, random)) {
            for (const name of ["job", "outbox", "mark"]) {
              const found = left.read(name);
              const old = same(found, model.get(name));
              assert.ok(old || (name === key && same(found, value)), `step ${step}, ${name}; ${REPEAT}`);
            }
            checked++;
          }
          if (value === undefined) model.delete(key);
          else model.set(key, value);
          assert.deepEqual(store.read(key), model.get(key), `step ${step}; ${REPEAT}`);
        }
        assert.ok(checked > 100, `${checked} cuts; ${REPEAT}`);
      });
    }
  });
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed * 31) & 0xff);
}

function same(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return Buffer.compare(left, right) === 0;
}
