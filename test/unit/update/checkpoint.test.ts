import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KeyValueStore } from "../../../hal/ports/index.js";
import type { Outcome } from "../../../src/errors.js";
import { crc32 } from "../../../src/lib/crc32.js";
import { cutMessage, encodeResult, type Result } from "../../../src/protocol/messages.js";
import {
  clearRecord,
  decodeRecord,
  encodeRecord,
  type JobRecord,
  loadRecord,
  storeRecord,
} from "../../../src/update/checkpoint.js";
import type { Checkpoint, Image, Stored } from "../../../src/update/machine/types.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../support/records.js";

/** The longest record of the key-value port. */
const RECORD_LIMIT = 508;
const FAILURES: readonly Exclude<Outcome, "done">[] = [
  "timed-out",
  "not-found",
  "url-expired",
  "digest-mismatch",
  "failed",
];

const hexDigits = [..."0123456789abcdef"];
/** Records with the prototype that object literals have. */
const PLAIN = { noNullPrototype: true } as const;

const image: fc.Arbitrary<Image> = fc.record(
  {
    version: fc.stringMatching(/^[A-Za-z0-9._-]{1,32}$/),
    md5: fc.string({ unit: fc.constantFrom(...hexDigits), minLength: 32, maxLength: 32 }),
    size: fc.oneof(
      fc.integer({ min: 1, max: 0xffffffff }),
      fc.integer({ min: 0x100000000, max: Number.MAX_SAFE_INTEGER }),
    ),
  },
  PLAIN,
);
const stored: fc.Arbitrary<Stored> = fc.record(
  {
    regionOffset: fc.option(fc.integer({ min: 0, max: 0xffffffff }), { nil: undefined }),
    erasing: fc.boolean(),
    written: fc.constant(undefined),
    etag: fc.option(fc.stringMatching(/^"[\x21\x23-\x7e]{0,62}"$/), { nil: undefined }),
    spliced: fc.boolean(),
    refetched: fc.boolean(),
    resultLength: fc.option(fc.integer({ min: 1, max: 0xffffffff }), { nil: undefined }),
  },
  PLAIN,
);
/** As a result has it: controls are replaced before it is stored. */
const MESSAGE = fc.string({ unit: "binary", maxLength: 32 }).map(cutMessage);
const result: fc.Arbitrary<Result> = fc.oneof(
  fc.constant<Result>({ outcome: "done" }),
  fc.record({ outcome: fc.constantFrom(...FAILURES), message: MESSAGE }, PLAIN),
);
const slot = fc.stringMatching(/^[a-z0-9_]{1,16}$/);
const checkpoint: fc.Arbitrary<Checkpoint> = fc.oneof(
  fc.record({ phase: fc.constant("downloading" as const), slot, image, stored }, PLAIN),
  fc.record({ phase: fc.constantFrom("applying" as const, "verified" as const), slot, image }, PLAIN),
  fc.record({ phase: fc.constant("applying" as const), slot, image, reason: MESSAGE }, PLAIN),
  fc.record(
    {
      phase: fc.constant("reporting" as const),
      slot,
      image,
      result,
      stored: fc.option(stored, { nil: undefined }),
      whole: fc.boolean(),
    },
    PLAIN,
  ),
);

const SAMPLE: Extract<Checkpoint, { phase: "reporting" }> = {
  phase: "reporting",
  slot: "ota_1",
  image: { version: "0.2.0", md5: "00112233445566778899aabbccddeeff", size: 0x1_0000_0002 },
  result: { outcome: "failed", message: "äh" },
  stored: {
    regionOffset: 0x30000,
    erasing: true,
    written: undefined,
    etag: '"e"',
    spliced: true,
    refetched: false,
    resultLength: undefined,
  },
  whole: true,
};

const owner = fc.constantFrom("", "ABCDE12345/light_01", `ABCDE12345/${"n".repeat(48)}`);

/** No package is so long that its size has a high word. */
function possible(each: Checkpoint): Checkpoint {
  const { resultLength } = ("stored" in each ? each.stored : undefined) ?? {};
  const { image } = each;
  return resultLength === undefined ? each : { ...each, image: { ...image, size: image.size % 0x80000000 || 1 } };
}

test("a stored record is loaded as it was", () => {
  const record = fc.record({ owner, checkpoint: checkpoint.map(possible) }, PLAIN);
  fc.assert(fc.property(record, (before) => assert.deepEqual(decodeRecord(encodeRecord(before)), before)));
});

