import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import mqtt from "mqtt-packet";
import {
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
  PacketReader,
} from "../../../src/mqtt/codec.js";
import {
  connack,
  joined,
  packet,
  PINGRESP,
  puback,
  publish,
  sentPackets,
  suback,
  unsuback,
} from "../../support/broker-packets.js";

const TOPIC = "$ota/update/ABCDE12345/light_01";
const REPORT = "$ota/report/ABCDE12345/light_01";
const CREDENTIALS = {
  clientId: "ABCDE12345light_01",
  username: "ABCDE12345light_01;12010126;x7Kq2;1893456000",
  password: "ae40d9a69b6604a16746d4fec4f8c4c5dfbac04a53b8f1d455f88c8e2c0a3acc;hmacsha256",
};
const CONNECT =
  "10990100044d51545404c200f00012414243444531323334356c696768745f3031002c414243444531323334356c69" +
  "6768745f30313b31323031303132363b78374b71323b31383933343536303030004b61653430643961363962363630" +
  "34613136373436643466656334663863346335646662616330346135336238663164343535663838633865326330" +
  "61336163633b686d6163736861323536";

/** Everything that a reader reported, in order. */
function read(pieces: readonly Uint8Array[], maxLength = 16_384): string[] {
  const told: string[] = [];
  const reader = new PacketReader({
    maxLength,
    onPacket: (received) => {
      const content =
        received.type === "publish"
          ? { ...received, payload: Buffer.from(received.payload).toString("hex") }
          : received;
      told.push(JSON.stringify(content));
    },
    onError: (reason) => told.push(`error ${reason}`),
  });
  for (const piece of pieces) {
    const bytes = piece.slice();
    reader.push(bytes);
    // The network may overwrite its buffer: that must not change a packet.
    bytes.fill(0xff);
  }
  return told;
}

const isError = (line: string | undefined): boolean => line?.startsWith("error ") === true;
const errorsOf = (told: readonly string[]): number => told.filter(isError).length;

/** `bytes` cut after each of these positions. */
function cut(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const ends = [...new Set(positions.map((position) => position % (bytes.byteLength + 1)))].sort(
    (left, right) => left - right,
  );
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.byteLength));
}

const STREAM = joined(
  connack(),
  suback(1, 1),
  PINGRESP,
  publish(TOPIC, '{"type":"report_version_rsp"}'),
  puback(0xffff),
  publish(TOPIC, new Uint8Array(300).fill(0xd0), 513),
  publish("t", ""),
  suback(2, 0x80),
  connack(5),
);

test("CONNECT, SUBSCRIBE and PUBLISH are the platform's vectors, byte for byte", () => {
  const connect = encodeConnect(CREDENTIALS, 240);
  assert.equal(hex(connect), CONNECT);
  assert.equal(
    createHash("sha256").update(connect).digest("hex"),
    "6330a9674fce712726d5d9365084963ad654bead23567df5510e7b708d17b316",
  );
  assert.equal(
    hex(encodeSubscribe(1, TOPIC)),
    "82240001001f246f74612f7570646174652f414243444531323334352f6c696768745f303101",
  );
  assert.equal(
    hex(encodePublish(REPORT, '{"type":"report_version","report":{"version":"0.1.0"}}', 2, false)),
    "3259001f246f74612f7265706f72742f414243444531323334352f6c696768745f303100027b2274797065223a227265706f72745f76657273696f6e" +
      "222c227265706f7274223a7b2276657273696f6e223a22302e312e30227d7d",
  );
});

test("the packets without content, an acknowledgement and a repeated publish are as the standard has them", () => {
  assert.equal(hex(encodePuback(0x1234)), "40021234");
  assert.equal(hex(encodePuback(0xffff)), "4002ffff");
  assert.equal(hex(encodePingreq()), "c000");
  assert.equal(hex(encodeDisconnect()), "e000");
  assert.equal(hex(encodePublish("t", "x", 7, true)), "3a06000174000778");
  assert.equal(hex(encodePublish("t", "x", undefined, false)), "300400017478");
});

