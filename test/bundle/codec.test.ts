import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import mqttPacket from "mqtt-packet";
import * as codec from "../../src/mqtt/codec.js";
import { connack, joined, PINGRESP, puback, publish, suback, unsuback } from "../support/broker-packets.js";
import { loadParts } from "../support/built.js";
import { REPEAT, SEED } from "../support/seed.js";

/** What the codec uses of mqtt-packet. */
interface Library {
  parser(options: object): {
    on(event: string, listener: (told: Packet | Error) => void): unknown;
    parse(bytes: Uint8Array): number;
  };
}

interface Packet {
  readonly topic?: string;
  readonly payload?: Uint8Array;
}

const parts = await loadParts();
/**
 * mqtt-packet, cut down to what parses for a client of 3.1.1, on hal/shims and minified; and whole, on Node's Buffer
 * and bl.
 */
const [bundled, original] = [parts.mqtt as unknown as Library, mqttPacket as unknown as Library];
const { generate } = mqttPacket as unknown as { generate(packet: object): Uint8Array };

const id = fc.integer({ min: 1, max: 0xffff });
const name = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const payload = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.uint8Array({ maxLength: 300 }));

const answers = fc.oneof(
  fc.nat(5).map((code) => connack(code)),
  fc
    .tuple(id, fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1, maxLength: 3 }))
    .map(([packetId, codes]) => suback(packetId, ...codes)),
  id.map((packetId) => puback(packetId)),
  fc.constant(PINGRESP),
  fc
    .tuple(name, payload, fc.option(id, { nil: undefined }))
    .map(([topic, body, packetId]) => publish(topic, body, packetId)),
);

/** In the bundle an UNSUBACK keeps no id, because nobody reads it. */
const received = fc.oneof(
  answers,
  id.map((packetId) => unsuback(packetId)),
);

/** The sources on Node, and what a board runs: both make each packet as the whole of mqtt-packet does. */
const MAKERS = [codec, parts];