test("a record of an unknown phase is refused", () => {
  for (const phase of [0, 5, 255]) {
    const record = encodeRecord({ owner: "", checkpoint: SAMPLE });
    record[1] = phase;
    const end = record.byteLength - 4;
    new DataView(record.buffer).setUint32(end, crc32(record, end), true);
    assert.equal(decodeRecord(record), undefined, `phase ${phase}`);
  }
});

test("fields that hold for this boot only are not stored", () => {
  const { slot, image, stored } = SAMPLE;
  const checkpoint: Checkpoint = {
    phase: "downloading",
    slot,
    image,
    stored: { ...(stored as Stored), written: 4096 },
  };
  const loaded = decodeCheckpoint(encodeCheckpoint(checkpoint));
  assert.equal(loaded?.phase === "downloading" && loaded.stored.written, undefined);
});

test("the record has the layout of its table", () => {
  const record = encodeRecord({ owner: "P/n", checkpoint: SAMPLE });
  const text = Buffer.from('ota_10.2.0"e"ähP/n').toString("hex");
  const head = "02033b05" + "02000000" + "01000000" + "00000300" + "00112233445566778899aabbccddeeff" + "0505030303";
  assert.equal(Buffer.from(record.subarray(0, -4)).toString("hex"), head + text);
  const sum = new DataView(record.buffer).getUint32(record.byteLength - 4, true);
  assert.equal(sum, crc32(record, record.byteLength - 4));
});

test("of a package the record has the length of the result, in the place of what no size needs", () => {
  const stored = { ...(SAMPLE.stored as Stored), resultLength: 0x01020304 };
  const record = encodeRecord({ owner: "P/n", checkpoint: { ...SAMPLE, image: { ...SAMPLE.image, size: 5 }, stored } });
  assert.equal(Buffer.from(record.subarray(0, 16)).toString("hex"), "02037b05" + "05000000" + "04030201" + "00000300");
});

test("no record is longer than the store takes, however long its texts are", () => {
  const checkpoint: Checkpoint = {
    phase: "reporting",
    slot: "s".repeat(16),
    image: { version: "v".repeat(32), md5: "f".repeat(32), size: Number.MAX_SAFE_INTEGER },
    result: { outcome: "failed", message: "\uffff".repeat(1000) },
    stored: {
      regionOffset: 0xffffffff,
      erasing: false,
      written: undefined,
      etag: `"${"e".repeat(62)}"`,
      spliced: true,
      refetched: true,
      resultLength: undefined,
    },
    whole: false,
  };
  const longest = encodeRecord({ owner: `ABCDE12345/${"n".repeat(48)}`, checkpoint });
  assert.ok(longest.byteLength <= RECORD_LIMIT, `${longest.byteLength} bytes`);
  assert.notEqual(decodeCheckpoint(longest), undefined);
});

test("a record with any one byte changed is refused", () => {
  const record = encodeCheckpoint(SAMPLE);
  for (let index = 0; index < record.byteLength; index++) {
    for (let value = 1; value < 256; value++) {
      const changed = record.slice();
      changed[index] = (changed[index] as number) ^ value;
      assert.equal(decodeCheckpoint(changed), undefined, `byte ${index} changed by ${value}`);
    }
  }
});

test("a record that is cut short, or has something behind it, is refused", () => {
  const record = encodeCheckpoint(SAMPLE);
  for (let length = 0; length < record.byteLength; length++) {
    assert.equal(decodeCheckpoint(record.slice(0, length)), undefined);
  }
  for (const more of [1, 4, 400]) {
    const longer = new Uint8Array(record.byteLength + more);
    longer.set(record);
    assert.equal(decodeCheckpoint(longer), undefined);
  }
  assert.equal(decodeCheckpoint(new Uint8Array(RECORD_LIMIT).fill(0xff)), undefined);
});

test("a record longer than the store takes is refused, even with a right checksum", () => {
  const record = encodeCheckpoint({
    ...SAMPLE,
    slot: "s".repeat(250),
    image: { ...SAMPLE.image, version: "v".repeat(250) },
  });
  assert.ok(record.byteLength > RECORD_LIMIT);
  assert.equal(decodeCheckpoint(record), undefined);
});

test("a record is read wherever in its buffer it lies", () => {
  const record = encodeCheckpoint(SAMPLE);
  const buffer = new Uint8Array(record.byteLength + 10);
  buffer.set(record, 3);
  assert.deepEqual(decodeCheckpoint(buffer.subarray(3, 3 + record.byteLength)), SAMPLE);
});

