import assert from "node:assert/strict";
import { test } from "node:test";
import NodeBufferList from "bl";
import fc from "fast-check";
import bl from "../../../hal/shims/bl.js";
import { REPEAT, SEED } from "../../support/seed.js";

/** What mqtt-packet's parser does to its list between two packets. */
type Step = { append: Uint8Array } | { consume: number } | { slice: [number, number] } | { read: [1 | 2, number] };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ append: fc.uint8Array({ maxLength: 20 }) }),
  fc.record({ consume: fc.nat(12) }),
  fc.record({ slice: fc.tuple(fc.nat(30), fc.nat(30)) }),
  fc.record({ read: fc.tuple(fc.constantFrom(1 as const, 2 as const), fc.nat(30)) }),
);

test(`whatever is appended, consumed and read in turn, the result is that of npm's bl; ${REPEAT}`, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const [ours, theirs] = [bl(), new NodeBufferList()];
      for (const one of steps) {
        if ("append" in one) {
          ours.append(one.append);
          theirs.append(Buffer.from(one.append));
        } else if ("consume" in one) {
          // The parser consumes what it has measured.
          const count = Math.min(one.consume, theirs.length);
          ours.consume(count);
          theirs.consume(count);
        } else if ("slice" in one) {
          const [start, end] = one.slice
            .map((at) => Math.min(at, theirs.length))
            .sort((left, right) => left - right) as [number, number];
          assert.deepEqual([...ours.slice(start, end)], [...theirs.slice(start, end)]);
          assert.deepEqual([...ours.slice(start)], [...theirs.slice(start)]);
        } else {
          const [width, at] = one.read;
          if (at + width <= theirs.length) assert.equal(numberAt(ours, width, at), numberAt(theirs, width, at));
        }
        assert.equal(ours.length, theirs.length);
      }
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test(`text across the seams of pieces is read as npm's bl reads it; ${REPEAT}`, () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
      fc.array(fc.nat(200), { maxLength: 6 }),
      (text, cuts) => {
        const bytes = Buffer.from(text);
        const [ours, theirs] = [bl(), new NodeBufferList()];
        const ends = [...cuts.map((cut) => cut % (bytes.byteLength + 1)), bytes.byteLength].sort(
          (left, right) => left - right,
        );
        ends.forEach((end, index) => {
          const piece = bytes.subarray(index === 0 ? 0 : ends[index - 1], end);
          ours.append(piece);
          theirs.append(piece);
        });
        assert.equal(ours.toString("utf8", 0, bytes.byteLength), theirs.toString("utf8", 0, bytes.byteLength));
      },
    ),
    { seed: SEED },
  );
});

test("differs from npm's bl, on purpose: bytes that are not UTF-8 become as many U+FFFD, never as long as they were", () => {
  for (const ill of [
    [0x61, 0xff, 0x62],
    [0xc3],
    [0xed, 0xa0, 0x80],
    [0xc0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xf0, 0x9f, 0x98],
  ]) {
    const text = bl().append(Uint8Array.from(ill)).toString();
    assert.equal(text, "\ufffd".repeat(ill.length));
    assert.notEqual(Buffer.byteLength(text), ill.length);
  }
  assert.equal(new NodeBufferList(Buffer.of(0x61, 0xff, 0x62)).toString(), "a\ufffdb");
});

test("a slice is no copy: a payload takes no memory beside its packet", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const slice = bl().append(bytes).slice(1, 3);
  assert.deepEqual([...slice], [2, 3]);
  assert.equal(slice.buffer, bytes.buffer);
});

test("bytes that were consumed are released", () => {
  const list = bl().append(new Uint8Array(1000));
  list.consume(1000);
  assert.equal(list.slice().buffer.byteLength, 0);
});

interface Readable {
  readUInt8(at: number): number;
  readUInt16BE(at: number): number;
}

function numberAt(list: Readable, width: 1 | 2, at: number): number {
  return width === 1 ? list.readUInt8(at) : list.readUInt16BE(at);
}
