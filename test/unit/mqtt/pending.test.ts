import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pending, PendingPackets } from "../../../src/mqtt/pending.js";

function waiting(packetId: number): Pending {
  return { packetId, answer: "puback", encode: () => new Uint8Array(0), onAcknowledged: () => {}, tries: 1, sentAt: 0 };
}

function filled(packets: PendingPackets, count: number): number[] {
  return Array.from({ length: count }, () => {
    const packetId = packets.nextId();
    packets.add(waiting(packetId));
    return packetId;
  });
}

function oldestId(packets: PendingPackets): number | undefined {
  return packets.oldest?.packetId;
}

test("ids begin with 1 and are not used again while they wait", () => {
  const packets = new PendingPackets(16);
  assert.deepEqual(filled(packets, 3), [1, 2, 3]);
  packets.take(2, "puback");
  assert.equal(packets.nextId(), 4);
});

test("ids go round after 65535, never over 0, and step over those that still wait", () => {
  const packets = new PendingPackets(16);
  filled(packets, 2);
  let last = 2;
  for (let count = 3; count <= 0xffff; count++) {
    last = packets.nextId();
    assert.equal(last, count);
  }
  assert.equal(packets.nextId(), 3);
});

test("it is full at its limit, and no longer once one was taken", () => {
  const packets = new PendingPackets(2);
  assert.equal(packets.full, false);
  filled(packets, 2);
  assert.equal(packets.full, true);
  packets.take(1, "puback");
  assert.equal(packets.full, false);
});

test("the oldest is the one that waits longest; a repetition makes it the youngest", () => {
  const packets = new PendingPackets(16);
  assert.equal(oldestId(packets), undefined);
  filled(packets, 3);
  assert.equal(oldestId(packets), 1);
  packets.requeue(packets.oldest as Pending);
  assert.equal(oldestId(packets), 2);
  packets.take(2, "puback");
  packets.take(3, "puback");
  assert.equal(oldestId(packets), 1);
});

test("an id is taken once, and one that nobody waits for not at all", () => {
  const packets = new PendingPackets(16);
  filled(packets, 1);
  assert.equal(packets.take(1, "puback")?.packetId, 1);
  assert.equal(packets.take(1, "puback"), undefined);
  assert.equal(packets.take(99, "puback"), undefined);
});

test("an answer of another kind takes nothing", () => {
  const packets = new PendingPackets(16);
  filled(packets, 1);
  assert.equal(packets.take(1, "suback"), undefined);
  assert.equal(packets.take(1, "puback")?.packetId, 1);
});

test("a packet that is no longer waiting is not brought back by a repetition", () => {
  const packets = new PendingPackets(16);
  filled(packets, 1);
  const taken = packets.take(1, "puback") as Pending;
  packets.requeue(taken);
  assert.equal(oldestId(packets), undefined);
});

test("after a clear nothing waits, and ids go on", () => {
  const packets = new PendingPackets(2);
  filled(packets, 2);
  packets.clear();
  assert.equal(oldestId(packets), undefined);
  assert.equal(packets.full, false);
  assert.equal(packets.nextId(), 3);
});