/** The record with changed bytes and a right checksum. */
function forged(change: (record: Uint8Array) => void, from = SAMPLE): Uint8Array {
  const record = encodeCheckpoint(from);
  change(record);
  const end = record.byteLength - 4;
  new DataView(record.buffer).setUint32(end, crc32(record, end), true);
  return record;
}

test("a record of another format, phase or outcome, or whose lengths do not add up, is refused", () => {
  const changes: { [what: string]: (record: Uint8Array) => void } = {
    "format 0": (record) => (record[0] = 0),
    "format 1": (record) => (record[0] = 1),
    "phase 0": (record) => (record[1] = 0),
    "phase 5": (record) => (record[1] = 5),
    "an outcome nobody knows": (record) => (record[3] = 6),
    "a text that is longer than the record": (record) => (record[36] = 255),
    "a text that is too short": (record) => (record[36] = 2),
    "a slot that is not UTF-8": (record) => (record[37] = 0xff),
    "a download with nothing stored": (record) => {
      record[1] = 1;
      record[2] = 0;
    },
  };
  for (const [what, change] of Object.entries(changes)) assert.equal(decodeCheckpoint(forged(change)), undefined, what);
});

test("any bytes with a right checksum are read or refused, and never throw", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const decoded = decodeCheckpoint(
        forged((record) => changes.forEach(([at, value]) => (record[at % record.byteLength] = value))),
      );
      if (decoded !== undefined) assert.match(decoded.image.md5, /^[0-9a-f]{32}$/);
    }),
    { numRuns: 2000 },
  );
});

test("a result is the same message before and after it was stored, wherever its text has to be cut", () => {
  for (const message of [
    "",
    "short",
    "x".repeat(200),
    "\u00e4".repeat(100),
    "\u{1f600}".repeat(50),
    `x${"\u{1f600}".repeat(50)}`,
  ]) {
    const before: Result = { outcome: "failed", message };
    const after = decodeCheckpoint(encodeCheckpoint({ ...SAMPLE, result: before }));
    assert.ok(after?.phase === "reporting");
    assert.equal(encodeResult("0.2.0", after.result), encodeResult("0.2.0", before));
  }
});

class MapStore implements KeyValueStore {
  readonly records = new Map<string, Uint8Array>();
  read = (key: string): Uint8Array | undefined => this.records.get(key)?.slice();
  write = (key: string, bytes: Uint8Array): void => void this.records.set(key, bytes.slice());
  delete = (key: string): void => void this.records.delete(key);
}

const KEY = "job";

test("there is one record, replaced by the next and gone when cleared", () => {
  const store = new MapStore();
  assert.equal(loadRecord(store, KEY), undefined);
  clearRecord(store, KEY);
  storeRecord(store, KEY, { owner: "", checkpoint: SAMPLE });
  const applying: JobRecord = { owner: "P/n", checkpoint: { phase: "applying", slot: "ota_0", image: SAMPLE.image } };
  storeRecord(store, KEY, applying);
  assert.deepEqual(loadRecord(store, KEY), applying);
  assert.equal(store.records.size, 1);
  clearRecord(store, KEY);
  assert.equal(store.records.size, 0);
});

test("a damaged record loads as none", () => {
  const store = new MapStore();
  storeRecord(store, KEY, { owner: "", checkpoint: SAMPLE });
  for (const key of store.records.keys()) store.records.set(key, new Uint8Array(60));
  assert.equal(loadRecord(store, KEY), undefined);
});

test("the shortest record and the longest are records", () => {
  const shortest: Checkpoint = { phase: "applying", slot: "", image: { ...SAMPLE.image, version: "" } };
  assert.deepEqual(decodeCheckpoint(encodeCheckpoint(shortest)), shortest);
  const longest: Checkpoint = {
    phase: "applying",
    slot: "s".repeat(250),
    image: { ...SAMPLE.image, version: "v".repeat(RECORD_LIMIT - 37 - 4 - 250) },
  };
  assert.equal(encodeCheckpoint(longest).byteLength, RECORD_LIMIT);
  assert.deepEqual(decodeCheckpoint(encodeCheckpoint(longest)), longest);
});

test("a size that no image has is refused", () => {
  for (const size of [0, 2 ** 53, 2 ** 53 + 2]) {
    assert.equal(
      decodeCheckpoint(encodeCheckpoint({ ...SAMPLE, image: { ...SAMPLE.image, size } })),
      undefined,
      String(size),
    );
  }
  const size = Number.MAX_SAFE_INTEGER;
  assert.equal(decodeCheckpoint(encodeCheckpoint({ ...SAMPLE, image: { ...SAMPLE.image, size } }))?.image.size, size);
});
