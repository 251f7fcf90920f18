import assert from "node:assert/strict";
import { test } from "node:test";
import { PublishTurns } from "../../../src/mqtt/publish-turns.js";
import type { MqttSession } from "../../../src/mqtt/session.js";
import { VirtualClock } from "../../support/virtual-clock.js";

function publishing(): {
  turns: PublishTurns;
  clock: VirtualClock;
  session: { open: boolean; publish: MqttSession["publish"] };
  said: string[];
} {
  const clock = new VirtualClock();
  const said: string[] = [];
  const session = {
    open: true,
    publish(topic: string, payload: string | Uint8Array, onAcknowledged?: () => void): boolean {
      said.push(`${topic} ${payload}`);
      onAcknowledged?.();
      return true;
    },
  };
  return { turns: new PublishTurns(session, clock), clock, session, said };
}

test("a message is not published on top of what asked for it, and each has a turn of its own", () => {
  const { turns, clock, said } = publishing();
  let acknowledged = 0;
  assert.equal(
    turns.publish("t", "1", () => void acknowledged++),
    true,
  );
  turns.publish("t", "2");
  assert.equal(said.length, 0);
  clock.timer("other", 0, () => void said.push("other"));
  clock.advance(0);
  assert.deepEqual(said, ["t 1", "other", "t 2"]);
  assert.equal(acknowledged, 1);
  assert.deepEqual(clock.names(), []);
});

test("what is published from inside of a turn comes after what waits", () => {
  const { turns, clock, said } = publishing();
  turns.publish("t", "1", () => void turns.publish("t", "3"));
  turns.publish("t", "2");
  clock.advance(0);
  assert.deepEqual(said, ["t 1", "t 2", "t 3"]);
});

test("without a connection nothing is sent, and nothing waits for one", () => {
  const { turns, clock, session, said } = publishing();
  session.open = false;
  assert.equal(turns.publish("t", "1"), false);
  clock.advance(0);
  assert.equal(said.length, 0);
});

test("closed, it drops what waits and leaves no timer", () => {
  const { turns, clock, said } = publishing();
  turns.publish("t", "1");
  turns.publish("t", "2");
  turns.close();
  assert.deepEqual(clock.names(), []);
  clock.advance(0);
  assert.equal(said.length, 0);
});

test("a message that the session does not take keeps its place, and is tried again", () => {
  const { turns, clock, session, said } = publishing();
  const publish = session.publish;
  session.publish = (_topic, _payload, onAcknowledged) => (said.push("busy"), onAcknowledged === undefined);
  turns.publish("t", "1", () => {});
  turns.publish("t", "2", () => {});
  clock.advance(0);
  assert.deepEqual(said.splice(0), ["busy"]);
  clock.advance(99);
  assert.deepEqual(said, []);
  session.publish = publish;
  clock.advance(1);
  assert.deepEqual(said, ["t 1", "t 2"]);
});

test("what asks for no acknowledgement is tried once, and without a connection nothing is tried again", () => {
  const { turns, clock, session, said } = publishing();
  session.publish = () => (said.push("busy"), false);
  turns.publish("t", "1");
  clock.advance(1000);
  assert.deepEqual(said.splice(0), ["busy"]);
  turns.publish("t", "2", () => {});
  session.open = false;
  clock.advance(1000);
  assert.deepEqual(said, ["busy"]);
  assert.deepEqual(clock.names(), []);
});

test("sixteen messages wait at most", () => {
  const { turns, clock, said } = publishing();
  const taken = Array.from({ length: 20 }, (_, index) => turns.publish("t", String(index), () => {}));
  assert.deepEqual(taken.indexOf(false), 16);
  clock.advance(0);
  assert.equal(said.length, 16);
  assert.equal(turns.publish("t", "again"), true);
});
