import assert from "node:assert/strict";
import { test } from "node:test";
import { IMAGE_HEADER_LENGTH, readImageHeader } from "../../../../cloud/files/image-header.js";

/** The beginning of an image, as the ESP-IDF's build writes it. */
function imageOf({
  chip = 9,
  version = "1.2.3",
  project = "lamp",
  magic = 0xe9,
  descriptor = 0xabcd5432,
  secureVersion = 3,
} = {}): Buffer {
  const bytes = Buffer.alloc(IMAGE_HEADER_LENGTH + 100, 0xff);
  bytes[0] = magic;
  bytes.writeUInt16LE(chip, 12);
  bytes.writeUInt32LE(descriptor, 32);
  bytes.writeUInt32LE(secureVersion, 36);
  bytes.fill(0, 48, 112);
  bytes.write(version, 48, 32, "latin1");
  bytes.write(project, 80, 32, "latin1");
  return bytes;
}

test("chip, versions and project are read from the beginning of an image", () => {
  assert.deepEqual(readImageHeader(imageOf()), {
    chip: "esp32s3",
    chipId: 9,
    secureVersion: 3,
    version: "1.2.3",
    project: "lamp",
  });
  const chips = [0, 2, 5, 9, 12, 13, 16, 18, 20, 23].map((chip) => readImageHeader(imageOf({ chip }))?.chip);
  assert.deepEqual(chips, [
    "esp32",
    "esp32s2",
    "esp32c3",
    "esp32s3",
    "esp32c2",
    "esp32c6",
    "esp32h2",
    "esp32p4",
    "esp32c61",
    "esp32c5",
  ]);
});

test("the header alone is enough, and a byte less is not", () => {
  const image = imageOf();
  assert.notEqual(readImageHeader(image.subarray(0, IMAGE_HEADER_LENGTH)), undefined);
  assert.equal(readImageHeader(image.subarray(0, IMAGE_HEADER_LENGTH - 1)), undefined);
  assert.equal(readImageHeader(Buffer.alloc(0)), undefined);
});

test("a file that is no ESP32 image or has no descriptor has no header", () => {
  for (const wrong of [{ magic: 0xe8 }, { descriptor: 0 }]) {
    assert.equal(readImageHeader(imageOf(wrong)), undefined, JSON.stringify(wrong));
  }
});

test("an image for a chip outside of the family is one, so that a product with a chip can refuse it", () => {
  assert.equal(readImageHeader(imageOf({ chip: 77 }))?.chip, "chip 77");
  assert.equal(readImageHeader(imageOf({ chip: 0xffff }))?.chip, "chip 65535");
});

test("a text of 32 characters needs no zero byte, and what is not printable is left out", () => {
  const long = "v".repeat(32);
  assert.equal(readImageHeader(imageOf({ version: long, project: "p".repeat(32) }))?.version, long);
  const { version, project } = readImageHeader(imageOf({ version: "1\x1b[31m\n2", project: "l\xe4mp\0rest" })) ?? {};
  assert.deepEqual([version, project], ["1[31m2", "lmp"]);
});
