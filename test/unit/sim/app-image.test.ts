import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { appVersion, CHIP_ESP32, verifyAppImage } from "../../../hal/boards/sim/app-image.js";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { CHIPS } from "../../../hal/boards/family/chips.js";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { resealImage } from "../../support/resealed-image.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const SLOT = { label: "ota_0", type: 0, subtype: 0x10, offset: 0x10000, size: 0x4000 };
const IMAGE = Buffer.from(buildAppImage({ version: "1.2.3", byteLength: 4096, seed: 1 }));
/** Offset of the second segment's header: 1 KiB of code before the checksum's line. */
const SECOND = 4096 - 32 - 4 - 1024 - 8;

test("accepts a sound image, whatever is behind it in the slot", () => {
  assert.equal(verify(IMAGE), undefined);
  assert.equal(verify(Buffer.concat([IMAGE, Buffer.alloc(5000, 0x5a)])), undefined);
});

test("accepts an image that fills the slot to its last byte and refuses the next larger one", () => {
  assert.equal(verify(buildAppImage({ version: "1", byteLength: SLOT.size, seed: 1 })), undefined);
  assert.notEqual(verify(buildAppImage({ version: "1", byteLength: SLOT.size + 16, seed: 1 })), undefined);
});

test("refuses what is no image", () => {
  assert.equal(verify(new Uint8Array(0)), "no image magic");
  assert.equal(verify(new Uint8Array(4096)), "no image magic");
  assert.equal(verify(new SeededRandom(7).bytes(4096).fill(0xe8, 0, 1)), "no image magic");
  assert.notEqual(verify(Uint8Array.of(0xe9)), undefined);
});

test("refuses an image for another chip", () => {
  const image = buildAppImage({ version: "1", byteLength: 336, seed: 1, chipId: 9 });
  assert.equal(verify(image), "image for ESP32-S3, this is ESP32");
  assert.equal(verify(image, 9), undefined);
  assert.equal(verify(IMAGE, 9), "image for ESP32, this is ESP32-S3");
});

test("each chip maps its own addresses from flash, and asks the descriptor for the length of a page only if it can choose it", () => {
  for (const { id, mapped, choosesPageLength } of CHIPS) {
    const image = Buffer.from(buildAppImage({ version: "1", byteLength: 336, seed: 1, chipId: id }));
    const [start, end] = mapped[0] ?? assert.fail();
    const at = (address: number, logarithm: number): string | undefined => {
      image.writeUInt32LE(address, 24);
      image.writeUInt8(logarithm, 32 + 180);
      return verify(resealImage(image), id);
    };
    assert.equal(at(start + 32, 0), undefined);
    assert.equal(at(start + 0x8020, 0), "segment 0 not aligned for the MMU");
    assert.equal(at(start + 0x8020, 15), choosesPageLength ? undefined : "segment 0 not aligned for the MMU");
    assert.equal(at(start + 0x4020, 15), "segment 0 not aligned for the MMU");
    assert.equal(at(end + 4, 0), undefined, "an address that is not mapped");
  }
});