test(`CONNECT, PUBACK, PINGREQ and DISCONNECT have the bytes of mqtt-packet on Node; ${REPEAT}`, () => {
  // Any code unit, so lone surrogates too; the longest is as long as the length before it can say.
  const text = fc.oneof(
    name,
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(fc.integer({ min: 0x80, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
    fc.constantFrom(127, 128, 16_383, 16_384, 0xffff).map((length) => "x".repeat(length)),
  );
  const keepaliveSeconds = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 255, 256, 0xffff));
  fc.assert(
    fc.property(text, text, text, keepaliveSeconds, id, (clientId, username, password, keepalive, messageId) => {
      const credentials = { clientId, username, password };
      const connect = { cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive };
      for (const made of MAKERS) {
        const same = (bytes: Uint8Array, packet: object): void =>
          assert.ok(Buffer.from(generate(packet)).equals(bytes), JSON.stringify(packet));
        same(made.encodeConnect(credentials, keepalive), { ...connect, ...credentials });
        same(made.encodePuback(messageId), { cmd: "puback", messageId });
        same(made.encodePingreq(), { cmd: "pingreq" });
        same(made.encodeDisconnect(), { cmd: "disconnect" });
      }
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

test("mqtt-packet makes no packet in the bundle", () => {
  assert.deepEqual(Object.keys(bundled), ["parser"]);
});

test(`PUBLISH, SUBSCRIBE and UNSUBSCRIBE have the bytes of mqtt-packet on Node; ${REPEAT}`, () => {
  const long = fc.oneof(
    payload,
    fc.nat(20_000).map((length) => new Uint8Array(length).fill(length)),
  );
  fc.assert(
    fc.property(name, long, id, fc.option(fc.boolean(), { nil: undefined }), (topic, body, messageId, dup) => {
      const same = (made: Uint8Array, packet: object): void =>
        assert.deepEqual([...made], [...generate({ topic, messageId, ...packet })]);
      const [qos, packetId] = dup === undefined ? [0, undefined] : [1, messageId];
      same(parts.encodePublish(topic, body, packetId, dup === true), {
        cmd: "publish",
        payload: typeof body === "string" ? body : Buffer.from(body),
        qos,
        dup: dup === true,
        retain: false,
      });
      same(parts.encodeSubscribe(messageId, topic), { cmd: "subscribe", subscriptions: [{ topic, qos: 1 }] });
      same(parts.encodeUnsubscribe(messageId, topic), { cmd: "unsubscribe", unsubscriptions: [topic] });
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test(`every packet that a broker sends is parsed as on Node, however the stream is split; ${REPEAT}`, () => {
  fc.assert(
    fc.property(
      fc.array(answers, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (packets, cuts) => {
        const stream = joined(...packets);
        const pieces = split(stream, cuts);
        const [shims, nodes] = [parsed(bundled, pieces), parsed(original, pieces)];
        assert.deepEqual(shims, nodes);
        assert.equal(shims.length, packets.length);
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

test(`the codec reads any stream as it does on Node, hostile ones too; ${REPEAT}`, () => {
  const stream = fc.array(received, { maxLength: 5 }).map((packets) => joined(...packets));
  const hostile = fc
    .tuple(stream, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }))
    .map(([bytes, changes]) => {
      const changed = bytes.slice();
      for (const [at, value] of changed.byteLength === 0 ? [] : changes) changed[at % changed.byteLength] = value;
      return changed;
    });
  fc.assert(
    fc.property(
      fc.oneof(hostile, fc.uint8Array({ maxLength: 200 })),
      fc.array(fc.nat(), { maxLength: 12 }),
      (bytes, cuts) => {
        const pieces = split(bytes, cuts);
        const [shims, nodes] = [told(parts, pieces), told(codec, pieces)];
        // Node makes text even of a topic that is not UTF-8; the shims do not.
        const ill = nodes.findIndex((line, index) => line.includes("\ufffd") && shims[index] === "error");
        assert.deepEqual(shims, ill < 0 ? nodes : [...nodes.slice(0, ill), "error"]);
      },
    ),
    { seed: SEED, numRuns: 2000 },
  );
});

test("differs from Node, on purpose: a topic that is not UTF-8 ends the connection [MQTT-1.5.3-1]", () => {
  for (const ill of [[0xff], [0x61, 0xff, 0x62], [0xf0, 0x9f, 0x98], [0, 0xa0, 0x80], [0xed, 0xa0, 0x80]]) {
    const bytes = publish("?".repeat(ill.length), "x");
    bytes.set(ill, 4);
    assert.deepEqual(told(parts, [bytes]), ["error"], String(ill));
  }
  assert.match(told(codec, [Uint8Array.of(0x30, 6, 0, 3, 0xf0, 0x9f, 0x98, 0x78)])[0] ?? "", /"topic":"\ufffd"/);
});

test("differs from Node, on purpose: what only a server may get is not parsed", () => {
  const others = [
    codec.encodeConnect({ clientId: "c", username: "u", password: "p" }, 60),
    codec.encodeSubscribe(1, "t"),
    Uint8Array.of(0xa2, 5, 0, 1, 0, 1, 0x74),
  ];
  for (const bytes of others) {
    assert.deepEqual(parsed(bundled, [bytes]), ["Not supported"]);
    assert.deepEqual(told(parts, [bytes]), ["error"]);
    assert.deepEqual(told(codec, [bytes]), ["error"]);
  }
});

function packetsOf(library: Library, pieces: readonly Uint8Array[]): (Packet | Error)[] {
  const found: (Packet | Error)[] = [];
  const parser = library.parser({ protocolVersion: 4 });
  for (const event of ["packet", "error"]) parser.on(event, (packet) => found.push(packet));
  for (const piece of pieces) parser.parse(library === original ? Buffer.from(piece) : piece.slice());
  return found;
}

/** The fields of each packet, with the payload as numbers; for an error, its message. */
function parsed(library: Library, pieces: readonly Uint8Array[]): unknown[] {
  return packetsOf(library, pieces).map((packet) =>
    packet instanceof Error ? packet.message : { ...packet, payload: packet.payload && [...packet.payload] },
  );
}

/** The text of an error is left out: it differs if the bundle parses nothing. */
function told(of: Pick<typeof codec, "PacketReader">, pieces: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const reader = new of.PacketReader({
    maxLength: 400,
    onPacket: (packet) =>
      lines.push(JSON.stringify(packet.type === "publish" ? { ...packet, payload: [...packet.payload] } : packet)),
    onError: () => lines.push("error"),
  });
  for (const piece of pieces) reader.push(piece.slice());
  return lines;
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.byteLength + 1)))].sort((left, right) => left - right);
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.byteLength));
}
