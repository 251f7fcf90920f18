import assert from "node:assert/strict";
import { connack, joined, packet, PINGRESP, puback, publish, suback } from "../../support/broker-packets.js";
import { SessionTestBed } from "../../support/session-test-bed.js";
import { encodePublish, PacketReader, type Received } from "../../../src/mqtt/codec.js";
import { cut, streams, type Target } from "../target.js";

const MAX_LENGTH = 300;
const topic = "$ota/update/ABCDE12345/light_01";

const packets = [
  connack(),
  connack(5),
  suback(1, 1),
  puback(2),
  PINGRESP,
  publish(topic, '{"type":"x"}'),
  publish(topic, "payload", 7),
  packet(0x3a, [0, 1, 97, 0, 9, 98]),
  packet(0x34, [0, 1, 97, 0, 9, 98]),
  packet(0x30, [0, 0]),
  packet(0xe0, []),
];

function readAll(pieces: readonly Uint8Array[]): { packets: Received[]; errors: string[] } {
  const found = { packets: [] as Received[], errors: [] as string[] };
  const reader = new PacketReader({
    maxLength: MAX_LENGTH,
    onPacket: (received) => {
      assert.deepEqual(found.errors, [], "a packet after an error");
      found.packets.push(received);
    },
    onError: (reason) => found.errors.push(reason),
  });
  for (const piece of pieces) reader.push(piece.slice());
  assert.ok(found.errors.length <= 1);
  return found;
}

export const packetReader: Target = {
  name: "mqtt-packets",
  weight: 40,
  corpus: streams(...packets, joined(connack(), suback(1, 1), publish(topic, "{}", 3), PINGRESP)),
  words: [
    "\x20\x02\0\0",
    "\x90\x03\0\x01\x01",
    "\x40\x02\0\x01",
    "\xff\xff\xff\x7f",
    "\x80\x80\x80\x80",
    "\x30\xff\x02",
    "\xd0\0",
  ],
  run(input) {
    const found = readAll(cut(input));
    const whole = readAll([input.slice(1)]);
    // If two things are wrong, either may be named.
    assert.deepEqual(
      [whole.packets, whole.errors.length],
      [found.packets, found.errors.length],
      "it matters how the bytes were cut",
    );
    for (const received of found.packets) checkPacket(received, input.byteLength);
  },
};

function checkPacket(received: Received, limit: number): void {
  if (received.type === "publish") {
    const { payload, packetId } = received;
    assert.ok(payload.byteLength <= Math.min(limit, MAX_LENGTH));
    assert.ok(packetId === undefined || (packetId > 0 && packetId <= 0xffff));
    const text = Buffer.from(payload).toString("latin1");
    if (/^[\0-\x7f]*$/.test(text) && received.topic !== "") {
      assert.deepEqual(readAll([encodePublish(received.topic, text, packetId, false)]).packets.map(comparable), [
        comparable(received),
      ]);
    }
  }
  if (received.type === "suback" || received.type === "puback") {
    assert.ok(received.packetId > 0 && received.packetId <= 0xffff);
  }
  if (received.type === "connack") assert.ok(received.returnCode >= 0 && received.returnCode <= 255);
}

function comparable(received: Received): object {
  return received.type === "publish"
    ? { ...received, payload: Buffer.from(received.payload).toString("latin1") }
    : received;
}

/** A broker that sends these bytes to a session that subscribes and publishes, and then sends nothing more. */
export const session: Target = {
  name: "mqtt-session",
  weight: 12,
  corpus: streams(
    joined(connack(), suback(1, 1), puback(2)),
    joined(connack(), suback(1, 0x80), publish(topic, '{"type":"x"}', 5)),
    joined(connack(), publish(topic, "a"), PINGRESP, publish(topic, "b", 9), publish(topic, "b", 9)),
    connack(3),
    connack(),
  ),
  words: packetReader.words,
  run(input) {
    const bed = new SessionTestBed();
    let acknowledged = 0;
    bed.onEvent = (event) => {
      if (event !== "open") return;
      bed.session.subscribe(topic, () => acknowledged++);
      bed.session.publish("$ota/report/ABCDE12345/light_01", "{}", () => acknowledged++);
    };
    bed.session.start();
    const { peer } = bed;
    peer.accept();
    const pieces = cut(input);
    for (const piece of pieces) peer.send(piece);
    assert.ok(peer.closed || peer.unread === 0, "bytes are left unread");
    assert.ok(acknowledged <= 2, "acknowledged twice");
    const messages = bed.events.filter((event) => event.startsWith("message"));
    assert.ok(messages.reduce((sum, message) => sum + message.length, 0) <= input.byteLength + messages.length * 40);
    // The broker is silent from here on: the session leaves the connection and makes another one, after any bytes.
    bed.clock.advance(400_000);
    assert.ok(bed.connector.peers.length >= 2, "the session stays with a silent broker");
    assert.ok(peer.closed && bed.clock.names().length <= 4);
    const count = bed.events.length;
    bed.session.stop();
    bed.clock.advance(400_000);
    assert.deepEqual([bed.events.length, bed.clock.names()], [count, []], "something comes after stop");
  },
};
