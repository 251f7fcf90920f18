import assert from "node:assert/strict";
import { Buffer as NodeBuffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { Buffer } from "../../../hal/shims/buffer.js";
import { REPEAT, SEED } from "../../support/seed.js";

const text = fc.string({ unit: "binary", maxLength: 80 });
const bytes = fc.uint8Array({ maxLength: 80 });
/** Numbers that a field of this many bytes holds. */
const unsigned = (byteLength: number): fc.Arbitrary<number> => fc.nat({ max: 2 ** (8 * byteLength) - 1 });

function check<Values extends [unknown, ...unknown[]]>(
  values: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> },
  body: (...values: Values) => void,
): void {
  fc.assert(fc.property(...values, body), { seed: SEED });
}

test(`bytes of text and of numbers are Node's; ${REPEAT}`, () => {
  check<[string]>([text], (value) => {
    assert.deepEqual([...Buffer.from(value)], [...NodeBuffer.from(value)]);
    assert.equal(Buffer.byteLength(value), NodeBuffer.byteLength(value));
  });
  check<[Uint8Array]>([bytes], (value) => {
    assert.deepEqual([...Buffer.from(value)], [...NodeBuffer.from(value)]);
    assert.deepEqual([...Buffer.from([...value])], [...NodeBuffer.from([...value])]);
    assert.equal(Buffer.byteLength(Buffer.from(value)), NodeBuffer.byteLength(NodeBuffer.from(value)));
  });
});

test(`text that was encoded is read back as Node reads it; ${REPEAT}`, () => {
  check<[string, number, number]>([text, fc.nat(3), fc.nat(3)], (value, before, after) => {
    const encoded = [
      ...new Uint8Array(before).fill(0x61),
      ...NodeBuffer.from(value),
      ...new Uint8Array(after).fill(0x7a),
    ];
    const [ours, nodes] = [Buffer.from(encoded), NodeBuffer.from(encoded)];
    assert.equal(
      ours.toString("utf8", before, encoded.length - after),
      nodes.toString("utf8", before, encoded.length - after),
    );
    assert.equal(ours.toString(), nodes.toString());
  });
});

test("differs from Node, on purpose: bytes that are not UTF-8 become as many U+FFFD, never as long as they were", () => {
  for (const ill of [
    [0x61, 0xff, 0x62],
    [0xc3],
    [0xed, 0xa0, 0x80],
    [0xc0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xf0, 0x9f, 0x98],
  ]) {
    assert.equal(Buffer.from(ill).toString(), "\ufffd".repeat(ill.length));
    assert.notEqual(Buffer.byteLength(Buffer.from(ill).toString()), ill.length);
  }
  assert.equal(NodeBuffer.from([0x61, 0xff, 0x62]).toString(), "a\ufffdb");
});

test(`numbers and text are written as Node writes them, and the result is Node's; ${REPEAT}`, () => {
  check<[number, number, number, number, string]>(
    [fc.nat(8), unsigned(1), unsigned(2), unsigned(4), fc.string({ unit: "binary", maxLength: 8 })],
    (offset, one, two, four, value) => {
      const [ours, nodes] = [Buffer.alloc(64), NodeBuffer.alloc(64)];
      assert.equal(ours.writeUInt8(one, offset), nodes.writeUInt8(one, offset));
      assert.equal(ours.writeUInt16BE(two, offset + 1), nodes.writeUInt16BE(two, offset + 1));
      assert.equal(ours.writeUInt32BE(four, offset + 3), nodes.writeUInt32BE(four, offset + 3));
      assert.equal(ours.write(value, offset + 7), nodes.write(value, offset + 7));
      assert.deepEqual([...ours], [...nodes]);
    },
  );
});

test(`copies as Node does; ${REPEAT}`, () => {
  check<[Uint8Array, number]>([bytes, fc.nat(8)], (value, at) => {
    const [ours, nodes] = [new Uint8Array(100), new Uint8Array(100)];
    assert.equal(Buffer.from(value).copy(ours, at), NodeBuffer.from(value).copy(nodes, at));
    assert.deepEqual(ours, nodes);
  });
});

test("a made or copied buffer has its own memory, a cut-out one shares it: as with Node", () => {
  for (const Kind of [Buffer, NodeBuffer]) {
    const source = Uint8Array.of(1, 2, 3);
    const copy = Kind.from(source);
    source.fill(9);
    assert.deepEqual([...copy], [1, 2, 3]);
    const part = copy.subarray(1, 2);
    part[0] = 7;
    assert.equal(copy[1], 7);
    assert.ok(Kind.isBuffer(part) && !Kind.isBuffer(source) && !Kind.isBuffer("text") && !Kind.isBuffer(undefined));
    assert.ok(part instanceof Uint8Array);
    assert.deepEqual([...Kind.alloc(3)], [0, 0, 0]);
    assert.equal(Kind.allocUnsafe(3).byteLength, 3);
  }
});
