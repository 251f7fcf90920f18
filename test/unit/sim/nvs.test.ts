import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { crc32 } from "node:zlib";
import { mountNvs, Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import { CHUNK_NONE, encodeItem, TYPE_BLOB_INDEX } from "../../../hal/boards/sim/nvs/page.js";
import { BLOB_LIMIT } from "../../../hal/boards/sim/nvs/values.js";
import { NO_MEDIUM, NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { bytesOf, FailingMedium, RecordingMedium } from "../../support/power-cuts.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const PAGES = 4;
const PARTITION = { label: "nvs", type: 1, subtype: 2, offset: 0, size: PAGES * SECTOR_LENGTH };
let flash: NorFlash;
let nvs: Nvs;

beforeEach(() => {
  flash = NorFlash.blank(PARTITION.size);
  nvs = new Nvs(flash, PARTITION);
});

test("a blank partition holds nothing, and mounting it writes nothing", () => {
  const medium = new RecordingMedium();
  const blank = new Nvs(NorFlash.blank(PARTITION.size, medium), PARTITION);
  assert.equal(blank.get("ota", "job"), undefined);
  assert.deepEqual(blank.keys("ota"), []);
  blank.delete("ota", "job");
  assert.equal(medium.operations.length, 0);
  assert.deepEqual(blank.usage(), { used: 0, total: 3 * 126 });
});

test("what was written is read back, also after a remount, for any length from 0 to the limit", () => {
  const random = new SeededRandom();
  for (const length of [0, 1, 31, 32, 33, 508, 1000, BLOB_LIMIT - 1, BLOB_LIMIT]) {
    const value = random.bytes(length);
    nvs.set("ota", "job", value);
    assert.deepEqual(nvs.get("ota", "job"), Buffer.from(value), `${length} bytes; ${REPEAT}`);
    assert.deepEqual(remount().get("ota", "job"), Buffer.from(value), `${length} bytes; ${REPEAT}`);
  }
});

test("a value is the caller's own, before and after", () => {
  const value = Uint8Array.of(1, 2, 3);
  nvs.set("ota", "job", value);
  value.fill(9);
  nvs.get("ota", "job")?.fill(9);
  assert.deepEqual(nvs.get("ota", "job"), Buffer.of(1, 2, 3));
});

test("keys and namespaces do not affect each other", () => {
  nvs.set("one", "key", Uint8Array.of(1));
  nvs.set("two", "key", Uint8Array.of(2));
  nvs.set("one", "key2", Uint8Array.of(3));
  nvs.set("key", "one", Uint8Array.of(4));
  nvs.delete("two", "key");
  for (const store of [nvs, remount()]) {
    assert.deepEqual(store.get("one", "key"), Buffer.of(1));
    assert.equal(store.get("two", "key"), undefined);
    assert.deepEqual(store.keys("one"), ["key", "key2"]);
    assert.deepEqual(store.keys("two"), []);
    assert.deepEqual(store.get("key", "one"), Buffer.of(4));
  }
});

test("names are 1 to 15 characters, values at most one page", () => {
  for (const key of ["", "x".repeat(16)]) {
    assert.throws(() => nvs.set("ota", key, Uint8Array.of(1)), /ESP_ERR_NVS_KEY_TOO_LONG/);
    assert.throws(() => nvs.set(key, "job", Uint8Array.of(1)), /ESP_ERR_NVS_KEY_TOO_LONG/);
    assert.equal(nvs.get("ota", key), undefined);
  }
  assert.throws(() => nvs.set("ota", "job", new Uint8Array(BLOB_LIMIT + 1)), /ESP_ERR_NVS_VALUE_TOO_LONG/);
  nvs.set("x".repeat(15), "y".repeat(15), Uint8Array.of(1));
  assert.deepEqual(remount().get("x".repeat(15), "y".repeat(15)), Buffer.of(1));
  assert.equal(nvs.get("x".repeat(15), "y".repeat(14)), undefined);
});

test("writing the value that is there programs nothing", () => {
  const medium = new RecordingMedium();
  nvs = new Nvs(NorFlash.blank(PARTITION.size, medium), PARTITION);
  nvs.set("ota", "job", Uint8Array.of(1, 2));
  medium.operations.length = 0;
  nvs.set("ota", "job", Uint8Array.of(1, 2));
  assert.equal(medium.operations.length, 0);
});

test("a page, a namespace and a blob are in flash as ESP-IDF lays them out", () => {
  nvs.set("ota", "job", Buffer.from("hello"));
  const page = Buffer.from(flash.slice(0, SECTOR_LENGTH));
  assert.equal(page.toString("hex", 0, 12), "feffffff" + "00000000" + "feffffff");
  assert.equal(page.readUInt32LE(28), crc32(page.subarray(4, 28), 0xffffffff));
  // Four entries are written, from the lowest bits on.
  assert.equal(page.toString("hex", 32, 64), `aa${"ff".repeat(31)}`);
  assert.deepEqual(page.subarray(64, 96), entry("00 01 01 ff", "ota", "01 ff ff ff ff ff ff ff"));
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32("hello", 0xffffffff));
  assert.deepEqual(page.subarray(96, 128), entry("01 42 02 00", "job", `0500ffff${crc.toString("hex")}`));
  assert.equal(page.toString("latin1", 128, 133), "hello");
  assert.ok(page.subarray(133, 160).every((byte) => byte === 0xff));
  assert.deepEqual(page.subarray(160, 192), entry("01 48 01 ff", "job", "05 00 00 00 01 00 ff ff"));
  nvs.set("ota", "job", Buffer.from("again"));
  assert.equal(flash.slice(32, 3).join(), "2,234,255", "the old blob's entries are erased, the new one's written");
  assert.equal(flash.slice(64 + 4 * 32 + 3, 1)[0], 0x80, "the new chunk has the other version");
});

test("any number of writes never fills it up, and no key is lost on the way", () => {
  const random = new SeededRandom();
  const expected = new Map<string, Buffer>();
  for (let count = 0; count < 1200; count++) {
    const key = `key${random.integer(0, 5)}`;
    if (random.integer(0, 10) === 0) {
      nvs.delete("ota", key);
      expected.delete(key);
    } else {
      const value = Buffer.from(random.bytes(random.integer(0, 509)));
      nvs.set("ota", key, value);
      expected.set(key, value);
    }
    if (count % 50 === 0) assertHolds(nvs, expected, `write ${count}; ${REPEAT}`);
  }
  assertHolds(nvs, expected, REPEAT);
  assertHolds(remount(), expected, REPEAT);
});

test("a page is erased only once it was filled", () => {
  const medium = new RecordingMedium();
  nvs = new Nvs(NorFlash.blank(PARTITION.size, medium), PARTITION);
  for (let count = 0; count < 500; count++) nvs.set("ota", "job", Uint8Array.of(count, count >> 8));
  const erases = medium.operations.filter(({ bytes }) => bytes.byteLength === SECTOR_LENGTH).length;
  assert.ok(erases <= Math.ceil((500 * 3) / 120), `${erases} erases for 500 records of three entries`);
});

test("a full store is an error, keeps all its values, and takes more once something was deleted", () => {
  const expected = fill(nvs, 480);
  assert.ok(expected.size >= 18, `${expected.size} records of 480 bytes in three pages`);
  assertHolds(nvs, expected, "full");
  assertHolds(remount(), expected, "full, remounted");
  const first = [...expected.keys()][0] as string;
  assert.throws(() => nvs.set("ota", first, Buffer.alloc(3000, 1)), /ESP_ERR_NVS_NOT_ENOUGH_SPACE/);
  assertHolds(nvs, expected, "after a refused overwrite");
  nvs.delete("ota", first);
  expected.delete(first);
  const value = Buffer.alloc(480, 0x5a);
  nvs.set("ota", "late", value);
  expected.set("late", value);
  assertHolds(nvs, expected, "after a delete");
  assertHolds(remount(), expected, "after a delete, remounted");
});

test("a refused write leaves as much room as before", () => {
  fill(nvs, 480);
  const { used } = nvs.usage();
  for (let count = 0; count < 3; count++) assert.throws(() => nvs.set("ota", `more${count}`, new Uint8Array(480)));
  assert.equal(nvs.usage().used, used);
});

test("a flash error is survived: the same write again succeeds, and nothing stale comes back later", () => {
  const random = new SeededRandom();
  for (let failAt = 0; failAt < 40; failAt++) {
    const medium = new FailingMedium();
    nvs = new Nvs(NorFlash.blank(PARTITION.size, medium), PARTITION);
    const other = Buffer.from(random.bytes(300));
    nvs.set("ota", "other", other);
    nvs.set("ota", "job", new Uint8Array(300).fill(1));
    medium.failAfter(failAt);
    const where = `operation ${failAt}; ${REPEAT}`;
    try {
      nvs.set("ota", "job", new Uint8Array(300).fill(2));
    } catch (error) {
      assert.match(String(error), /flash failed/, where);
    }
    medium.failAfter(Infinity);
    nvs.set("ota", "job", new Uint8Array(300).fill(3));
    assert.deepEqual(nvs.get("ota", "job"), Buffer.alloc(300, 3), where);
    for (let count = 0; count < 40; count++) {
      nvs.set("ota", "busy", new Uint8Array(300).fill(count));
      assert.deepEqual(nvs.get("ota", "job"), Buffer.alloc(300, 3), `${where}, write ${count}`);
      assert.deepEqual(nvs.get("ota", "other"), other, `${where}, write ${count}`);
    }
  }
});

test("a value that looks like entries of NVS is never taken for them", () => {
  nvs.set("ota", "other", Uint8Array.of(1));
  const data = Buffer.from("000000000100ffff", "hex");
  const fake = encodeItem({ namespace: 1, type: TYPE_BLOB_INDEX, span: 1, chunk: CHUNK_NONE, key: "other", data });
  for (let count = 0; count < 40; count++) {
    nvs.set("ota", "mimic", Buffer.concat([Buffer.alloc(32, count), ...Array.from({ length: 8 }, () => fake)]));
    for (const store of [nvs, remount()]) assert.deepEqual(store.get("ota", "other"), Buffer.of(1), `write ${count}`);
  }
});

test("a page whose header is damaged is not read, and the others are", () => {
  for (const at of [4, 8, 28]) {
    const bytes = new Uint8Array(PARTITION.size).fill(0xff);
    bytes.set(bytesOf(filled()), 0);
    bytes[at] = (bytes[at] as number) ^ 1;
    const store = new Nvs(new NorFlash(bytes, NO_MEDIUM), PARTITION);
    assert.equal(store.get("ota", "first"), undefined);
    store.set("ota", "first", Uint8Array.of(7));
    assert.deepEqual(store.get("ota", "first"), Buffer.of(7));
  }
});

test("a blob whose bytes are damaged is dropped", () => {
  const bytes = bytesOf(filled());
  bytes[64 + 2 * 32] = (bytes[64 + 2 * 32] as number) ^ 1;
  assert.equal(new Nvs(new NorFlash(bytes, NO_MEDIUM), PARTITION).get("ota", "first"), undefined);
});

test("with random bytes in the partition the store starts anew", () => {
  const random = new SeededRandom();
  for (let round = 0; round < 20; round++) {
    const store = new Nvs(new NorFlash(random.bytes(PARTITION.size), NO_MEDIUM), PARTITION);
    store.set("ota", "job", Uint8Array.of(1));
    assert.deepEqual(store.get("ota", "job"), Buffer.of(1), REPEAT);
  }
});

test("a partition of one page has no room to compact and is refused", () => {
  const one = { ...PARTITION, size: SECTOR_LENGTH };
  assert.throws(() => new Nvs(NorFlash.blank(SECTOR_LENGTH), one).set("ota", "job", Uint8Array.of(1)), /ESP_ERR_NVS/);
});

test("what was deleted takes no room", () => {
  nvs.set("ota", "job", new Uint8Array(500));
  nvs.delete("ota", "job");
  assert.equal(nvs.usage().used, 1, "the namespace alone");
  assert.equal(remount().usage().used, 1);
});

test("a partition that cannot be mounted is erased, as ESP-IDF's applications do; one that can is not", () => {
  nvs.set("ota", "job", Uint8Array.of(1));
  assert.deepEqual(mountNvs(flash, PARTITION).get("ota", "job"), Buffer.of(1));
  const bytes = bytesOf(flash);
  // Every page is in use: none is left to compact into.
  for (let page = 1; page < PAGES; page++) bytes.copyWithin(page * SECTOR_LENGTH, 0, SECTOR_LENGTH);
  const full = new NorFlash(bytes, NO_MEDIUM);
  assert.throws(() => new Nvs(full, PARTITION), /ESP_ERR_NVS_NO_FREE_PAGES/);
  const store = mountNvs(full, PARTITION);
  assert.equal(store.get("ota", "job"), undefined);
  store.set("ota", "job", Uint8Array.of(2));
  assert.deepEqual(store.get("ota", "job"), Buffer.of(2));
});

function remount(): Nvs {
  return new Nvs(new NorFlash(bytesOf(flash), NO_MEDIUM), PARTITION);
}

function filled(): NorFlash {
  nvs.set("ota", "first", Uint8Array.of(1, 2, 3));
  return flash;
}

/** Writes records of this length until the store is full. @returns what it took */
function fill(store: Nvs, length: number): Map<string, Buffer> {
  const taken = new Map<string, Buffer>();
  for (let count = 0; count < 1000; count++) {
    const value = Buffer.alloc(length, count);
    try {
      store.set("ota", `k${count}`, value);
    } catch (error) {
      assert.match(String(error), /ESP_ERR_NVS_NOT_ENOUGH_SPACE/);
      return taken;
    }
    taken.set(`k${count}`, value);
  }
  throw new Error("never full");
}

function assertHolds(store: Nvs, expected: ReadonlyMap<string, Buffer>, where: string): void {
  assert.deepEqual(store.keys("ota").sort(), [...expected.keys()].sort(), where);
  for (const [key, value] of expected) assert.deepEqual(store.get("ota", key), value, `${key}: ${where}`);
}

/** An entry from its parts, in hex, with the CRC worked out. */
function entry(head: string, key: string, data: string): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.set(Buffer.from(head.replaceAll(" ", ""), "hex"), 0);
  bytes.write(key, 8, "latin1");
  bytes.set(Buffer.from(data.replaceAll(" ", ""), "hex"), 24);
  bytes.writeUInt32LE(crc32(Buffer.concat([bytes.subarray(0, 4), bytes.subarray(8)]), 0xffffffff), 4);
  return bytes;
}
