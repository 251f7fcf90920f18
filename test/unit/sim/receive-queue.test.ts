import assert from "node:assert/strict";
import { test } from "node:test";
import { ReceiveQueue } from "../../../hal/boards/sim/receive-queue.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

test("returns every byte in order, in pieces of any lengths", () => {
  const random = new SeededRandom();
  for (let round = 0; round < 50; round++) {
    const sent = Buffer.from(random.bytes(random.integer(0, 3000)));
    const queue = new ReceiveQueue();
    const received: Uint8Array[] = [];
    for (let at = 0; at < sent.byteLength || queue.byteLength > 0; ) {
      const piece = sent.subarray(at, at + random.integer(0, 300));
      queue.push(piece);
      at += piece.byteLength;
      const into = new Uint8Array(random.integer(0, queue.byteLength + 1));
      queue.take(into);
      received.push(into);
    }
    assert.ok(Buffer.concat(received).equals(sent), REPEAT);
  }
});

test("counts what it holds, and holds nothing once cleared", () => {
  const queue = new ReceiveQueue();
  queue.push(Buffer.from("hello"));
  queue.take(new Uint8Array(2));
  queue.push(Buffer.alloc(0));
  assert.equal(queue.byteLength, 3);
  queue.clear();
  assert.equal(queue.byteLength, 0);
  queue.push(Buffer.from("x"));
  const into = new Uint8Array(1);
  queue.take(into);
  assert.equal(into[0], 0x78);
});
