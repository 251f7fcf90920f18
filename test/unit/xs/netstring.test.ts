import assert from "node:assert/strict";
import { test } from "node:test";
import { frameNetstring, NetstringReader } from "../../../hal/boards/xs/netstring.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { latin1, singleBytes, twoWaySplits } from "../../support/splits.js";

function read(pieces: readonly Uint8Array[]): string[] {
  const messages: string[] = [];
  const reader = new NetstringReader({ onMessage: (message) => messages.push(message.toString("latin1")) });
  for (const piece of pieces) reader.push(piece);
  return messages;
}

test("messages come out the same wherever their bytes are cut", () => {
  const messages = ["?ab", "", "12:x,", "\0\xff,", "a".repeat(10)];
  const stream = Buffer.concat(messages.map((message) => frameNetstring(latin1(message))));
  for (const pieces of [...twoWaySplits(stream), singleBytes(stream)]) assert.deepEqual(read(pieces), messages);
});

test("a long message comes out of pieces of any size", () => {
  const random = new SeededRandom();
  const long = Buffer.from(random.bytes(200_000));
  const stream = Buffer.concat([frameNetstring(long), frameNetstring(latin1("after"))]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < stream.byteLength; ) {
    const end = at + random.integer(0, 70_000);
    pieces.push(stream.subarray(at, end));
    at = end;
  }
  const [first, second] = read(pieces);
  assert.ok(first === long.toString("latin1"), REPEAT);
  assert.equal(second, "after");
});

test("a frame is made of its parts", () => {
  assert.equal(frameNetstring(latin1("?"), latin1("abc"), new Uint8Array(0)).toString(), "4:?abc,");
  assert.equal(frameNetstring().toString(), "0:,");
});

for (const [what, bytes] of [
  ["no length", ":,"],
  ["letters for a length", "x"],
  ["a length of ten digits", "1000000000"],
  ["no comma", "1:ab"],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => read([latin1(bytes)]), /^Error: netstring without/);
  });
}
