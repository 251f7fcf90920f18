import assert from "node:assert/strict";
import { test } from "node:test";
import { PINGRESP, publish } from "../../support/broker-packets.js";
import { constantRandom, SessionTestBed } from "../../support/session-test-bed.js";

const PINGREQ = { type: 12, flags: 0, body: new Uint8Array(0) };

test("a connection without a CONNACK within 10 s is ended", () => {
  const bed = new SessionTestBed();
  bed.session.start();
  bed.peer.accept();
  bed.clock.advance(9999);
  assert.deepEqual(bed.events, []);
  bed.clock.advance(1);
  assert.deepEqual(bed.events, ["closed mqtt-timeout"]);
});

test("the CONNACK ends its time limit", () => {
  const bed = SessionTestBed.opened({ keepaliveSeconds: 0 });
  bed.clock.advance(1_000_000);
  assert.deepEqual(bed.events, ["open"]);
  assert.deepEqual(bed.clock.names(), []);
});

test("pauses between tries double from 1 s to 60 s, spread down to 0", () => {
  const bounds = [1, 2, 4, 8, 16, 32, 60, 60];
  const longest = new SessionTestBed({ random: constantRandom(0.999999) });
  const shortest = new SessionTestBed();
  for (const bed of [longest, shortest]) bed.session.start();
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
    const bed = SessionTestBed.opened();
    bed.clock.advance(lastedMs);
    bed.peer.fail("closed");
    assert.equal(bed.clock.remaining("mqtt reconnect"), Math.max(0, 5000 - lastedMs));
    bed.clock.advance(5000);
    bed.greet();
    assert.equal(bed.session.open, true);
  }
});

test("a retry ends the pause before the next try, and a try that waits for the network; it keeps the 5 s", () => {
  const bed = new SessionTestBed({ random: constantRandom(0.999999) });
  bed.session.retry();
  assert.equal(bed.connector.peers.length, 0, "it was not started");
  bed.session.start();
  bed.peer.fail("unreachable");
  assert.equal(bed.clock.remaining("mqtt reconnect"), 999);
  bed.session.retry();
  assert.equal(bed.connector.peers.length, 2);
  bed.session.retry();
  assert.equal(bed.connector.peers.length, 3, "the second one was on its way in another network");
  bed.peer.accept();
  bed.session.retry();
  assert.equal(bed.connector.peers.length, 3, "the CONNECT is sent");
  bed.peer.fail("closed");
  bed.session.retry();
  assert.equal(bed.clock.remaining("mqtt reconnect"), 5000);
  bed.session.stop();
  bed.session.retry();
  assert.deepEqual(bed.clock.names(), []);
});

test("a retry leaves a connection alone that works", () => {
  const bed = SessionTestBed.opened();
  bed.session.retry();
  assert.equal(bed.connector.peers.length, 1);
  assert.deepEqual(bed.events, ["open"]);
});

test("it is known how long the platform takes no other CONNECT, also after the end of a session", () => {
  const fresh = new SessionTestBed();
  assert.ok(fresh.session.connectWaitMs <= 0);
  const bed = SessionTestBed.opened();
  bed.clock.advance(1000);
  assert.equal(bed.session.connectWaitMs, 4000);
  bed.session.stop();
  bed.clock.advance(1000);
  assert.equal(bed.session.connectWaitMs, 3000);
  bed.clock.advance(60_000);
  assert.ok(bed.session.connectWaitMs <= 0);
});

test("stop and start do not make a second CONNECT within 5 s", () => {
  const bed = SessionTestBed.opened();
  bed.clock.advance(1000);
  bed.session.stop();
  bed.session.start();
  bed.clock.advance(3999);
  bed.peer.accept();
  assert.equal(bed.connections, 1);
});

test("a connection that lasted over a minute starts the pauses anew, a shorter one does not", () => {
  for (const [lastedMs, waitMs] of [
    [60_000, 7999],
    [60_001, 999],
  ] as const) {
    const bed = new SessionTestBed({ random: constantRandom(0.999999), keepaliveSeconds: 0 });
    bed.session.start();
    for (const bound of [1, 2, 4]) {
      bed.peer.fail("unreachable");
      bed.clock.advance(bound * 1000);
    }
    bed.greet();
    bed.clock.advance(lastedMs);
    bed.peer.fail("closed");
    assert.equal(bed.clock.remaining("mqtt reconnect"), waitMs);
  }
});

test("a ping follows three quarters of the keepalive without a packet, and each packet puts it off", () => {
  const bed = SessionTestBed.opened();
  bed.clock.advance(89_999);
  assert.deepEqual(bed.sent(), []);
  bed.clock.advance(1);
  assert.deepEqual(bed.sent(), [PINGREQ]);
  bed.peer.send(PINGRESP);
  bed.clock.advance(60_000);
  bed.session.publish("t", "x");
  bed.sent();
  bed.clock.advance(89_999);
  assert.deepEqual(bed.sent(), []);
  bed.clock.advance(1);
  assert.deepEqual(bed.sent(), [PINGREQ]);
});

test("an idle connection whose pings are answered stays open, and is never silent for a whole keepalive", () => {
  const bed = SessionTestBed.opened({ keepaliveSeconds: 60 });
  let silentMs = 0;
  for (let second = 0; second < 3600; second++) {
    bed.clock.advance(1000);
    const sent = bed.sent();
    silentMs = sent.length > 0 ? 0 : silentMs + 1000;
    assert.ok(silentMs < 60_000);
    if (sent.length > 0) bed.peer.send(PINGRESP);
  }
  assert.deepEqual(bed.events, ["open"]);
});

test("a connection with a ping unanswered for 10 s is ended, whatever else the broker sends", () => {
  const bed = SessionTestBed.opened();
  bed.clock.advance(90_000);
  bed.clock.advance(5000);
  bed.peer.send(publish("t", "x"));
  bed.clock.advance(4999);
  assert.deepEqual(bed.events, ["open", "message t x"]);
  bed.clock.advance(1);
  assert.deepEqual(bed.events, ["open", "message t x", "closed mqtt-timeout"]);
});

test("one answer is enough for the pings before it", () => {
  const bed = SessionTestBed.opened({ keepaliveSeconds: 8 });
  bed.clock.advance(12_000);
  assert.deepEqual(bed.sent(), [PINGREQ, PINGREQ]);
  bed.peer.send(PINGRESP);
  bed.clock.advance(5000);
  assert.deepEqual(bed.events, ["open"]);
  bed.clock.advance(11_000);
  assert.deepEqual(bed.events, ["open", "closed mqtt-timeout"]);
});

test("the timers of a lost connection do not touch the next one", () => {
  const bed = SessionTestBed.opened();
  bed.session.publish("t", "x", () => {});
  bed.clock.advance(90_000);
  bed.peer.fail("closed");
  assert.deepEqual(bed.clock.names(), ["mqtt reconnect"]);
});
