import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePuback, encodePublish, encodeSubscribe } from "../../../src/mqtt/codec.js";
import { connack, joined, puback, publish, suback, unsuback } from "../../support/broker-packets.js";
import { SessionBench } from "../../support/session-bench.js";

test("a subscription is one SUBSCRIBE with one filter, and its answer is told", () => {
  const bench = SessionBench.opened();
  const answers: string[] = [];
  for (const filter of ["a", "b"]) {
    assert.equal(
      bench.session.subscribe(filter, (granted) => answers.push(`${filter} ${granted}`)),
      true,
    );
  }
  assert.deepEqual(bench.peer.take(), joined(encodeSubscribe(1, "a"), encodeSubscribe(2, "b")));
  bench.peer.send(suback(2, 0x80));
  bench.peer.send(suback(1, 1));
  assert.deepEqual(answers, ["b false", "a true"]);
  bench.peer.send(suback(1, 0x80));
  assert.equal(answers.length, 2);
});

test("QoS 0 is sent once and forgotten", () => {
  const bench = SessionBench.opened();
  assert.equal(bench.session.publish("t", "x"), true);
  assert.deepEqual(bench.peer.take(), new Uint8Array(encodePublish("t", "x", undefined, false)));
  bench.clock.advance(60_000);
  assert.equal(bench.peer.take().byteLength, 0);
});

test("a packet whose answer nobody waits for has an id of its own, and its answer is no matter", () => {
  const bench = SessionBench.opened();
  bench.session.subscribe("f", () => {});
  bench.peer.take();
  assert.equal(
    bench.session.send((packetId) => encodePuback(packetId)),
    true,
  );
  assert.deepEqual(bench.peer.take(), new Uint8Array(encodePuback(2)));
  bench.peer.send(joined(suback(1, 1), unsuback(2), unsuback(7)));
  bench.clock.advance(60_000);
  assert.equal(bench.peer.take().byteLength, 0);
  assert.deepEqual(bench.events, ["open"]);
});

test("nothing can be sent without a connection", () => {
  const bench = new SessionBench();
  const tryAll = (): boolean[] => [
    bench.session.subscribe("f", () => {}),
    bench.session.publish("t", "x"),
    bench.session.publish("t", "x", () => {}),
    bench.session.send(encodePuback),
  ];
  const refused = [false, false, false, false];
  assert.deepEqual(tryAll(), refused);
  bench.session.start();
  assert.deepEqual(tryAll(), refused);
  bench.peer.accept();
  bench.peer.take();
  assert.deepEqual(tryAll(), refused);
  bench.peer.send(connack());
  assert.deepEqual(tryAll(), [true, true, true, true]);
  bench.peer.take();
  bench.peer.fail("closed");
  assert.deepEqual(tryAll(), refused);
  bench.session.stop();
  assert.deepEqual(tryAll(), refused);
  assert.equal(bench.peer.take().byteLength, 0);
});

test("QoS 1 is sent again with DUP and the same id after 10 s, twice, then the connection is dropped", () => {
  const bench = SessionBench.opened();
  let acknowledged = 0;
  bench.session.publish("t", "x", () => acknowledged++);
  assert.deepEqual(bench.peer.take(), new Uint8Array(encodePublish("t", "x", 1, false)));
  for (const round of [1, 2]) {
    bench.clock.advance(9999);
    assert.equal(bench.peer.take().byteLength, 0, `round ${round}`);
    bench.clock.advance(1);
    assert.deepEqual(bench.peer.take(), new Uint8Array(encodePublish("t", "x", 1, true)), `round ${round}`);
  }
  bench.clock.advance(9999);
  assert.deepEqual(bench.events, ["open"]);
  bench.clock.advance(1);
  assert.deepEqual(bench.events, ["open", "closed mqtt-timeout"]);
  assert.equal(bench.peer.take().byteLength, 0);
  assert.equal(acknowledged, 0);
});

test("a SUBSCRIBE that is not answered is sent again unchanged: it has no DUP", () => {
  const bench = SessionBench.opened();
  bench.session.subscribe("f", () => {});
  bench.clock.advance(10_000);
  const packet = encodeSubscribe(1, "f");
  assert.deepEqual(bench.peer.take(), joined(packet, packet));
});

test("an acknowledgement is told once, also after a repetition", () => {
  const bench = SessionBench.opened();
  let acknowledged = 0;
  bench.session.publish("t", "x", () => acknowledged++);
  bench.clock.advance(10_000);
  bench.peer.send(joined(puback(1), puback(1), puback(77)));
  assert.equal(acknowledged, 1);
  bench.peer.take();
  bench.clock.advance(60_000);
  assert.equal(bench.peer.take().byteLength, 0);
  assert.deepEqual(bench.events, ["open"]);
});

