import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePuback, encodePublish, encodeSubscribe } from "../../../src/mqtt/codec.js";
import { connack, joined, puback, publish, suback, unsuback } from "../../support/broker-packets.js";
import { SessionTestBed } from "../../support/session-test-bed.js";

test("a subscription is one SUBSCRIBE with one filter, and its answer is reported", () => {
  const bed = SessionTestBed.opened();
  const answers: string[] = [];
  for (const filter of ["a", "b"]) {
    assert.equal(
      bed.session.subscribe(filter, (granted) => answers.push(`${filter} ${granted}`)),
      true,
    );
  }
  assert.deepEqual(bed.peer.take(), joined(encodeSubscribe(1, "a"), encodeSubscribe(2, "b")));
  bed.peer.send(suback(2, 0x80));
  bed.peer.send(suback(1, 1));
  assert.deepEqual(answers, ["b false", "a true"]);
  bed.peer.send(suback(1, 0x80));
  assert.equal(answers.length, 2);
});

test("QoS 0 is sent once and forgotten", () => {
  const bed = SessionTestBed.opened();
  assert.equal(bed.session.publish("t", "x"), true);
  assert.deepEqual(bed.peer.take(), new Uint8Array(encodePublish("t", "x", undefined, false)));
  bed.clock.advance(60_000);
  assert.equal(bed.peer.take().byteLength, 0);
});

test("a packet whose answer nobody waits for has an id of its own, and its answer is ignored", () => {
  const bed = SessionTestBed.opened();
  bed.session.subscribe("f", () => {});
  bed.peer.take();
  assert.equal(
    bed.session.send((packetId) => encodePuback(packetId)),
    true,
  );
  assert.deepEqual(bed.peer.take(), new Uint8Array(encodePuback(2)));
  bed.peer.send(joined(suback(1, 1), unsuback(2), unsuback(7)));
  bed.clock.advance(60_000);
  assert.equal(bed.peer.take().byteLength, 0);
  assert.deepEqual(bed.events, ["open"]);
});

test("nothing can be sent without a connection", () => {
  const bed = new SessionTestBed();
  const tryAll = (): boolean[] => [
    bed.session.subscribe("f", () => {}),
    bed.session.publish("t", "x"),
    bed.session.publish("t", "x", () => {}),
    bed.session.send(encodePuback),
  ];
  const refused = [false, false, false, false];
  assert.deepEqual(tryAll(), refused);
  bed.session.start();
  assert.deepEqual(tryAll(), refused);
  bed.peer.accept();
  bed.peer.take();
  assert.deepEqual(tryAll(), refused);
  bed.peer.send(connack());
  assert.deepEqual(tryAll(), [true, true, true, true]);
  bed.peer.take();
  bed.peer.fail("closed");
  assert.deepEqual(tryAll(), refused);
  bed.session.stop();
  assert.deepEqual(tryAll(), refused);
  assert.equal(bed.peer.take().byteLength, 0);
});

test("QoS 1 is sent again with DUP and the same id after 10 s, twice, then the connection is dropped", () => {
  const bed = SessionTestBed.opened();
  let acknowledged = 0;
  bed.session.publish("t", "x", () => acknowledged++);
  assert.deepEqual(bed.peer.take(), new Uint8Array(encodePublish("t", "x", 1, false)));
  for (const round of [1, 2]) {
    bed.clock.advance(9999);
    assert.equal(bed.peer.take().byteLength, 0, `round ${round}`);
    bed.clock.advance(1);
    assert.deepEqual(bed.peer.take(), new Uint8Array(encodePublish("t", "x", 1, true)), `round ${round}`);
  }
  bed.clock.advance(9999);
  assert.deepEqual(bed.events, ["open"]);
  bed.clock.advance(1);
  assert.deepEqual(bed.events, ["open", "closed mqtt-timeout"]);
  assert.equal(bed.peer.take().byteLength, 0);
  assert.equal(acknowledged, 0);
});

test("a SUBSCRIBE that is not answered is sent again unchanged: it has no DUP", () => {
  const bed = SessionTestBed.opened();
  bed.session.subscribe("f", () => {});
  bed.clock.advance(10_000);
  const packet = encodeSubscribe(1, "f");
  assert.deepEqual(bed.peer.take(), joined(packet, packet));
});

test("an acknowledgement is reported once, also after a repetition", () => {
  const bed = SessionTestBed.opened();
  let acknowledged = 0;
  bed.session.publish("t", "x", () => acknowledged++);
  bed.clock.advance(10_000);
  bed.peer.send(joined(puback(1), puback(1), puback(77)));
  assert.equal(acknowledged, 1);
  bed.peer.take();
  bed.clock.advance(60_000);
  assert.equal(bed.peer.take().byteLength, 0);
  assert.deepEqual(bed.events, ["open"]);
});

