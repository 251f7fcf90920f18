import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingPackets } from "../../../src/mqtt/pending.js";
import { VirtualClock } from "../../support/virtual-clock.js";

/** Packets in flight whose bytes contain their id. */
class TestBed {
  readonly clock = new VirtualClock();
  /** What is sent, `7` and repeated `7 again`; and what is reported, `granted`, `refused` and `left`. */
  readonly events: string[] = [];
  readonly packets: PendingPackets;
  onSend: () => void = () => {};
  canRepeat = true;

  constructor() {
    this.packets = new PendingPackets({
      clock: this.clock,
      answerTimeoutMs: 100,
      send: (bytes) => {
        this.events.push(Buffer.from(bytes).toString());
        this.onSend();
      },
      canRepeat: () => this.canRepeat,
      onUnanswered: () => {
        this.events.push("left");
        this.packets.clear();
      },
    });
  }

  send(count = 1): boolean[] {
    const encode = (packetId: number, duplicate: boolean): Uint8Array =>
      Buffer.from(`${packetId}${duplicate ? " again" : ""}`);
    return Array.from({ length: count }, () =>
      this.packets.send("puback", encode, (granted) => this.events.push(granted ? "granted" : "refused")),
    );
  }

  acknowledge(packetId: number): void {
    this.packets.acknowledge(packetId, "puback", true);
  }

  take(): string[] {
    return this.events.splice(0);
  }
}

test("ids begin with 1 and are not used again while they wait", () => {
  const bed = new TestBed();
  bed.send(3);
  bed.acknowledge(2);
  bed.send();
  assert.deepEqual(bed.events, ["1", "2", "3", "granted", "4"]);
});

test("ids go round after 65535, never over 0, and step over those that still wait", () => {
  const bed = new TestBed();
  bed.send(2);
  for (let id = 3; id <= 0xffff; id++) {
    bed.take();
    bed.send();
    assert.deepEqual(bed.events, [String(id)]);
    bed.acknowledge(id);
  }
  bed.take();
  bed.send();
  assert.deepEqual(bed.events, ["3"]);
});

test("at its limit it refuses and sends nothing, and no longer once one was acknowledged", () => {
  const bed = new TestBed();
  assert.deepEqual(bed.send(17), [...Array<boolean>(16).fill(true), false]);
  assert.equal(bed.take().length, 16);
  bed.acknowledge(1);
  assert.deepEqual(bed.send(), [true]);
});

test("the one that waits longest is repeated first; a repetition makes it the youngest", () => {
  const bed = new TestBed();
  bed.send();
  bed.clock.advance(30);
  bed.send();
  bed.clock.advance(70);
  assert.deepEqual(bed.take(), ["1", "2", "1 again"]);
  assert.equal(bed.clock.remaining("mqtt acknowledgement"), 30);
  bed.clock.advance(30);
  assert.deepEqual(bed.take(), ["2 again"]);
  bed.acknowledge(1);
  assert.equal(bed.clock.remaining("mqtt acknowledgement"), 100);
});

test("a packet is left unanswered after its last try, and not before", () => {
  const bed = new TestBed();
  bed.send();
  bed.clock.advance(299);
  assert.deepEqual(bed.take(), ["1", "1 again", "1 again"]);
  bed.clock.advance(1);
  assert.deepEqual(bed.take(), ["left"]);
  assert.deepEqual(bed.clock.names(), []);
});

test("a packet is acknowledged once, and an unknown one is ignored", () => {
  const bed = new TestBed();
  bed.send();
  for (const id of [1, 1, 99]) bed.acknowledge(id);
  assert.deepEqual(bed.events, ["1", "granted"]);
  assert.deepEqual(bed.clock.names(), []);
});

test("an answer of another kind acknowledges nothing", () => {
  const bed = new TestBed();
  bed.send();
  bed.packets.acknowledge(1, "suback", true);
  assert.deepEqual(bed.take(), ["1"]);
  bed.packets.acknowledge(1, "puback", false);
  assert.deepEqual(bed.take(), ["refused"]);
});

test("the callback of an acknowledgement may send at once", () => {
  const bed = new TestBed();
  const encode = (packetId: number): Uint8Array => Buffer.from(String(packetId));
  bed.packets.send("puback", encode, () => bed.send());
  bed.acknowledge(1);
  assert.deepEqual(bed.events, ["1", "2"]);
  assert.deepEqual(bed.clock.names(), ["mqtt acknowledgement"]);
});

test("after a clear nothing waits, and ids go on", () => {
  const bed = new TestBed();
  bed.send(16);
  bed.packets.clear();
  assert.deepEqual(bed.clock.names(), []);
  bed.take();
  bed.acknowledge(1);
  assert.deepEqual(bed.send(), [true]);
  assert.deepEqual(bed.events, ["17"]);
});

test("a clear from inside a repetition leaves no timer behind", () => {
  const bed = new TestBed();
  bed.send();
  bed.onSend = () => bed.packets.clear();
  bed.clock.advance(100);
  assert.deepEqual(bed.events, ["1", "1 again"]);
  assert.deepEqual(bed.clock.names(), []);
});

test("nothing is repeated while the socket has not taken what was sent, and the tries count all the same", () => {
  const bed = new TestBed();
  bed.send();
  bed.canRepeat = false;
  bed.clock.advance(100);
  bed.canRepeat = true;
  bed.clock.advance(100);
  bed.canRepeat = false;
  bed.clock.advance(100);
  assert.deepEqual(bed.take(), ["1", "1 again", "left"]);
});
