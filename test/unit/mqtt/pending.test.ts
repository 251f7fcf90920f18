import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingPackets } from "../../../src/mqtt/pending.js";
import { VirtualClock } from "../../support/virtual-clock.js";

/** Packets in flight whose bytes say their id. */
class Bench {
  readonly clock = new VirtualClock();
  /** What is sent, `7` and repeated `7 again`; what is told, `granted`, `refused` and `left`. */
  readonly events: string[] = [];
  readonly packets: PendingPackets;
  onSend: () => void = () => {};

  constructor() {
    this.packets = new PendingPackets({
      clock: this.clock,
      answerTimeoutMs: 100,
      send: (bytes) => {
        this.events.push(Buffer.from(bytes).toString());
        this.onSend();
      },
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
  const bench = new Bench();
  bench.send(3);
  bench.acknowledge(2);
  bench.send();
  assert.deepEqual(bench.events, ["1", "2", "3", "granted", "4"]);
});

test("ids go round after 65535, never over 0, and step over those that still wait", () => {
  const bench = new Bench();
  bench.send(2);
  for (let id = 3; id <= 0xffff; id++) {
    bench.take();
    bench.send();
    assert.deepEqual(bench.events, [String(id)]);
    bench.acknowledge(id);
  }
  bench.take();
  bench.send();
  assert.deepEqual(bench.events, ["3"]);
});

test("at its limit it refuses and sends nothing, and no longer once one was acknowledged", () => {
  const bench = new Bench();
  assert.deepEqual(bench.send(17), [...Array<boolean>(16).fill(true), false]);
  assert.equal(bench.take().length, 16);
  bench.acknowledge(1);
  assert.deepEqual(bench.send(), [true]);
});

test("the one that waits longest is repeated first; a repetition makes it the youngest", () => {
  const bench = new Bench();
  bench.send();
  bench.clock.advance(30);
  bench.send();
  bench.clock.advance(70);
  assert.deepEqual(bench.take(), ["1", "2", "1 again"]);
  assert.equal(bench.clock.remaining("mqtt acknowledgement"), 30);
  bench.clock.advance(30);
  assert.deepEqual(bench.take(), ["2 again"]);
  bench.acknowledge(1);
  assert.equal(bench.clock.remaining("mqtt acknowledgement"), 100);
});

test("a packet is left unanswered after its last try, and not before", () => {
  const bench = new Bench();
  bench.send();
  bench.clock.advance(299);
  assert.deepEqual(bench.take(), ["1", "1 again", "1 again"]);
  bench.clock.advance(1);
  assert.deepEqual(bench.take(), ["left"]);
  assert.deepEqual(bench.clock.names(), []);
});

test("a packet is acknowledged once, and one that nobody waits for not at all", () => {
  const bench = new Bench();
  bench.send();
  for (const id of [1, 1, 99]) bench.acknowledge(id);
  assert.deepEqual(bench.events, ["1", "granted"]);
  assert.deepEqual(bench.clock.names(), []);
});

test("an answer of another kind acknowledges nothing", () => {
  const bench = new Bench();
  bench.send();
  bench.packets.acknowledge(1, "suback", true);
  assert.deepEqual(bench.take(), ["1"]);
  bench.packets.acknowledge(1, "puback", false);
  assert.deepEqual(bench.take(), ["refused"]);
});

test("whoever is told of an acknowledgement may send at once", () => {
  const bench = new Bench();
  const encode = (packetId: number): Uint8Array => Buffer.from(String(packetId));
  bench.packets.send("puback", encode, () => bench.send());
  bench.acknowledge(1);
  assert.deepEqual(bench.events, ["1", "2"]);
  assert.deepEqual(bench.clock.names(), ["mqtt acknowledgement"]);
});

test("after a clear nothing waits, and ids go on", () => {
  const bench = new Bench();
  bench.send(16);
  bench.packets.clear();
  assert.deepEqual(bench.clock.names(), []);
  bench.take();
  bench.acknowledge(1);
  assert.deepEqual(bench.send(), [true]);
  assert.deepEqual(bench.events, ["17"]);
});

test("a clear from inside a repetition leaves no timer behind", () => {
  const bench = new Bench();
  bench.send();
  bench.onSend = () => bench.packets.clear();
  bench.clock.advance(100);
  assert.deepEqual(bench.events, ["1", "1 again"]);
  assert.deepEqual(bench.clock.names(), []);
});
