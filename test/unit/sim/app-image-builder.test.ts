import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { appVersion, CHIP_ESP32, verifyAppImage } from "../../../hal/boards/sim/app-image.js";
import {
  type AppImageOptions,
  buildAppImage,
  MAX_VERSION_LENGTH,
  MIN_IMAGE_LENGTH,
} from "../../../hal/boards/sim/app-image-builder.js";
import { CHIPS } from "../../../hal/boards/family/chips.js";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";

const OPTIONS: AppImageOptions = { version: "1.0.0", byteLength: 4096, seed: 1 };

test("every size from the smallest on verifies and has exactly that length", () => {
  const sizes = Array.from({ length: 300 }, (_, index) => MIN_IMAGE_LENGTH + 16 * index);
  for (const byteLength of [...sizes, 0xfff0, 0x10000, 0x10010, 0x100000, 0x1a0000]) {
    const image = buildAppImage({ ...OPTIONS, byteLength });
    assert.equal(image.byteLength, byteLength);
    assert.equal(verify(image), undefined, `${byteLength} bytes`);
  }
});

test("refuses a size that no image can have", () => {
  for (const byteLength of [0, -16, 16, MIN_IMAGE_LENGTH - 16, MIN_IMAGE_LENGTH + 1, 4095, 4096.5, NaN, Infinity]) {
    assert.throws(() => buildAppImage({ ...OPTIONS, byteLength }), RangeError, `${byteLength}`);
  }
});

test("holds versions of 1 to 32 visible ASCII characters and refuses all others", () => {
  for (const version of ["1", "v2.0-rc.1+build", "x".repeat(MAX_VERSION_LENGTH), "!~"]) {
    assert.equal(appVersion(buildAppImage({ ...OPTIONS, version })), version);
  }
  for (const version of ["", "x".repeat(MAX_VERSION_LENGTH + 1), "1 0", "1\0", "ü", "1\n", "版本"]) {
    assert.throws(() => buildAppImage({ ...OPTIONS, version }), RangeError, JSON.stringify(version));
  }
});

test("the content is a function of version, size and seed", () => {
  const digest = (options: Partial<AppImageOptions>): string =>
    createHash("md5")
      .update(buildAppImage({ ...OPTIONS, ...options }))
      .digest("hex");
  assert.equal(digest({}), digest({}));
  const others = [{}, { seed: 2 }, { version: "1.0.1" }, { byteLength: 4112 }, { seed: 0 }].map(digest);
  assert.equal(new Set(others).size, others.length);
});

test("any seed gives content that does not repeat", () => {
  for (const seed of [0, 1, 0x9e3779b9, 0xffffffff, -1, 1.5]) {
    const image = buildAppImage({ ...OPTIONS, byteLength: 16384, seed });
    assert.equal(verify(image), undefined);
    assert.ok(new Set(image.subarray(512, 2048)).size > 200, `seed ${seed}`);
    const blocks = [1024, 5120, 9216].map((at) => Buffer.from(image.subarray(at, at + 1024)).toString("latin1"));
    assert.equal(new Set(blocks).size, blocks.length, `seed ${seed}`);
  }
});

for (const { name, id, mapped, codeAddress } of CHIPS) {
  test(`an image for ${name} verifies there alone, its data mapped from flash and its code in RAM`, () => {
    const image = Buffer.from(buildAppImage({ ...OPTIONS, chipId: id }));
    for (const other of CHIPS) {
      assert.equal(verify(image, other.id), other.id === id ? undefined : `image for ${name}, this is ${other.name}`);
    }
    const isMapped = (address: number): boolean => mapped.some(([from, to]) => address >= from && address < to);
    assert.deepEqual([isMapped(image.readUInt32LE(24)), isMapped(codeAddress)], [true, false]);
    assert.equal(image.readUInt32LE(4), codeAddress);
  });
}

test("refuses a chip that is none of the family's", () => {
  for (const chipId of [1, 77, 0xffff, -1]) assert.throws(() => buildAppImage({ ...OPTIONS, chipId }), RangeError);
});

test("the image is its own buffer", () => {
  const image = buildAppImage(OPTIONS);
  assert.equal(image.byteOffset, 0);
  assert.equal(image.buffer.byteLength, image.byteLength);
});

function verify(image: Uint8Array, chipId = CHIP_ESP32): string | undefined {
  const bytes = new Uint8Array(0x1b0000).fill(0xff);
  bytes.set(image);
  const slot = { label: "ota_0", type: 0, subtype: 0x10, offset: 0, size: bytes.byteLength };
  return verifyAppImage(new NorFlash(bytes, NO_MEDIUM), slot, chipId);
}

test("a secure version that its field cannot hold is refused in words", () => {
  for (const secureVersion of [-1, 1.5, 2 ** 32, NaN]) {
    assert.throws(() => buildAppImage({ ...OPTIONS, secureVersion }), /whole number of 32 bits/, `${secureVersion}`);
  }
  assert.equal(Buffer.from(buildAppImage({ ...OPTIONS, secureVersion: 0xffffffff })).readUInt32LE(36), 0xffffffff);
});
