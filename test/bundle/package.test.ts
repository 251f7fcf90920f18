import assert from "node:assert/strict";
import { before, test } from "node:test";
import { encodePackage } from "../../cloud/delta/package-file.js";
import { buildXsHost } from "../../hal/boards/xs/host/build.js";
import { OtaError } from "../../src/errors.js";
import { recordOffset } from "../../src/package/header-reader.js";
import { changeProgram, createProgram, FEATURE, linkImage, MINOR } from "../support/linked-image.js";
import { readHeader, unpack } from "../support/unpack.js";
import { unpackOnXs } from "../support/unpacking-on-xs.js";

const NOTHING = new Uint8Array(0);

const program = createProgram(11, 150_000);
const base = linkImage(program);
const next = (change: typeof MINOR): Uint8Array => linkImage(changeProgram(program, change, 12));

function packed(from: Uint8Array | undefined, result: Uint8Array): Uint8Array {
  return encodePackage({
    base: from === undefined ? undefined : { bytes: from, version: "1.0.0" },
    result: { bytes: result, version: "1.1.0" },
    chipId: 0,
  });
}

before(() => buildXsHost(), { timeout: 300_000 });

/** Bytecodes a byte of the result that are at most used; `npm run bench:packages` prints those of 1 MiB. */
for (const [name, from, result, most] of [
  ["a minor delta", base, next(MINOR), 12],
  ["a feature delta", base, next(FEATURE), 24],
  ["a compressed image", undefined, base, 48],
] as const) {
  test(`the bundle on XS makes the result of ${name} in the heap of an ESP32, for at most ${most} bytecodes a byte`, async () => {
    const bytes = packed(from, result);
    const cost = await unpackOnXs(bytes, from ?? NOTHING);
    assert.ok(Buffer.from(cost.result).equals(result));
    const each = cost.bytecodes / result.byteLength;
    assert.ok(each <= most, `${each} bytecodes`);
    assert.ok(cost.stackSlots <= 448, `${cost.stackSlots} slots of stack`);
  });
}

for (const [name, from, result] of [
  ["a minor delta", base, next(MINOR)],
  ["a feature delta", base, next(FEATURE)],
  ["a compressed image", undefined, base],
] as const) {
  test(`the C of the board in the engine makes the result of ${name}, at most 0.15 bytecodes a byte beside the header`, async () => {
    const bytes = packed(from, result);
    const header = await unpackOnXs(bytes, from ?? NOTHING, { native: true, blocks: 0 });
    const cost = await unpackOnXs(bytes, from ?? NOTHING, { native: true });
    assert.ok(Buffer.from(cost.result).equals(result));
    const each = (cost.bytecodes - header.bytecodes) / result.byteLength;
    assert.ok(each <= 0.15, `${each} bytecodes`);
    assert.ok(header.bytecodes <= 220_000, `${header.bytecodes} bytecodes for the header`);
  });
}

test("at most 11 KiB are alive beyond the buffer of one block, with an index for 1 MiB", async () => {
  const large = new Uint8Array(1 << 20);
  large.set(base.subarray(0, 8 * 4096));
  const bytes = packed(undefined, large);
  const { liveBytes } = await unpackOnXs(bytes, NOTHING, { stride: 1, blocks: 8 });
  assert.ok(liveBytes > 9 * 1024 && liveBytes <= 11 * 1024, `${liveBytes} bytes`);
});

test("a changed record is refused on XS and in C as on Node, by the same words", async () => {
  const bytes = packed(base, next(FEATURE)).slice();
  bytes.fill(0xff, recordOffset(readHeader(bytes), 0) + 8, recordOffset(readHeader(bytes), 1));
  let reason = "";
  assert.throws(
    () => unpack(bytes, base),
    (error) => ((reason = (error as Error).message), error instanceof OtaError && error.code === "package-malformed"),
  );
  for (const native of [false, true]) {
    await assert.rejects(unpackOnXs(bytes, base, { native }), (error: Error) => error.message.includes(reason));
  }
});