test("each packet waits its own 10 s, and acknowledgements may come in any order", () => {
  const bed = SessionTestBed.opened();
  const acknowledged: string[] = [];
  const repeated: number[] = [];
  const look = (): void => {
    for (const { type, flags, body } of bed.sent()) if (type === 3 && flags & 8) repeated.push(body[4] as number);
  };
  for (const name of ["a", "b", "c"]) {
    bed.session.publish("t", name, () => acknowledged.push(name));
    bed.clock.advance(3000);
  }
  bed.sent();
  bed.peer.send(puback(2));
  bed.clock.advance(1000);
  look();
  assert.deepEqual(repeated, [1]);
  bed.clock.advance(6000);
  look();
  assert.deepEqual(repeated, [1, 3]);
  bed.peer.send(joined(puback(3), puback(1)));
  assert.deepEqual(acknowledged, ["b", "c", "a"]);
  bed.clock.advance(60_000);
  look();
  assert.deepEqual(repeated, [1, 3]);
});

test("at most 16 packets are in flight; what does not fit is refused and not sent", () => {
  const bed = SessionTestBed.opened();
  for (let count = 0; count < 16; count++) {
    assert.equal(
      bed.session.publish("t", "x", () => {}),
      true,
    );
  }
  assert.equal(bed.sent().length, 16);
  assert.equal(
    bed.session.publish("t", "x", () => {}),
    false,
  );
  assert.equal(
    bed.session.subscribe("f", () => {}),
    false,
  );
  assert.equal(bed.sent().length, 0);
  assert.equal(bed.session.publish("t", "x"), true, "QoS 0 waits for nothing");
  bed.peer.send(puback(5));
  assert.equal(
    bed.session.publish("t", "x", () => {}),
    true,
  );
});

test("an acknowledgement's callback may send the next packet", () => {
  const bed = SessionTestBed.opened();
  bed.session.publish("t", "first", () => bed.session.publish("t", "second", () => bed.events.push("both")));
  bed.peer.send(joined(puback(1), puback(2)));
  assert.deepEqual(bed.events, ["open", "both"]);
});

test("what is in flight when the connection ends is forgotten", () => {
  const bed = SessionTestBed.opened();
  let told = 0;
  bed.session.subscribe("f", () => told++);
  bed.session.publish("t", "x", () => told++);
  bed.peer.fail("closed");
  bed.clock.advance(5000);
  bed.greet();
  bed.peer.send(joined(suback(1, 1), puback(2)));
  bed.clock.advance(60_000);
  assert.equal(told, 0);
  assert.deepEqual(bed.sent(), []);
});

test("messages arrive in order, QoS 1 is acknowledged, QoS 0 is not", () => {
  const bed = SessionTestBed.opened();
  bed.peer.send(joined(publish("a", "1"), publish("b", "2", 0x1234), publish("", ""), publish("b", "2", 0x1234)));
  assert.deepEqual(bed.events, ["open", "message a 1", "message b 2", "message  ", "message b 2"]);
  assert.deepEqual(bed.peer.take(), joined(encodePuback(0x1234), encodePuback(0x1234)));
});

test("the payload of a message stays as it is while more arrives", () => {
  const kept: Uint8Array[] = [];
  const bed = SessionTestBed.opened({ onMessage: (_topic, payload) => kept.push(payload) });
  for (let round = 0; round < 20; round++) bed.peer.send(publish("t", new Uint8Array(200).fill(round)));
  assert.equal(kept.length, 20);
  for (const [round, payload] of kept.entries()) {
    assert.ok(payload.byteLength === 200 && payload.every((byte) => byte === round));
  }
});

test("a message of 16 KiB comes whole", () => {
  let received = 0;
  const bed = SessionTestBed.opened({ onMessage: (_topic, payload) => (received = payload.byteLength) });
  bed.peer.send(publish("t", new Uint8Array(16_381)));
  assert.equal(received, 16_381);
  assert.equal(bed.peer.unread, 0);
});

test("a PUBACK does not grant a subscription, and a SUBACK does not acknowledge a message", () => {
  const bed = SessionTestBed.opened();
  const told: string[] = [];
  bed.session.subscribe("f", (granted) => told.push(`granted ${granted}`));
  bed.session.publish("t", "x", () => told.push("acknowledged"));
  bed.peer.send(puback(1));
  bed.peer.send(suback(2, 1));
  assert.deepEqual(told, []);
});