test("UNSUBSCRIBE has the bytes that mqtt-packet makes of it, also of the longest topic", () => {
  for (const topic of ["t", TOPIC, `$ota/update/ABCDE12345/${"n".repeat(48)}`, "x".repeat(123)]) {
    for (const packetId of [1, 0x1234, 0xffff]) {
      const expected = mqtt.generate({ cmd: "unsubscribe", messageId: packetId, unsubscriptions: [topic] } as never);
      assert.equal(hex(encodeUnsubscribe(packetId, topic)), hex(expected));
    }
  }
});

test("UNSUBACK is read as what it is", () => {
  assert.deepEqual(read([joined(unsuback(0x1234), PINGRESP)]), ['{"type":"unsuback"}', '{"type":"pingresp"}']);
});

test("a keepalive of 0 and of 900 s reach the wire", () => {
  assert.equal(hex(encodeConnect(CREDENTIALS, 0)).slice(22, 26), "0000");
  assert.equal(hex(encodeConnect(CREDENTIALS, 900)).slice(22, 26), "0384");
});

test("a payload of any length and of any characters is counted in bytes", () => {
  for (const length of [0, 1, 122, 123, 124, 16_378, 16_379, 16_380]) {
    const [sent, ...rest] = sentPackets(encodePublish("abc", "x".repeat(length), undefined, false));
    assert.equal(sent?.body.byteLength, 5 + length);
    assert.equal(rest.length, 0);
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const [sent] = sentPackets(encodePublish("t", text, 9, false));
      assert.equal(Buffer.from(sent?.body.subarray(5) ?? []).toString(), Buffer.from(text).toString());
    }),
  );
});

test("each packet of a broker is read as what it is", () => {
  assert.deepEqual(read([STREAM]), [
    '{"type":"connack","returnCode":0}',
    '{"type":"suback","packetId":1,"granted":true}',
    '{"type":"pingresp"}',
    `{"type":"publish","topic":"${TOPIC}","payload":"${Buffer.from('{"type":"report_version_rsp"}').toString("hex")}"}`,
    '{"type":"puback","packetId":65535}',
    `{"type":"publish","topic":"${TOPIC}","payload":"${"d0".repeat(300)}","packetId":513}`,
    '{"type":"publish","topic":"t","payload":""}',
    '{"type":"suback","packetId":2,"granted":false}',
    '{"type":"connack","returnCode":5}',
  ]);
});

test("the same packets come however the stream is split", () => {
  const whole = read([STREAM]);
  for (let position = 0; position <= STREAM.byteLength; position++) {
    assert.deepEqual(read(cut(STREAM, [position])), whole);
  }
  assert.deepEqual(read(cut(STREAM, [...STREAM.keys()])), whole);
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), (positions) =>
      assert.deepEqual(read(cut(STREAM, positions)), whole),
    ),
  );
});

test("a subscription counts as granted at QoS 0 and 1 only, and only if there is one answer", () => {
  const granted = (...codes: number[]): string[] => read([suback(3, ...codes)]);
  assert.deepEqual(granted(0), ['{"type":"suback","packetId":3,"granted":true}']);
  assert.deepEqual(granted(2), ['{"type":"suback","packetId":3,"granted":false}']);
  assert.deepEqual(granted(1, 1), ['{"type":"suback","packetId":3,"granted":false}']);
  assert.ok(isError(granted(3)[0]));
  assert.ok(isError(granted(0x81)[0]));
});

test("a packet at the limit is read, and one over it that is no publish is refused before its body has come", () => {
  const largest = publish("t", new Uint8Array(197));
  assert.equal(largest.byteLength, 203);
  assert.equal(read([largest], 200)[0]?.startsWith('{"type":"publish"'), true);
  const head = packet(0x90, [...new Uint8Array(201)]).subarray(0, 3);
  assert.deepEqual(read([head], 200), ["error packet of more than 200 bytes"]);
  assert.deepEqual(read([head.subarray(0, 2), head.subarray(2)], 200), ["error packet of more than 200 bytes"]);
});

