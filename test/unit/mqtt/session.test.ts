import assert from "node:assert/strict";
import { test } from "node:test";
import type { HalErrorKind } from "../../../hal/ports/index.js";
import { OtaError } from "../../../src/errors.js";
import { encodeConnect } from "../../../src/mqtt/codec.js";
import { connack, joined, PINGRESP, puback, publish, suback } from "../../support/broker-packets.js";
import { SessionBench } from "../../support/session-bench.js";

const DISCONNECT = { type: 14, flags: 0, body: new Uint8Array(0) };

test("it connects where it is told to, bounds the wait and says nothing before the connection is made", () => {
  const tls = { authority: Uint8Array.of(1) };
  const bench = new SessionBench({ server: { host: "h.test", port: 8883, tls } });
  assert.equal(bench.session.open, false);
  bench.session.start();
  const { host, port, tls: given, timeoutMs } = bench.peer.options;
  assert.deepEqual({ host, port, given, timeoutMs }, { host: "h.test", port: 8883, given: tls, timeoutMs: 30_000 });
  assert.equal(bench.peer.take().byteLength, 0);
  assert.equal(bench.connections, 0, "credentials before they are needed");
});

test("the first bytes are a CONNECT with clean session, no will, keepalive and credentials", () => {
  const credentials = {
    clientId: "ABCDE12345light_01",
    username: "name;12010126;x7Kq2;2147483647",
    password: "0011;hmacsha256",
  };
  const bench = new SessionBench({ keepaliveSeconds: 240, credentials: () => credentials });
  bench.session.start();
  bench.peer.accept();
  const [sent, ...rest] = bench.sent();
  assert.equal(rest.length, 0);
  assert.equal(sent?.type, 1);
  const { clientId, username, password } = credentials;
  const head = [0, 4, ...Buffer.from("MQTT"), 4, 0b1100_0010, 0, 240];
  const fields = [clientId, username, password].flatMap((text) => [0, text.length, ...Buffer.from(text)]);
  assert.deepEqual([...(sent?.body ?? [])], [...head, ...fields]);
});

test("it is open with the CONNACK and not before, however that is split", () => {
  const bench = new SessionBench();
  bench.session.start();
  bench.peer.accept();
  for (const byte of connack()) {
    assert.equal(bench.session.open, false);
    assert.deepEqual(bench.events, []);
    bench.peer.send(Uint8Array.of(byte));
  }
  assert.equal(bench.session.open, true);
  assert.deepEqual(bench.events, ["open"]);
});

test("a second start does nothing", () => {
  const bench = SessionBench.opened();
  bench.session.start();
  assert.equal(bench.connector.peers.length, 1);
});

test("each connection gets credentials of its own", () => {
  const bench = SessionBench.opened();
  bench.peer.fail("closed");
  bench.clock.advance(5000);
  bench.peer.accept();
  const expected = encodeConnect({ clientId: "client", username: "user-2", password: "password" }, 120);
  assert.deepEqual(bench.peer.take(), new Uint8Array(expected));
});

test("a refusal is named, logged as an error, and tried again after 5 s", () => {
  const words = ["protocol version", "client id", "unavailable", "deviceSecret", "not authorise", "code 6"];
  for (const [index, word] of words.entries()) {
    const bench = new SessionBench();
    bench.session.start();
    bench.peer.accept();
    bench.peer.send(connack(index + 1));
    assert.deepEqual(bench.events, ["closed mqtt-refused"]);
    assert.match(bench.errors[0]?.message ?? "", new RegExp(word));
    assert.equal(bench.peer.closed, true);
    assert.ok(bench.logged.lines.some((line) => line.startsWith("error mqtt broker ")));
    assert.equal(bench.clock.remaining("mqtt reconnect"), 5000);
  }
});

test("any packet before the CONNACK, and a second CONNACK, end the connection", () => {
  for (const early of [publish("t", "x"), publish("t", "x", 1), puback(1), suback(1, 1), PINGRESP]) {
    const bench = new SessionBench();
    bench.session.start();
    bench.peer.accept();
    bench.peer.take();
    bench.peer.send(joined(early, connack()));
    assert.deepEqual(bench.events, ["closed mqtt-protocol"]);
    assert.deepEqual(bench.sent(), []);
  }
  const bench = SessionBench.opened();
  bench.peer.send(joined(connack(), publish("t", "x")));
  assert.deepEqual(bench.events, ["open", "closed mqtt-protocol"]);
});

