import assert from "node:assert/strict";
import { test } from "node:test";
import type { HalErrorKind } from "../../../hal/ports/index.js";
import { OtaError } from "../../../src/errors.js";
import { encodeConnect } from "../../../src/mqtt/codec.js";
import { connack, joined, PINGRESP, puback, publish, suback } from "../../support/broker-packets.js";
import { SessionTestBed } from "../../support/session-test-bed.js";

const DISCONNECT = { type: 14, flags: 0, body: new Uint8Array(0) };

test("it connects to the configured broker, bounds the wait and sends nothing before the connection is made", () => {
  const tls = { authority: Uint8Array.of(1) };
  const bed = new SessionTestBed({ server: { host: "h.test", port: 8883, tls } });
  assert.equal(bed.session.open, false);
  bed.session.start();
  const { host, port, tls: given, timeoutMs } = bed.peer.options;
  assert.deepEqual({ host, port, given, timeoutMs }, { host: "h.test", port: 8883, given: tls, timeoutMs: 30_000 });
  assert.equal(bed.peer.take().byteLength, 0);
  assert.equal(bed.connections, 0, "credentials before they are needed");
});

test("the first bytes are a CONNECT with clean session, no will, keepalive and credentials", () => {
  const credentials = {
    clientId: "ABCDE12345light_01",
    username: "name;12010126;x7Kq2;2147483647",
    password: "0011;hmacsha256",
  };
  const bed = new SessionTestBed({ keepaliveSeconds: 240, credentials: () => credentials });
  bed.session.start();
  bed.peer.accept();
  const [sent, ...rest] = bed.sent();
  assert.equal(rest.length, 0);
  assert.equal(sent?.type, 1);
  const { clientId, username, password } = credentials;
  const head = [0, 4, ...Buffer.from("MQTT"), 4, 0b1100_0010, 0, 240];
  const fields = [clientId, username, password].flatMap((text) => [0, text.length, ...Buffer.from(text)]);
  assert.deepEqual([...(sent?.body ?? [])], [...head, ...fields]);
});

test("it is open with the CONNACK and not before, however that is split", () => {
  const bed = new SessionTestBed();
  bed.session.start();
  bed.peer.accept();
  for (const byte of connack()) {
    assert.equal(bed.session.open, false);
    assert.deepEqual(bed.events, []);
    bed.peer.send(Uint8Array.of(byte));
  }
  assert.equal(bed.session.open, true);
  assert.deepEqual(bed.events, ["open"]);
});

test("a second start does nothing", () => {
  const bed = SessionTestBed.opened();
  bed.session.start();
  assert.equal(bed.connector.peers.length, 1);
});

test("each connection gets credentials of its own", () => {
  const bed = SessionTestBed.opened();
  bed.peer.fail("closed");
  bed.clock.advance(5000);
  bed.peer.accept();
  const expected = encodeConnect({ clientId: "client", username: "user-2", password: "password" }, 120);
  assert.deepEqual(bed.peer.take(), new Uint8Array(expected));
});

test("a refusal is named, logged as an error, and tried again after 5 s", () => {
  const words = ["protocol version", "client id", "unavailable", "deviceSecret", "not authorise", "code 6"];
  for (const [index, word] of words.entries()) {
    const bed = new SessionTestBed();
    bed.session.start();
    bed.peer.accept();
    bed.peer.send(connack(index + 1));
    assert.deepEqual(bed.events, ["closed mqtt-refused"]);
    assert.match(bed.errors[0]?.message ?? "", new RegExp(word));
    assert.equal(bed.peer.closed, true);
    assert.ok(bed.logged.lines.some((line) => line.startsWith("error mqtt broker ")));
    assert.equal(bed.clock.remaining("mqtt reconnect"), 5000);
  }
});

test("any packet before the CONNACK, and a second CONNACK, end the connection", () => {
  for (const early of [publish("t", "x"), publish("t", "x", 1), puback(1), suback(1, 1), PINGRESP]) {
    const bed = new SessionTestBed();
    bed.session.start();
    bed.peer.accept();
    bed.peer.take();
    bed.peer.send(joined(early, connack()));
    assert.deepEqual(bed.events, ["closed mqtt-protocol"]);
    assert.deepEqual(bed.sent(), []);
  }
  const bed = SessionTestBed.opened();
  bed.peer.send(joined(connack(), publish("t", "x")));
  assert.deepEqual(bed.events, ["open", "closed mqtt-protocol"]);
});

test("a message of 16,384 bytes is read; a longer one is skipped, acknowledged, and logged without its text", () => {
  const bed = SessionTestBed.opened();
  bed.peer.send(publish("t", new Uint8Array(16_384)));
  assert.equal(bed.events.length, 2);
  bed.peer.send(publish("t", new Uint8Array(20_000), 7));
  bed.peer.send(publish("t", "x"));
  assert.equal(bed.events.length, 3);
  assert.deepEqual(
    bed.sent().map(({ type, body }) => [type, ...body]),
    [[4, 0, 7]],
  );
  assert.equal(bed.peer.closed, false);
});