test("refuses every single flipped bit but the one that says whether a SHA-256 follows", () => {
  const small = Buffer.from(buildAppImage({ version: "1.2.3", byteLength: 336, seed: 3 }));
  for (const image of [small, IMAGE]) {
    for (let bit = 0; bit < image.byteLength * 8; bit += image === small ? 1 : 7) {
      if (bit === 23 * 8) continue;
      const spoilt = Buffer.from(image);
      spoilt[bit >> 3] = (spoilt[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.notEqual(verify(spoilt), undefined, `byte ${bit >> 3} bit ${bit & 7}`);
    }
  }
});

test("refuses an image that is cut short at any place", () => {
  for (let length = 0; length < IMAGE.byteLength; length += 13) {
    assert.notEqual(verify(IMAGE.subarray(0, length)), undefined, `${length}`);
  }
  assert.notEqual(verify(IMAGE.subarray(0, IMAGE.byteLength - 1)), undefined);
});

test("refuses any sector that is missing or another's", () => {
  const random = new SeededRandom();
  const image = buildAppImage({ version: "1", byteLength: 0x4000, seed: 1 });
  for (let sector = 0; sector < 4; sector++) {
    for (const content of [new Uint8Array(4096).fill(0xff), new Uint8Array(4096), random.bytes(4096)]) {
      const spoilt = image.slice();
      spoilt.set(content, sector * 4096);
      assert.notEqual(verify(spoilt), undefined, `sector ${sector}; ${REPEAT}`);
    }
  }
});

test("refuses no segments, more than 16, and 16 that do not exist", () => {
  assert.equal(verify(resealed((image) => image.writeUInt8(0, 1))), "0 segments");
  assert.equal(verify(resealed((image) => image.writeUInt8(17, 1))), "17 segments");
  assert.equal(verify(resealed((image) => image.writeUInt8(255, 1))), "255 segments");
  assert.notEqual(verify(resealed((image) => image.writeUInt8(16, 1))), undefined);
});

test("accepts 16 segments, each of any length but the first", () => {
  assert.equal(
    verify(imageOf([[0, 256], ...Array.from({ length: 15 }, (_, index) => [0, index * 4] as const)])),
    undefined,
  );
});

test("refuses segments whose length is no multiple of 4, leaves the slot, or wraps", () => {
  for (const length of [1, 2, 3, 0x3ffc, 0x4000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffc, 0xffffffff]) {
    const [first, second] = [28, SECOND + 4].map((at) => verify(resealed((image) => image.writeUInt32LE(length, at))));
    assert.match(String(first), /segment|outside|descriptor/, `first: ${length}`);
    assert.match(String(second), /segment|outside/, `second: ${length}`);
  }
});

test("refuses a first segment without room for the application descriptor", () => {
  assert.equal(verify(imageOf([[0, 252]])), "no room for an application descriptor");
  assert.equal(verify(imageOf([[0, 256]])), undefined);
});

test("refuses a segment that the chip could not map at its offset", () => {
  for (const base of [0x3f400000, 0x3f7f0000, 0x400d0000, 0x403f0000]) {
    assert.equal(verify(imageOf([[base + 32, 256]])), undefined);
    assert.equal(verify(imageOf([[base + 36, 256]])), "segment 0 not aligned for the MMU");
  }
  for (const loaded of [0x3f3fffff, 0x3f800000, 0x400cfffc, 0x40400000, 0x3ffb0000, 0]) {
    assert.equal(verify(imageOf([[loaded, 256]])), undefined, `loaded to ${loaded.toString(16)}`);
  }
});

test("finds the checksum in the last byte of the line after the segments, wherever they end", () => {
  for (let length = 256; length <= 288; length += 4) {
    assert.equal(verify(imageOf([[0, length]])), undefined, `${length}`);
  }
});

test("refuses a wrong checksum even if the SHA-256 agrees", () => {
  assert.equal(
    verify(resealed((image) => image.writeUInt8(image.readUInt8(4096 - 33) ^ 1, 4096 - 33))),
    "wrong checksum",
  );
  assert.equal(verify(resealed((image) => image.writeUInt8(image.readUInt8(600) ^ 1, 600))), "wrong checksum");
});

test("refuses a wrong SHA-256 even if the checksum agrees", () => {
  const spoilt = Buffer.from(IMAGE);
  for (const at of [600, 601]) spoilt.writeUInt8(spoilt.readUInt8(at) ^ 1, at);
  assert.equal(verify(spoilt), "wrong SHA-256");
  for (let at = 4096 - 32; at < 4096; at++) {
    const wrong = Buffer.from(IMAGE);
    wrong.writeUInt8(wrong.readUInt8(at) ^ 0x80, at);
    assert.equal(verify(wrong), "wrong SHA-256");
  }
});

test("without an appended SHA-256 the checksum alone decides", () => {
  const bare = Buffer.from(IMAGE.subarray(0, 4096 - 32));
  bare.writeUInt8(0, 23);
  assert.equal(verify(bare), undefined);
  bare.writeUInt8(bare.readUInt8(600) ^ 1, 600);
  assert.equal(verify(bare), "wrong checksum");
});

test("a checksum or SHA-256 that would lie outside the slot is refused", () => {
  const tight = (size: number): string | undefined => verifyIn(size, imageOf([[0, 4096 - 32 - 16]]));
  assert.equal(tight(4096), "SHA-256 outside the slot");
  const bare = imageOf([[0, 4096 - 32]]);
  assert.equal(verifyIn(4096, bare), "checksum outside the slot");
  assert.equal(verifyIn(8192, bare), undefined);
});

test("never throws on random bytes behind a right magic", () => {
  const random = new SeededRandom();
  for (let round = 0; round < 300; round++) {
    const bytes = random.bytes(random.integer(1, 2000));
    bytes[0] = 0xe9;
    if (bytes.byteLength > 32) bytes.set([random.integer(1, 17)], 1);
    if (bytes.byteLength > 32) bytes.set([0, 0], 12);
    assert.notEqual(verify(bytes), undefined, REPEAT);
  }
});

test("reads the version up to its NUL, all of its 32 bytes, or none", () => {
  assert.equal(appVersion(IMAGE), "1.2.3");
  const long = "v".repeat(32);
  assert.equal(appVersion(buildAppImage({ version: long, byteLength: 336, seed: 1 })), long);
  assert.equal(appVersion(IMAGE.subarray(0, 288)), "1.2.3");
  assert.equal(appVersion(IMAGE.subarray(0, 287)), undefined);
  assert.equal(appVersion(new Uint8Array(4096)), undefined);
  assert.equal(appVersion(new Uint8Array(4096).fill(0xff)), undefined);
  assert.equal(appVersion(resealed((image) => image.writeUInt32LE(0, 32))), undefined);
  assert.equal(appVersion(resealed((image) => image.fill(0, 48, 80))), "");
});

test("reads the version from a view into a larger buffer", () => {
  const larger = new Uint8Array(5000);
  larger.set(IMAGE, 700);
  assert.equal(appVersion(larger.subarray(700)), "1.2.3");
});

function verify(image: Uint8Array, chipId = CHIP_ESP32): string | undefined {
  return verifyIn(SLOT.size, image, chipId);
}

function verifyIn(size: number, image: Uint8Array, chipId = CHIP_ESP32): string | undefined {
  const bytes = new Uint8Array(0x20000).fill(0xff);
  bytes.set(image, SLOT.offset);
  return verifyAppImage(new NorFlash(bytes, NO_MEDIUM), { ...SLOT, size }, chipId);
}

/** The image with a change under a SHA-256 that agrees. */
function resealed(change: (image: Buffer) => void): Buffer {
  const image = Buffer.from(IMAGE);
  change(image);
  createHash("sha256")
    .update(image.subarray(0, 4096 - 32))
    .digest()
    .copy(image, 4096 - 32);
  return image;
}

/** An image of these segments, put together field by field. */
function imageOf(segments: readonly (readonly [address: number, length: number])[]): Buffer {
  const random = new SeededRandom(11);
  const header = Buffer.from(IMAGE.subarray(0, 24));
  header.writeUInt8(segments.length, 1);
  const parts: Uint8Array[] = [header];
  let checksum = 0xef;
  for (const [address, length] of segments) {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(address, 0);
    head.writeUInt32LE(length, 4);
    const data = random.bytes(length);
    for (const byte of data) checksum ^= byte;
    parts.push(head, data);
  }
  const unpadded = Buffer.concat(parts);
  const body = Buffer.concat([unpadded, Buffer.alloc(16 - (unpadded.byteLength % 16))]);
  body.writeUInt8(checksum, body.byteLength - 1);
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}