test("bytes that are no MQTT, and a packet over 16 KiB, end the connection", () => {
  for (const bytes of [Buffer.from("HTTP/1.1 400 Bad Request\r\n"), publish("t", new Uint8Array(16_382))]) {
    const bench = SessionBench.opened();
    bench.peer.send(bytes);
    assert.deepEqual(bench.events, ["open", "closed mqtt-protocol"]);
    assert.equal(bench.peer.closed, true);
  }
});

test("what ends a connection is told by its kind", () => {
  const codes: { readonly [Kind in HalErrorKind]?: string } = {
    untrusted: "untrusted",
    unreachable: "unreachable",
    timeout: "unreachable",
    io: "connection-lost",
    closed: "connection-lost",
  };
  for (const [kind, code] of Object.entries(codes)) {
    const bench = SessionBench.opened();
    bench.peer.fail(kind as HalErrorKind);
    assert.deepEqual(bench.events, ["open", `closed ${code}`]);
    assert.equal(bench.session.open, false);
  }
});

test("credentials that cannot be made end the try with their own error", () => {
  const bench = new SessionBench({
    credentials: () => {
      throw new OtaError("usage", "this board has no SHA-256");
    },
  });
  bench.session.start();
  bench.peer.accept();
  assert.deepEqual(bench.events, ["closed usage"]);
  assert.equal(bench.peer.closed, true);
  assert.equal(bench.peer.take().byteLength, 0);
});

test("stop says DISCONNECT, closes and is silent afterwards", () => {
  const bench = SessionBench.opened();
  bench.session.publish("t", "x", () => bench.events.push("acknowledged"));
  bench.sent();
  const { peer } = bench;
  bench.session.stop();
  assert.deepEqual(bench.sent(), [DISCONNECT]);
  assert.equal(peer.closed, true);
  assert.equal(bench.session.open, false);
  assert.deepEqual(bench.clock.names(), []);
  bench.clock.advance(1_000_000);
  bench.session.stop();
  assert.deepEqual(bench.events, ["open"]);
  assert.equal(bench.connector.peers.length, 1);
});

test("stop says nothing where there is no connection to say it on", () => {
  const connecting = new SessionBench();
  connecting.session.start();
  connecting.session.stop();
  assert.equal(connecting.peer.take().byteLength, 0);
  assert.equal(connecting.peer.closed, true);

  const greeting = new SessionBench();
  greeting.session.start();
  greeting.peer.accept();
  greeting.peer.take();
  greeting.session.stop();
  assert.equal(greeting.peer.take().byteLength, 0);

  const waiting = SessionBench.opened();
  waiting.peer.fail("closed");
  waiting.session.stop();
  for (const bench of [connecting, greeting, waiting]) assert.deepEqual(bench.clock.names(), []);
});

test("stop from inside a callback holds: nothing of the same bytes, and no new connection, comes after it", () => {
  const stream = joined(publish("a", "1"), publish("b", "2", 9), connack());
  for (const at of ["open", "message a 1", "closed mqtt-protocol"]) {
    const bench = new SessionBench();
    bench.onEvent = (event) => {
      if (event === at) bench.session.stop();
    };
    bench.session.start();
    bench.peer.accept();
    bench.peer.send(joined(connack(), stream));
    assert.equal(bench.events.at(-1), at);
    bench.clock.advance(1_000_000);
    assert.equal(bench.connector.peers.length, 1, at);
  }
});

test("packets of an old connection do not reach a session that was started anew from inside a callback", () => {
  const bench = SessionBench.opened();
  bench.onEvent = (event) => {
    if (event !== "message a 1") return;
    bench.session.stop();
    bench.session.start();
  };
  bench.peer.send(joined(publish("a", "1"), publish("b", "2", 9), connack()));
  assert.deepEqual(bench.events, ["open", "message a 1"]);
});

test("drop ends the connection with the reason it is given; a new one follows", () => {
  const bench = SessionBench.opened();
  bench.session.drop(new OtaError("mqtt-refused", "broker refuses the subscription"));
  assert.deepEqual(bench.events, ["open", "closed mqtt-refused"]);
  assert.equal(bench.peer.closed, true);
  bench.session.drop(new OtaError("internal", "twice"));
  assert.equal(bench.errors.length, 1);
  bench.clock.advance(5000);
  bench.greet();
  assert.equal(bench.session.open, true);
});

test("drop before start and after stop does nothing", () => {
  const bench = new SessionBench();
  bench.session.drop(new OtaError("internal", "early"));
  bench.session.start();
  bench.session.stop();
  bench.session.drop(new OtaError("internal", "late"));
  assert.deepEqual(bench.events, []);
  assert.deepEqual(bench.clock.names(), []);
});
