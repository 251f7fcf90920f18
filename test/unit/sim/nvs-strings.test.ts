import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import { crc32 } from "node:zlib";
import { NO_MEDIUM, NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import { STRING_LIMIT } from "../../../hal/boards/sim/nvs/values.js";
import { bytesOf, RecordingMedium } from "../../support/power-cuts.js";
import { ROOT } from "../../support/root.js";
import { certificateDer, keyDer } from "../../support/tls-fixtures.js";

const PARTITION = { label: "nvs", type: 1, subtype: 2, offset: 0, size: 4 * SECTOR_LENGTH };
let flash: NorFlash;
let medium: RecordingMedium;
let nvs: Nvs;

beforeEach(() => {
  medium = new RecordingMedium();
  flash = NorFlash.blank(PARTITION.size, medium);
  nvs = new Nvs(flash, PARTITION);
});

test("a string is in flash as nvs_set_str lays it out: in one span, with its zero byte, length and CRC-32", () => {
  nvs.setString("device", "ssid", "my net, which is longer than an entry");
  const page = Buffer.from(flash.slice(0, SECTOR_LENGTH));
  const value = Buffer.from("my net, which is longer than an entry\0");
  assert.equal(page.toString("hex", 32, 34), "aaff", "namespace, header and two entries of data");
  assert.deepEqual(page.subarray(96, 100), Buffer.of(1, 0x21, 3, 0xff));
  assert.equal(page.toString("latin1", 104, 120), `ssid${"\0".repeat(12)}`);
  assert.equal(page.readUInt16LE(120), value.byteLength);
  assert.equal(page.readUInt16LE(122), 0xffff);
  assert.equal(page.readUInt32LE(124), crc32(value, 0xffffffff));
  assert.deepEqual(page.subarray(128, 128 + value.byteLength), value);
});

test("what was written is read back, also after a remount: empty, longer than an entry, beyond ASCII, up to 4,000 bytes", () => {
  const texts = ["", "x", "x".repeat(31), "x".repeat(32), "pässwörd 北京", "x".repeat(STRING_LIMIT - 1)];
  for (const text of texts) {
    nvs.setString("device", "text", text);
    assert.equal(nvs.getString("device", "text"), text);
    assert.equal(remount().getString("device", "text"), text);
  }
  assert.throws(() => nvs.setString("device", "text", "x".repeat(4000)), { message: "ESP_ERR_NVS_VALUE_TOO_LONG" });
  assert.throws(() => nvs.setString("device", "x".repeat(16), "x"), { message: "ESP_ERR_NVS_KEY_TOO_LONG" });
  assert.equal(nvs.getString("device", "text"), texts.at(-1));
});

test("a key holds one value, whatever its type: the last one", () => {
  nvs.set("device", "key", Buffer.alloc(100, 1));
  nvs.setString("device", "key", "text");
  for (const store of [nvs, remount()]) {
    assert.deepEqual(
      [store.typeOf("device", "key"), store.getString("device", "key"), store.get("device", "key")],
      ["string", "text", undefined],
    );
    assert.deepEqual(store.keys("device"), ["key"]);
  }
  nvs.set("device", "key", Uint8Array.of(7));
  for (const store of [nvs, remount()]) {
    assert.deepEqual([store.typeOf("device", "key"), store.getString("device", "key")], ["blob", undefined]);
    assert.deepEqual(store.get("device", "key"), Buffer.of(7));
  }
  nvs.setString("device", "key", "text");
  nvs.delete("device", "key");
  for (const store of [nvs, remount()]) assert.equal(store.typeOf("device", "key"), undefined);
  assert.equal(nvs.usage().used, 1, "the namespace alone");
});

test("writing the string that is there programs nothing", () => {
  nvs.setString("device", "ssid", "net");
  medium.operations.length = 0;
  nvs.setString("device", "ssid", "net");
  assert.equal(medium.operations.length, 0);
});

test("a string whose bytes are damaged is dropped, and those around it are not", () => {
  for (const key of ["one", "two", "three"]) nvs.setString("device", key, key);
  const bytes = bytesOf(flash);
  const at = Buffer.from(bytes).indexOf("two\0", 64 + 3 * 32 + 32);
  bytes[at] = (bytes[at] as number) ^ 1;
  const store = new Nvs(new NorFlash(bytes, NO_MEDIUM), PARTITION);
  assert.deepEqual(
    ["one", "two", "three"].map((key) => store.getString("device", key)),
    ["one", undefined, "three"],
  );
  assert.deepEqual(store.keys("device"), ["one", "three"]);
});

test("reads what Espressif's generator makes: strings, blobs, a blob over two pages, and a number as what it is", () => {
  const key = fixture("generated-key.bin");
  assert.deepEqual(
    ["productId", "deviceName", "deviceSecret", "region", "broker", "ssid", "password", "sntp"].map((name) =>
      key.getString("device", name),
    ),
    [
      "ABCDE12345",
      "light_01",
      "MDEyMzQ1Njc4OWFiY2RlZg==",
      "us-east",
      "mqtts://192.168.0.2",
      "my net",
      "pässwörd 1",
      "time.test",
    ],
  );
  const authority = Buffer.from(certificateDer("ca.pem"));
  for (const name of ["brokerCa", "downloadCa"]) assert.deepEqual(key.get("device", name), authority);
  const certificate = fixture("generated-cert.bin");
  assert.deepEqual(certificate.get("device", "deviceCert"), Buffer.from(certificateDer("client.pem")));
  assert.deepEqual(certificate.get("device", "deviceKey"), Buffer.from(keyDer("client-key.pem")));
  for (const name of ["brokerCa", "downloadCa"]) assert.deepEqual(certificate.get("device", name), authority);
  assert.equal(certificate.typeOf("phy", "count"), "number");
  assert.equal(certificate.getString("device", "ssid"), "my net");
});

test("reads what ESP-IDF itself has written, changed, erased and moved", () => {
  const store = fixture("written.bin");
  const text = (key: string): string | undefined => store.getString("device", key);
  assert.deepEqual(["productId", "deviceName", "deviceSecret", "ssid", "password"].map(text), [
    "ABCDE12345",
    "light_01",
    "MDEyMzQ1Njc4OWFiY2RlZg==",
    "network number 60",
    undefined,
  ]);
  assert.deepEqual(store.get("device", "brokerCa"), Buffer.from(certificateDer("ca.pem")));
  assert.deepEqual(store.get("ota", "job"), Buffer.alloc(1500, "A"));
  assert.deepEqual(store.get("ota", "long"), Buffer.alloc(3000, "B"));
});

test("a blob over two pages that lost one of its chunks is not read", () => {
  const bytes = fixtureBytes("generated-cert.bin");
  const authority = Buffer.from(certificateDer("ca.pem"));
  const second = Buffer.from(bytes).indexOf(authority.subarray(-32), SECTOR_LENGTH);
  assert.ok(second > SECTOR_LENGTH, "its end lies on the second page");
  bytes[second] = (bytes[second] as number) ^ 1;
  const store = mount(bytes);
  assert.equal(store.get("device", "downloadCa"), undefined);
  assert.equal(store.typeOf("device", "downloadCa"), undefined);
  assert.deepEqual(store.get("device", "brokerCa"), authority);
});

function remount(): Nvs {
  return new Nvs(new NorFlash(bytesOf(flash), NO_MEDIUM), PARTITION);
}

function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(ROOT, "test", "fixtures", "nvs", name)));
}

/** Mounting it must change nothing, because nothing needs a repair. */
function fixture(name: string): Nvs {
  const recording = new RecordingMedium();
  const store = mount(fixtureBytes(name), recording);
  assert.equal(recording.operations.length, 0, name);
  return store;
}

function mount(bytes: Uint8Array, medium = new RecordingMedium()): Nvs {
  return new Nvs(new NorFlash(bytes, medium), { ...PARTITION, size: bytes.byteLength });
}
