import assert from "node:assert/strict";
import { test } from "node:test";
import { PINGRESP, publish } from "../../support/broker-packets.js";
import { constantRandom, SessionBench } from "../../support/session-bench.js";

const PINGREQ = { type: 12, flags: 0, body: new Uint8Array(0) };

test("a broker that does not answer the CONNECT within 10 s is left", () => {
  const bench = new SessionBench();
  bench.session.start();
  bench.peer.accept();
  bench.clock.advance(9999);
  assert.deepEqual(bench.events, []);
  bench.clock.advance(1);
  assert.deepEqual(bench.events, ["closed mqtt-timeout"]);
});

test("the deadline for the CONNACK ends with it", () => {
  const bench = SessionBench.opened({ keepaliveSeconds: 0 });
  bench.clock.advance(1_000_000);
  assert.deepEqual(bench.events, ["open"]);
  assert.deepEqual(bench.clock.names(), []);
});

test("pauses between tries double from 1 s to 60 s, spread down to 0", () => {
  const bounds = [1, 2, 4, 8, 16, 32, 60, 60];
  const longest = new SessionBench({ random: constantRandom(0.999999) });
  const shortest = new SessionBench();
  for (const bench of [longest, shortest]) bench.session.start();
  for (const bound of bounds) {
    longest.peer.fail("unreachable");
    assert.equal(longest.clock.remaining("mqtt reconnect"), bound * 1000 - 1);
    longest.clock.advance(bound * 1000);
    shortest.peer.fail("unreachable");
    assert.equal(shortest.clock.remaining("mqtt reconnect"), 0);
    shortest.clock.advance(0);
  }
  assert.equal(longest.connector.peers.length, bounds.length + 1);
});

test("two CONNECTs are never less than 5 s apart", () => {
  for (const lastedMs of [0, 1, 2500, 4999, 5000, 7000]) {
    const bench = SessionBench.opened();
    bench.clock.advance(lastedMs);
    bench.peer.fail("closed");
    assert.equal(bench.clock.remaining("mqtt reconnect"), Math.max(0, 5000 - lastedMs));
    bench.clock.advance(5000);
    bench.greet();
    assert.equal(bench.session.open, true);
  }
});

test("stop and start do not make a second CONNECT within 5 s", () => {
  const bench = SessionBench.opened();
  bench.clock.advance(1000);
  bench.session.stop();
  bench.session.start();
  bench.clock.advance(3999);
  bench.peer.accept();
  assert.equal(bench.connections, 1);
});

test("a connection that lasted over a minute starts the pauses anew, a shorter one does not", () => {
  for (const [lastedMs, waitMs] of [
    [60_000, 7999],
    [60_001, 999],
  ] as const) {
    const bench = new SessionBench({ random: constantRandom(0.999999), keepaliveSeconds: 0 });
    bench.session.start();
    for (const bound of [1, 2, 4]) {
      bench.peer.fail("unreachable");
      bench.clock.advance(bound * 1000);
    }
    bench.greet();
    bench.clock.advance(lastedMs);
    bench.peer.fail("closed");
    assert.equal(bench.clock.remaining("mqtt reconnect"), waitMs);
  }
});

test("a ping follows three quarters of the keepalive without a packet, and each packet puts it off", () => {
  const bench = SessionBench.opened();
  bench.clock.advance(89_999);
  assert.deepEqual(bench.sent(), []);
  bench.clock.advance(1);
  assert.deepEqual(bench.sent(), [PINGREQ]);
  bench.peer.send(PINGRESP);
  bench.clock.advance(60_000);
  bench.session.publish("t", "x");
  bench.sent();
  bench.clock.advance(89_999);
  assert.deepEqual(bench.sent(), []);
  bench.clock.advance(1);
  assert.deepEqual(bench.sent(), [PINGREQ]);
});

test("an idle connection whose pings are answered lives on, never silent for a whole keepalive", () => {
  const bench = SessionBench.opened({ keepaliveSeconds: 60 });
  let silentMs = 0;
  for (let second = 0; second < 3600; second++) {
    bench.clock.advance(1000);
    const sent = bench.sent();
    silentMs = sent.length > 0 ? 0 : silentMs + 1000;
    assert.ok(silentMs < 60_000);
    if (sent.length > 0) bench.peer.send(PINGRESP);
  }
  assert.deepEqual(bench.events, ["open"]);
});

test("a broker that leaves a ping unanswered for 10 s is left, whatever else it sends", () => {
  const bench = SessionBench.opened();
  bench.clock.advance(90_000);
  bench.clock.advance(5000);
  bench.peer.send(publish("t", "x"));
  bench.clock.advance(4999);
  assert.deepEqual(bench.events, ["open", "message t x"]);
  bench.clock.advance(1);
  assert.deepEqual(bench.events, ["open", "message t x", "closed mqtt-timeout"]);
});

test("one answer is enough for the pings before it", () => {
  const bench = SessionBench.opened({ keepaliveSeconds: 8 });
  bench.clock.advance(12_000);
  assert.deepEqual(bench.sent(), [PINGREQ, PINGREQ]);
  bench.peer.send(PINGRESP);
  bench.clock.advance(5000);
  assert.deepEqual(bench.events, ["open"]);
  bench.clock.advance(11_000);
  assert.deepEqual(bench.events, ["open", "closed mqtt-timeout"]);
});

test("the timers of a lost connection do not touch the next one", () => {
  const bench = SessionBench.opened();
  bench.session.publish("t", "x", () => {});
  bench.clock.advance(90_000);
  bench.peer.fail("closed");
  assert.deepEqual(bench.clock.names(), ["mqtt reconnect"]);
});
