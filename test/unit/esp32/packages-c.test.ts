import assert from "node:assert/strict";
import { after, test } from "node:test";
import { encodePackage } from "../../../cloud/delta/package-file.js";
import type { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import type { Packages } from "../../../hal/ports/index.js";
import { BLOCK_LENGTH } from "../../../src/package/format.js";
import { type PackageHeader, recordOffset } from "../../../src/package/header-reader.js";
import { NativeBoot } from "../../support/native-boot.js";
import { SeededRandom } from "../../support/seed.js";
import { smallFlash, SMALL_SLOTS } from "../../support/small-flash.js";
import { readHeader } from "../../support/unpack.js";

const native = new NativeBoot();
after(() => native.remove());

test("compiles without a warning", () => {
  const { status, errors } = native.compile({ sanitized: true });
  assert.equal(status, 0, errors);
});

const random = new SeededRandom(5);
const base = random.bytes(2 * BLOCK_LENGTH);
/** The second block of the base with a few other bytes, twice: the second time it is a match in the result. */
const changed = base.slice(BLOCK_LENGTH).fill(1, 2000, 2010);
const delta = encodePackage({
  base: { bytes: base, version: "1" },
  result: { bytes: Buffer.concat([changed, changed]), version: "2" },
  chipId: 0,
});
const compressed = encodePackage({ result: { bytes: Buffer.concat([changed, changed]), version: "2" }, chipId: 0 });

/** Each slot begins with these bytes. */
function flashWith(...slots: readonly Uint8Array[]): NorFlash {
  const flash = smallFlash("1");
  for (const [index, bytes] of slots.entries()) {
    const { offset = 0, size = 0 } = SMALL_SLOTS[index] ?? {};
    flash.erase(offset, size);
    flash.program(bytes, offset);
  }
  return flash;
}

/** What `decodeBlock` is called with for a block of a package. */
function parametersOf(bytes: Uint8Array, number: number): Parameters<Packages["decodeBlock"]> {
  const header: PackageHeader = readHeader(bytes);
  const record = bytes.slice(recordOffset(header, number), recordOffset(header, number + 1));
  return [
    header.tables.buffer,
    header.dictionary.buffer,
    header.base?.length ?? 0,
    record,
    record.byteLength,
    new Uint8Array(BLOCK_LENGTH),
    BLOCK_LENGTH,
    number * BLOCK_LENGTH,
  ];
}

test("the base is the running slot, whichever it is", () => {
  for (const [running, flash] of [
    ["ota_0", flashWith(base, changed)],
    ["ota_1", flashWith(changed, base)],
  ] as const) {
    assert.deepEqual(native.decodeBlock(flash, running, ...parametersOf(delta, 0)), Buffer.from(changed));
  }
});

test("the result is the target slot, whichever it is", () => {
  const blank = new Uint8Array(BLOCK_LENGTH).fill(0xff);
  for (const [running, flash] of [
    ["ota_0", flashWith(blank, changed)],
    ["ota_1", flashWith(changed, blank)],
  ] as const) {
    assert.deepEqual(native.decodeBlock(flash, running, ...parametersOf(compressed, 1)), Buffer.from(changed));
  }
});

test("says in words what is wrong with a record", () => {
  const parameters = parametersOf(delta, 0);
  parameters[3].fill(0xff, 1);
  const reason = native.decodeBlock(flashWith(base, changed), "ota_0", ...parameters);
  assert.match(String(reason), /^[a-z ]+$/);
});

test("a slot that cannot be read is an error, by its name", () => {
  const parameters = parametersOf(delta, 0);
  const end = SMALL_SLOTS[0]?.size ?? 0;
  // The package says that its base goes beyond the slot, and the block is made from there.
  parameters[2] = 1 << 24;
  parameters[7] = end;
  assert.throws(() => native.decodeBlock(flashWith(base, changed), "ota_0", ...parameters), {
    message: "ESP_ERR_INVALID_SIZE",
  });
});

test("lengths that do not belong to the buffers are refused", () => {
  const flash = flashWith(base, changed);
  const wrong: readonly (readonly [number, ArrayBufferLike | number])[] = [
    [0, new ArrayBuffer(3582)],
    [1, new ArrayBuffer(140)],
    [2, -1],
    [4, BLOCK_LENGTH],
    [4, -1],
    [6, BLOCK_LENGTH + 1],
    [7, -1],
  ];
  for (const [index, value] of wrong) {
    const parameters = parametersOf(delta, 0);
    (parameters as unknown[])[index] = value;
    assert.throws(
      () => native.decodeBlock(flash, "ota_0", ...parameters),
      { message: "ESP_ERR_INVALID_SIZE" },
      `parameter ${index}`,
    );
  }
});