test("a publish over the limit is skipped however it is cut, except for its id, and what follows is read", () => {
  for (const topic of ["t", TOPIC, "x".repeat(300)]) {
    const payload = new Uint8Array(400).fill(0x30);
    for (const [long, id] of [
      [publish(topic, payload), ""],
      [publish(topic, payload, 0x1234), ',"packetId":4660'],
    ] as const) {
      const length = long.byteLength - 3;
      const whole = [`{"type":"skipped","byteLength":${length}${id}}`, '{"type":"puback","packetId":2}'];
      const stream = joined(long, puback(2));
      for (const position of stream.keys()) {
        assert.deepEqual(read(cut(stream, [position, position + 1]), 300), whole, `cut at ${position}`);
      }
    }
  }
});

test("a publish over the limit with an id of 0, or of QoS 2, is refused", () => {
  const long = publish("t", new Uint8Array(400), 1);
  const at = 3 + 2 + 1;
  assert.deepEqual(read([Uint8Array.from(long, (byte, index) => (index === at || index === at + 1 ? 0 : byte))], 300), [
    "error malformed publish",
  ]);
  assert.deepEqual(read([Uint8Array.from(long, (byte, index) => (index === 0 ? 0x34 : byte))], 300), [
    "error packet of more than 300 bytes",
  ]);
});

test("a publish over the limit is refused if its topic, or its id, goes beyond its end", () => {
  const malformed = ["error malformed publish"];
  const body = (topicLength: number): number[] => [topicLength >> 8, topicLength & 0xff, ...Array(400).fill(0x61)];
  for (const topicLength of [400, 401, 0xffff]) {
    const expected = topicLength === 400 ? ['{"type":"skipped","byteLength":402}'] : malformed;
    assert.deepEqual(read([packet(0x30, body(topicLength))], 300), expected, `QoS 0, ${topicLength}`);
  }
  for (const topicLength of [398, 399, 400, 0xffff]) {
    const expected = topicLength === 398 ? ['{"type":"skipped","byteLength":402,"packetId":24929}'] : malformed;
    assert.deepEqual(read([packet(0x32, body(topicLength))], 300), expected, `QoS 1, ${topicLength}`);
  }
});

test("a topic that is longer than each of the platform's is refused before it is made", () => {
  assert.equal(read([publish("x".repeat(255), "")])[0], `{"type":"publish","topic":"${"x".repeat(255)}","payload":""}`);
  for (const topic of ["x".repeat(256), "é".repeat(8000)]) {
    assert.deepEqual(read([publish(topic, "")]), ["error topic of more than 255 bytes"]);
  }
});

test("each packet is reported before the next one is made, so that there is never more than one in memory", () => {
  const told: string[] = [];
  const bytes = joined(PINGRESP, PINGRESP);
  const reader = new PacketReader({
    maxLength: 300,
    onPacket: ({ type }) => {
      told.push(type);
      bytes[PINGRESP.byteLength] = 0;
    },
    onError: (reason) => told.push(reason),
  });
  reader.push(bytes);
  assert.deepEqual(told, ["pingresp", "no packet that a broker sends"]);
});

test("a length of four bytes is followed, one of five refused", () => {
  assert.deepEqual(read([Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f)], 0xfffffff), []);
  for (const zeros of [
    [0x80, 0x80, 0x80, 0x80, 0x00],
    [0x80, 0x80, 0x80, 0x80],
  ]) {
    assert.equal(errorsOf(read([Uint8Array.of(0xd0, ...zeros, 0)], 0xfffffff)), 1);
  }
  assert.equal(errorsOf(read([Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x01)], 0xffffffff)), 1);
});

test("nothing comes after an error, neither from the same bytes nor from later ones", () => {
  const told = read([joined(packet(0x34, [0, 1, 0x74, 0, 1]), puback(1)), puback(2), PINGRESP, packet(0x10, [])]);
  assert.deepEqual(told, ["error QoS 2, which was never granted"]);
});