test("bytes that are no MQTT, and a packet over 16 KiB that is no message, end the connection", () => {
  const long = Uint8Array.from(publish("t", new Uint8Array(17_000)), (byte, index) => (index === 0 ? 0x90 : byte));
  for (const bytes of [Buffer.from("HTTP/1.1 400 Bad Request\r\n"), long]) {
    const bed = SessionTestBed.opened();
    bed.peer.send(bytes);
    assert.deepEqual(bed.events, ["open", "closed mqtt-protocol"]);
    assert.equal(bed.peer.closed, true);
  }
});

test("the reason of a connection's end is reported by its kind", () => {
  const codes: { readonly [Kind in HalErrorKind]?: string } = {
    untrusted: "untrusted",
    unreachable: "unreachable",
    timeout: "unreachable",
    io: "connection-lost",
    closed: "connection-lost",
  };
  for (const [kind, code] of Object.entries(codes)) {
    const bed = SessionTestBed.opened();
    bed.peer.fail(kind as HalErrorKind);
    assert.deepEqual(bed.events, ["open", `closed ${code}`]);
    assert.equal(bed.session.open, false);
  }
});

test("credentials that cannot be made end the try with their own error", () => {
  const bed = new SessionTestBed({
    credentials: () => {
      throw new OtaError("usage", "this board has no SHA-256");
    },
  });
  bed.session.start();
  bed.peer.accept();
  assert.deepEqual(bed.events, ["closed usage"]);
  assert.equal(bed.peer.closed, true);
  assert.equal(bed.peer.take().byteLength, 0);
});

test("stop sends DISCONNECT, closes and calls nothing afterwards", () => {
  const bed = SessionTestBed.opened();
  bed.session.publish("t", "x", () => bed.events.push("acknowledged"));
  bed.sent();
  const { peer } = bed;
  bed.session.stop();
  assert.deepEqual(bed.sent(), [DISCONNECT]);
  assert.equal(peer.closed, true);
  assert.equal(bed.session.open, false);
  assert.deepEqual(bed.clock.names(), []);
  bed.clock.advance(1_000_000);
  bed.session.stop();
  assert.deepEqual(bed.events, ["open"]);
  assert.equal(bed.connector.peers.length, 1);
});

test("stop sends nothing if there is no connection", () => {
  const connecting = new SessionTestBed();
  connecting.session.start();
  connecting.session.stop();
  assert.equal(connecting.peer.take().byteLength, 0);
  assert.equal(connecting.peer.closed, true);

  const greeting = new SessionTestBed();
  greeting.session.start();
  greeting.peer.accept();
  greeting.peer.take();
  greeting.session.stop();
  assert.equal(greeting.peer.take().byteLength, 0);

  const waiting = SessionTestBed.opened();
  waiting.peer.fail("closed");
  waiting.session.stop();
  for (const bed of [connecting, greeting, waiting]) assert.deepEqual(bed.clock.names(), []);
});

test("stop from inside a callback holds: nothing of the same bytes, and no new connection, comes after it", () => {
  const stream = joined(publish("a", "1"), publish("b", "2", 9), connack());
  for (const at of ["open", "message a 1", "closed mqtt-protocol"]) {
    const bed = new SessionTestBed();
    bed.onEvent = (event) => {
      if (event === at) bed.session.stop();
    };
    bed.session.start();
    bed.peer.accept();
    bed.peer.send(joined(connack(), stream));
    assert.equal(bed.events.at(-1), at);
    bed.clock.advance(1_000_000);
    assert.equal(bed.connector.peers.length, 1, at);
  }
});

test("packets of an old connection do not reach a session that was started anew from inside a callback", () => {
  const bed = SessionTestBed.opened();
  bed.onEvent = (event) => {
    if (event !== "message a 1") return;
    bed.session.stop();
    bed.session.start();
  };
  bed.peer.send(joined(publish("a", "1"), publish("b", "2", 9), connack()));
  assert.deepEqual(bed.events, ["open", "message a 1"]);
});

test("drop ends the connection with the reason it is given; a new one follows", () => {
  const bed = SessionTestBed.opened();
  bed.session.drop(new OtaError("mqtt-refused", "broker refuses the subscription"));
  assert.deepEqual(bed.events, ["open", "closed mqtt-refused"]);
  assert.equal(bed.peer.closed, true);
  bed.session.drop(new OtaError("internal", "twice"));
  assert.equal(bed.errors.length, 1);
  bed.clock.advance(5000);
  bed.greet();
  assert.equal(bed.session.open, true);
});

test("drop before start and after stop does nothing", () => {
  const bed = new SessionTestBed();
  bed.session.drop(new OtaError("internal", "early"));
  bed.session.start();
  bed.session.stop();
  bed.session.drop(new OtaError("internal", "late"));
  assert.deepEqual(bed.events, []);
  assert.deepEqual(bed.clock.names(), []);
});

test("unread bytes of a connection that a handler has ended do not affect the next connection", () => {
  const bed = SessionTestBed.opened();
  bed.clock.advance(60_000);
  bed.onEvent = (event) => {
    if (!event.startsWith("message")) return;
    bed.session.stop();
    bed.session.start();
  };
  bed.peer.send(joined(publish("t", "x"), Uint8Array.of(0)));
  bed.greet();
  assert.deepEqual(bed.events, ["open", "message t x", "open"]);
});
