import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { createMd5 } from "../../../src/image/digest.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";
import { SeededRandom } from "../../support/seed.js";

const bytes = new SeededRandom(7).bytes(20_000);
const expected = (length: number): string => createHash("md5").update(bytes.subarray(0, length)).digest("hex");

function md5Of(pieces: readonly Uint8Array[], digests = NO_DIGESTS): string {
  const digest = createMd5(digests);
  for (const piece of pieces) digest.update(piece);
  return Buffer.from(digest.digest()).toString("hex");
}

test("known answers (RFC 1321)", () => {
  assert.equal(md5Of([]), "d41d8cd98f00b204e9800998ecf8427e");
  assert.equal(md5Of([Uint8Array.of(0x61, 0x62, 0x63)]), "900150983cd24fb0d6963f7d28e17f72");
});

test("only the bytes that are handed over count, not the rest of their buffer", () => {
  assert.equal(md5Of([bytes.subarray(0, 10), bytes.subarray(10, 777)]), expected(777));
  // `slice` of a Buffer, which is a Uint8Array too, does not copy.
  assert.equal(md5Of([Buffer.from(bytes.buffer, 0, 777)]), expected(777));
});

test("a board without MD5 of its own computes the same as node does, around every block of MD5", () => {
  for (const length of [0, 1, 55, 56, 57, 63, 64, 65, 127, 128, 4095, 4096, 4097, 20_000]) {
    assert.equal(md5Of([bytes.subarray(0, length)]), expected(length), `${length} bytes`);
  }
});

test("the digest is the same for any split", () => {
  fc.assert(
    fc.property(fc.nat(3000), fc.array(fc.nat(3000), { maxLength: 20 }), (length, positions) => {
      const ends = [...positions.filter((position) => position < length), length].sort((left, right) => left - right);
      const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      assert.equal(md5Of(pieces), expected(length));
    }),
  );
});

test("the bytes may be overwritten once they were handed over", () => {
  const digest = createMd5(NO_DIGESTS);
  const block = new Uint8Array(100);
  for (let at = 0; at < 1000; at += 100) {
    block.set(bytes.subarray(at, at + 100));
    digest.update(block);
  }
  assert.equal(Buffer.from(digest.digest()).toString("hex"), expected(1000));
});

test("the board's own MD5 is used if it has one", () => {
  assert.equal(md5Of([bytes], NODE_DIGESTS), expected(20_000));
  const own = { update: () => {}, digest: () => new Uint8Array(16) };
  assert.equal(createMd5({ create: (algorithm) => (algorithm === "MD5" ? own : undefined) }), own);
});
