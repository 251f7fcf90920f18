import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { OtaError } from "../../../src/errors.js";
import { CHIPS } from "../../../hal/boards/family/chips.js";
import { CHIP_SUFFIXES, checkImageHeader } from "../../../src/image/header.js";

const ESP32 = 0;
const ESP32_S3 = 9;
const SIZE = 8192;
const BLOCK = buildAppImage({ version: "1.2.3", byteLength: SIZE, seed: 1 }).subarray(0, 4096);

function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const block = BLOCK.slice();
  change(new DataView(block.buffer), block);
  return block;
}

function refused(block: Uint8Array, reason: RegExp, size = SIZE): void {
  assert.throws(
    () => checkImageHeader(block, size, ESP32),
    (error) => error instanceof OtaError && error.code === "image-invalid" && reason.test(error.message),
  );
}

function noImage(block: Uint8Array): void {
  assert.throws(() => checkImageHeader(block, SIZE, ESP32), {
    code: "unexpected-answer",
    message: "not an application image",
  });
}

test("a sound header gives the version in it", () => {
  assert.equal(checkImageHeader(BLOCK, SIZE, ESP32), "1.2.3");
  const other = buildAppImage({ version: "v", byteLength: SIZE, seed: 1, chipId: ESP32_S3 });
  assert.equal(checkImageHeader(other, SIZE, ESP32_S3), "v");
});

test("an image for another chip is refused with the names of both, or with a number that has no name", () => {
  const names = CHIPS.map(({ id, name }) => [id, name] as const);
  assert.deepEqual(
    Object.entries(CHIP_SUFFIXES).map(([id, suffix]) => [Number(id), `ESP32${suffix}`]),
    names.sort(([left], [right]) => left - right),
  );
  for (const [id, name] of names.filter(([other]) => other !== ESP32)) {
    const image = buildAppImage({ version: "v", byteLength: SIZE, seed: 1, chipId: id });
    assert.throws(() => checkImageHeader(image, SIZE, ESP32), {
      code: "image-invalid",
      message: `image for ${name}, this is ESP32`,
    });
    assert.throws(() => checkImageHeader(BLOCK, SIZE, id), { message: `image for ESP32, this is ${name}` });
  }
  assert.throws(() => checkImageHeader(BLOCK, SIZE, 77), { message: "image for ESP32, this is chip 77" });
});

test("a version of 32 characters has no end mark", () => {
  const version = "0123456789abcdefghijklmnopqrst.x";
  const image = buildAppImage({ version, byteLength: SIZE, seed: 1 });
  assert.equal(checkImageHeader(image, SIZE, ESP32), version);
});

test("the header is found wherever in its buffer the block lies", () => {
  const buffer = new Uint8Array(5000);
  buffer.set(BLOCK, 777);
  assert.equal(checkImageHeader(buffer.subarray(777, 777 + 4096), SIZE, ESP32), "1.2.3");
});

test("refuses a file that cannot hold a header", () => {
  refused(new Uint8Array(0), /too short/, 0);
  refused(BLOCK.slice(0, 287), /too short/, 287);
  const whole = buildAppImage({ version: "1", byteLength: 336, seed: 1 });
  assert.equal(checkImageHeader(whole, 336, ESP32), "1");
});

test("refuses what is not an application image", () => {
  for (const magic of [0x00, 0xe8, 0xf9, 0xff]) {
    noImage(changed((view) => view.setUint8(0, magic)));
  }
  noImage(new Uint8Array(4096).fill(0xff));
  noImage(new TextEncoder().encode(`<?xml version='1.0'?><Error/>${" ".repeat(4000)}`));
});

test("refuses a number of segments that no image has", () => {
  for (const segments of [0, 17, 255]) {
    refused(
      changed((view) => view.setUint8(1, segments)),
      new RegExp(`${segments} segments`),
    );
  }
  for (const segments of [1, 16]) {
    assert.equal(
      checkImageHeader(
        changed((view) => view.setUint8(1, segments)),
        SIZE,
        ESP32,
      ),
      "1.2.3",
    );
  }
});

test("refuses an image for another chip, with both bytes of its id looked at", () => {
  for (const chip of [0x0109, 0x0100, 0xffff]) {
    refused(
      changed((view) => view.setUint16(12, chip, true)),
      new RegExp(`^image for chip ${chip}, this is ESP32$`),
    );
  }
});

test("refuses a first segment that does not hold the descriptor, or goes beyond the file", () => {
  for (const length of [0, 255, SIZE - 32 + 1, 0x7fffffff, 0xffffffff]) {
    refused(
      changed((view) => view.setUint32(28, length, true)),
      /wrong length/,
    );
  }
  for (const length of [256, SIZE - 32]) {
    assert.equal(
      checkImageHeader(
        changed((view) => view.setUint32(28, length, true)),
        SIZE,
        ESP32,
      ),
      "1.2.3",
    );
  }
});

test("refuses an image without an application descriptor", () => {
  for (const magic of [0, 0x3254cdab, 0xabcd5433, 0xffffffff]) {
    refused(
      changed((view) => view.setUint32(32, magic, true)),
      /descriptor/,
    );
  }
});

test("any block gives a version or is refused as invalid, and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(5000), fc.boolean(), (noise, at, keepMagic) => {
      const block =
        noise.byteLength < 300
          ? noise
          : changed((_, bytes) => bytes.set(noise, Math.min(at, 3000) + (keepMagic ? 36 : 0)));
      try {
        assert.ok(checkImageHeader(block, SIZE, ESP32).length <= 32);
      } catch (error) {
        assert.ok(error instanceof OtaError && error.code === "image-invalid", String(error));
      }
    }),
  );
});

test("a file that ends with its descriptor is long enough", () => {
  const image = changed((view) => view.setUint32(28, 256, true)).slice(0, 288);
  assert.equal(checkImageHeader(image, 288, ESP32), "1.2.3");
});