test("each packet waits its own 10 s, and acknowledgements may come in any order", () => {
  const bench = SessionBench.opened();
  const acknowledged: string[] = [];
  const repeated: number[] = [];
  const look = (): void => {
    for (const { type, flags, body } of bench.sent()) if (type === 3 && flags & 8) repeated.push(body[4] as number);
  };
  for (const name of ["a", "b", "c"]) {
    bench.session.publish("t", name, () => acknowledged.push(name));
    bench.clock.advance(3000);
  }
  bench.sent();
  bench.peer.send(puback(2));
  bench.clock.advance(1000);
  look();
  assert.deepEqual(repeated, [1]);
  bench.clock.advance(6000);
  look();
  assert.deepEqual(repeated, [1, 3]);
  bench.peer.send(joined(puback(3), puback(1)));
  assert.deepEqual(acknowledged, ["b", "c", "a"]);
  bench.clock.advance(60_000);
  look();
  assert.deepEqual(repeated, [1, 3]);
});

test("at most 16 packets are in flight; what does not fit is refused and not sent", () => {
  const bench = SessionBench.opened();
  for (let count = 0; count < 16; count++) {
    assert.equal(
      bench.session.publish("t", "x", () => {}),
      true,
    );
  }
  assert.equal(bench.sent().length, 16);
  assert.equal(
    bench.session.publish("t", "x", () => {}),
    false,
  );
  assert.equal(
    bench.session.subscribe("f", () => {}),
    false,
  );
  assert.equal(bench.sent().length, 0);
  assert.equal(bench.session.publish("t", "x"), true, "QoS 0 waits for nothing");
  bench.peer.send(puback(5));
  assert.equal(
    bench.session.publish("t", "x", () => {}),
    true,
  );
});

test("an acknowledgement's callback may send the next packet", () => {
  const bench = SessionBench.opened();
  bench.session.publish("t", "first", () => bench.session.publish("t", "second", () => bench.events.push("both")));
  bench.peer.send(joined(puback(1), puback(2)));
  assert.deepEqual(bench.events, ["open", "both"]);
});

test("what is in flight when the connection ends is forgotten", () => {
  const bench = SessionBench.opened();
  let told = 0;
  bench.session.subscribe("f", () => told++);
  bench.session.publish("t", "x", () => told++);
  bench.peer.fail("closed");
  bench.clock.advance(5000);
  bench.greet();
  bench.peer.send(joined(suback(1, 1), puback(2)));
  bench.clock.advance(60_000);
  assert.equal(told, 0);
  assert.deepEqual(bench.sent(), []);
});

test("messages arrive in order, QoS 1 is acknowledged, QoS 0 is not", () => {
  const bench = SessionBench.opened();
  bench.peer.send(joined(publish("a", "1"), publish("b", "2", 0x1234), publish("", ""), publish("b", "2", 0x1234)));
  assert.deepEqual(bench.events, ["open", "message a 1", "message b 2", "message  ", "message b 2"]);
  assert.deepEqual(bench.peer.take(), joined(encodePuback(0x1234), encodePuback(0x1234)));
});

test("the payload of a message stays as it is while more arrives", () => {
  const kept: Uint8Array[] = [];
  const bench = SessionBench.opened({ onMessage: (_topic, payload) => kept.push(payload) });
  for (let round = 0; round < 20; round++) bench.peer.send(publish("t", new Uint8Array(200).fill(round)));
  assert.equal(kept.length, 20);
  for (const [round, payload] of kept.entries()) {
    assert.ok(payload.byteLength === 200 && payload.every((byte) => byte === round));
  }
});

test("a message of 16 KiB comes whole", () => {
  let received = 0;
  const bench = SessionBench.opened({ onMessage: (_topic, payload) => (received = payload.byteLength) });
  bench.peer.send(publish("t", new Uint8Array(16_381)));
  assert.equal(received, 16_381);
  assert.equal(bench.peer.unread, 0);
});

test("a PUBACK does not grant a subscription, and a SUBACK does not acknowledge a message", () => {
  const bench = SessionBench.opened();
  const told: string[] = [];
  bench.session.subscribe("f", (granted) => told.push(`granted ${granted}`));
  bench.session.publish("t", "x", () => told.push("acknowledged"));
  bench.peer.send(puback(1));
  bench.peer.send(suback(2, 1));
  assert.deepEqual(told, []);
});