test("refuses what no broker may send to a client", () => {
  const packets: { [what: string]: Uint8Array } = {
    "reserved type 0": packet(0x00, []),
    CONNECT: encodeConnect(CREDENTIALS, 60),
    PUBREC: packet(0x50, [0, 1]),
    PUBREL: packet(0x62, [0, 1]),
    PUBCOMP: packet(0x70, [0, 1]),
    SUBSCRIBE: encodeSubscribe(1, "t"),
    UNSUBSCRIBE: packet(0xa2, [0, 1, 0, 1, 0x74]),
    "UNSUBACK without an id": packet(0xb0, []),
    "UNSUBACK of 3.1.1 with a reason": packet(0xb0, [0, 1, 0]),
    PINGREQ: packet(0xc0, []),
    DISCONNECT: packet(0xe0, []),
    "reserved type 15": packet(0xf0, []),
    "PUBACK with flags": packet(0x42, [0, 1]),
    "PINGRESP with flags": packet(0xd1, []),
    "PUBLISH with QoS 3": packet(0x36, [0, 1, 0x74, 0, 1]),
    "PUBLISH whose topic is longer than it": packet(0x30, [0, 9, 0x74]),
    "PUBLISH without a topic": packet(0x30, []),
    "CONNACK with unknown flags": packet(0x20, [2, 0]),
    "SUBACK without an answer": packet(0x90, []),
  };
  for (const [what, bytes] of Object.entries(packets)) {
    const told = read([bytes]);
    assert.equal(told.length, 1, what);
    assert.ok(isError(told[0]), `${what}: ${told[0]}`);
  }
});

test("refuses a packet that is too short for its fields, whatever follows it", () => {
  const packets: { [what: string]: Uint8Array } = {
    "PUBACK without an id": packet(0x40, []),
    "PUBACK with half an id": packet(0x40, [1]),
    "SUBACK with half an id": packet(0x90, [1]),
    "CONNACK without a return code": packet(0x20, [0]),
    "CONNACK without anything": packet(0x20, []),
    "PUBLISH with QoS 1 and no id": packet(0x32, [0, 1, 0x74]),
  };
  for (const [what, bytes] of Object.entries(packets)) {
    for (const follows of [new Uint8Array(0), PINGRESP, joined(puback(1), puback(2))]) {
      const told = read([joined(bytes, follows)]);
      assert.ok(isError(told[0]), `${what}, then ${follows.byteLength} bytes: ${told[0]}`);
    }
  }
});

test("refuses the packet id 0, which stands for none [MQTT-2.3.1-1]", () => {
  for (const bytes of [publish("t", "x", 0), puback(0), suback(0, 1)]) assert.ok(isError(read([bytes])[0]), hex(bytes));
});

test("hostile bytes never throw, and end with one error at most", () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    // A good stream with some bytes wrong gets deeper than noise does.
    fc.array(fc.tuple(fc.nat(STREAM.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }).map((changes) => {
      const bytes = STREAM.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(hostile, fc.array(fc.nat(), { maxLength: 12 }), (bytes, positions) => {
      const told = read(cut(bytes, positions), 400);
      assert.ok(errorsOf(told) <= 1);
      const error = told.findIndex(isError);
      assert.ok(error < 0 || error === told.length - 1, "something came after the error");
    }),
    { numRuns: 3000 },
  );
});

test("the result of a malformed packet does not depend on how the bytes around it were split", () => {
  for (const bytes of [packet(0x40, []), packet(0x32, [0, 1, 0x74]), packet(0x20, [0]), packet(0xe0, [])]) {
    const stream = joined(puback(1), bytes, puback(2), PINGRESP);
    const whole = read([stream]);
    for (const position of stream.keys()) {
      assert.deepEqual(read(cut(stream, [position])), whole, `${hex(bytes)} cut at ${position}`);
    }
  }
});

test("packets that came before one that is too long are reported, even if they came in the same bytes", () => {
  const stream = joined(puback(1), PINGRESP, packet(0x90, [...new Uint8Array(400)]));
  const whole = ['{"type":"puback","packetId":1}', '{"type":"pingresp"}', "error packet of more than 300 bytes"];
  for (const position of stream.keys()) {
    assert.deepEqual(read(cut(stream, [position]), 300), whole, `cut at ${position}`);
  }
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
