import assert from "node:assert/strict";
import { test } from "node:test";
import { PublishTurns } from "../../../src/mqtt/publish-turns.js";
import { VirtualClock } from "../../support/virtual-clock.js";

function publishing(): { turns: PublishTurns; clock: VirtualClock; session: { open: boolean }; said: string[] } {
  const clock = new VirtualClock();
  const said: string[] = [];
  const session = {
    open: true,
    publish(topic: string, payload: string, onAcknowledged?: () => void): boolean {
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
