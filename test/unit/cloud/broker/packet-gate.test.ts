import assert from "node:assert/strict";
import { test } from "node:test";
import { PacketGate } from "../../../../cloud/broker/packet-gate.js";
import { joined, packet, publish } from "../../../support/broker-packets.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const LIMITS = { unprovenBytes: 100, packetBytes: 1000 };

function provenGate(): PacketGate {
  const gate = new PacketGate(LIMITS);
  gate.prove();
  return gate;
}

function filter(topic: string): number[] {
  const name = Buffer.from(topic);
  return [name.byteLength >> 8, name.byteLength & 0xff, ...name, 1];
}

function subscribe(...topics: readonly string[]): Uint8Array {
  return packet(0x82, [0, 1, ...topics.flatMap(filter)]);
}

test("a client that is not authenticated may send so many bytes in all, and an authenticated one goes on", () => {
  const gate = new PacketGate(LIMITS);
  const connect = packet(0x10, new Uint8Array(98));
  assert.equal(gate.take(connect), undefined);
  assert.equal(gate.take(Uint8Array.of(0xc0)), "unproven");
  const proven = new PacketGate(LIMITS);
  assert.equal(proven.take(connect), undefined);
  proven.prove();
  for (let count = 0; count < 50; count++) assert.equal(proven.take(Uint8Array.of(0xc0, 0)), undefined);
});

test("a packet of the longest length passes; a longer one is found by its header alone", () => {
  assert.equal(provenGate().take(packet(0x30, new Uint8Array(1000))), undefined);
  assert.equal(provenGate().take(packet(0x30, new Uint8Array(1001)).subarray(0, 3)), "too-long");
});

test("a length of more than four bytes is malformed", () => {
  assert.equal(provenGate().take(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f)), "too-long");
  assert.equal(provenGate().take(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x00)), undefined);
  assert.equal(provenGate().take(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80)), "malformed");
});

test("a SUBSCRIBE with one filter passes, also the longest; one with two does not", () => {
  const long = "t".repeat(400);
  for (const topic of ["a", "$ota/update/ABCDE12345/light_01", long]) {
    assert.equal(provenGate().take(subscribe(topic)), undefined);
    assert.equal(provenGate().take(subscribe(topic, topic)), "many-filters");
  }
  assert.equal(provenGate().take(subscribe("a", long)), "many-filters");
  assert.equal(provenGate().take(subscribe()), undefined, "the broker itself refuses none");
});

test("only a SUBSCRIBE is looked into", () => {
  const payload = subscribe("a", "b");
  assert.equal(provenGate().take(publish("topic", payload)), undefined);
});

test("packets are followed however their bytes are split", () => {
  const random = new SeededRandom();
  const good = joined(subscribe("a"), publish("topic", "x".repeat(300)), Uint8Array.of(0xc0, 0), subscribe("b"));
  const bad = joined(good, subscribe("c", "d"));
  for (let count = 0; count < 200; count++) {
    const [one, other] = [provenGate(), provenGate()];
    assert.equal(takeInParts(one, good, random), undefined, REPEAT);
    assert.equal(takeInParts(other, bad, random), "many-filters", REPEAT);
  }
});

function takeInParts(gate: PacketGate, bytes: Uint8Array, random: SeededRandom) {
  for (let at = 0; at < bytes.byteLength; ) {
    const length = 1 + ((random.bytes(1)[0] as number) % 40);
    const fault = gate.take(bytes.subarray(at, at + length));
    if (fault !== undefined) return fault;
    at += length;
  }
  return undefined;
}
