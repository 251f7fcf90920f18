import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createKeyValueModule } from "../../../hal/boards/sim/nvs/key-value-module.js";
import { Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import { CHUNK_NONE, encodeItem, Page, TYPE_U8 } from "../../../hal/boards/sim/nvs/page.js";
import { BLOB_LIMIT } from "../../../hal/boards/sim/nvs/values.js";
import { NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { Power, PowerLost } from "../../../hal/boards/sim/power.js";
import type { KeyValueInstance } from "../../../hal/ecma419/modules.js";

const PARTITION = { label: "nvs", type: 1, subtype: 2, offset: 0, size: 4 * SECTOR_LENGTH };
let power: Power;
let module: ReturnType<typeof createKeyValueModule>;
let store: KeyValueInstance;

beforeEach(() => {
  power = new Power();
  module = createKeyValueModule(new Nvs(NorFlash.blank(PARTITION.size), PARTITION), power);
  store = module.open({ path: "ota" });
});

test("reads an ArrayBuffer of exactly the value's bytes, or undefined", () => {
  assert.equal(store.read("job"), undefined);
  store.write("job", Uint8Array.of(1, 2, 3));
  const value = store.read("job");
  assert.ok(value instanceof ArrayBuffer);
  assert.deepEqual(new Uint8Array(value), Uint8Array.of(1, 2, 3));
});

test("writes an ArrayBuffer, a view into one, and nothing around it", () => {
  store.write("buffer", Uint8Array.of(1, 2).buffer);
  store.write("view", Uint8Array.of(1, 2, 3, 4).subarray(1, 3));
  store.write("empty", new Uint8Array(0));
  const values = ["buffer", "view", "empty"].map((key) => [...new Uint8Array(store.read(key) ?? new ArrayBuffer(9))]);
  assert.deepEqual(values, [[1, 2], [2, 3], []]);
});

test("what was read is the reader's own", () => {
  store.write("job", Uint8Array.of(1));
  new Uint8Array(store.read("job") ?? new ArrayBuffer(0)).fill(9);
  assert.deepEqual(new Uint8Array(store.read("job") ?? new ArrayBuffer(0)), Uint8Array.of(1));
});

test("a path names a namespace; two openings of it share what is stored", () => {
  store.write("job", Uint8Array.of(1));
  assert.equal(module.open({ path: "other" }).read("job"), undefined);
  assert.equal(module.open({ path: "ota", mode: "r", format: "buffer" }).read("job")?.byteLength, 1);
});

test("opening to write makes the namespace; opening to read one that is not there fails", () => {
  assert.throws(() => module.open({ path: "new", mode: "r" }), { message: "ESP_ERR_NVS_NOT_FOUND" });
  module.open({ path: "new", mode: "r+" });
  assert.equal(module.open({ path: "new", mode: "r" }).read("job"), undefined);
});

test("names of 15 characters are the longest, of namespaces as of keys", () => {
  const longest = "n".repeat(15);
  module.open({ path: longest }).write(longest, Uint8Array.of(1));
  assert.equal(module.open({ path: longest, mode: "r" }).read(longest)?.byteLength, 1);
  assert.throws(() => module.open({ path: `${longest}n` }), { message: "ESP_ERR_NVS_KEY_TOO_LONG" });
  assert.throws(() => module.open({ path: `${longest}n`, mode: "r" }), { message: "ESP_ERR_NVS_NOT_FOUND" });
  assert.throws(() => module.open({ path: "" }), { message: "invalid" });
  assert.throws(() => module.open({ path: "ota", mode: "w" as "r" }), { message: "invalid mode" });
});

test("a key of another type is a mismatch, and deleted keys are none", () => {
  const flash = NorFlash.blank(PARTITION.size);
  const nvs = new Nvs(flash, PARTITION);
  nvs.set("ota", "job", Uint8Array.of(1));
  // The namespace has index 1, and the first page is the active one.
  const data = Buffer.alloc(8, 0xff);
  data.writeUInt8(7, 0);
  new Page(flash, 0).append(
    encodeItem({ namespace: 1, type: TYPE_U8, chunk: CHUNK_NONE, key: "count", data, span: 1 }),
    new Uint8Array(0),
  );
  const opened = createKeyValueModule(new Nvs(flash, PARTITION), power).open({ path: "ota" });
  const mismatch = (error: unknown): boolean => error instanceof TypeError && error.message === "mismatch";
  assert.throws(() => opened.read("count"), mismatch);
  opened.delete("job");
  assert.equal(opened.read("job"), undefined);
});

test("deletes a key; one that is not there is no error", () => {
  store.write("job", Uint8Array.of(1));
  store.delete("job");
  store.delete("job");
  assert.equal(store.read("job"), undefined);
});

test("knows the formats buffer and string alone", () => {
  assert.throws(() => module.open({ path: "ota", format: "uint8" as "buffer" }), RangeError);
});

test("a string is read and written as text, undefined if it is not there, and a mismatch in the other format", () => {
  const texts = module.open({ path: "ota", format: "string" });
  const mismatch = (error: unknown): boolean => error instanceof TypeError && error.message === "mismatch";
  assert.equal(texts.read("name"), undefined);
  texts.write("name", "pässwörd");
  assert.equal(texts.read("name"), "pässwörd");
  assert.throws(() => store.read("name"), mismatch);
  store.write("job", Uint8Array.of(1));
  assert.throws(() => texts.read("job"), mismatch);
  store.write("name", Uint8Array.of(2));
  assert.throws(() => texts.read("name"), mismatch, "the last write says what a key is");
  texts.delete("job");
  assert.equal(store.read("job"), undefined);
  assert.throws(() => module.open({ path: "ota", mode: "r", format: "string" }).write("x", "y"), /read-only/);
  texts.close();
  assert.throws(() => texts.read("name"), /closed/);
});

test("opened to read, it neither writes nor deletes", () => {
  store.write("job", Uint8Array.of(1));
  const readOnly = module.open({ path: "ota", mode: "r" });
  assert.throws(() => readOnly.write("job", Uint8Array.of(2)), /read-only/);
  assert.throws(() => readOnly.delete("job"), /read-only/);
  assert.equal(store.read("job")?.byteLength, 1);
});

test("errors contain the name of an esp_err_t", () => {
  assert.throws(() => store.write("x".repeat(16), Uint8Array.of(1)), { message: "ESP_ERR_NVS_KEY_TOO_LONG" });
  assert.throws(() => store.write("job", new Uint8Array(BLOB_LIMIT + 1)), { message: "ESP_ERR_NVS_VALUE_TOO_LONG" });
  const fill = (): void => {
    for (let count = 0; count < 1000; count++) store.write(`k${count}`, new Uint8Array(500));
  };
  assert.throws(fill, { message: "ESP_ERR_NVS_NOT_ENOUGH_SPACE" });
});

test("nothing works after close, another opening does", () => {
  const other = module.open({ path: "ota" });
  store.close();
  store.close();
  for (const call of [() => store.read("job"), () => store.write("job", Uint8Array.of(1)), () => store.delete("job")]) {
    assert.throws(call, /closed/);
  }
  other.write("job", Uint8Array.of(1));
  assert.equal(other.read("job")?.byteLength, 1);
});

test("nothing works without power", () => {
  power.cut();
  const calls = [
    () => module.open({ path: "ota" }),
    () => store.read("job"),
    () => store.write("job", Uint8Array.of(1)),
    () => store.delete("job"),
  ];
  for (const call of calls) assert.throws(call, PowerLost);
});
