import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "aedes";
import { Subscribers } from "../../../../cloud/broker/subscribers.js";

/** A client as far as its subscriptions matter. */
function client(...topics: readonly string[]): Client {
  return { subscriptions: Object.fromEntries(topics.map((topic) => [topic, {}])) } as unknown as Client;
}

const any = (): boolean => true;

test("a topic has a subscriber once one was added, and until it is removed", () => {
  const subscribers = new Subscribers();
  const [one, other] = [client("a", "b"), client("a")];
  assert.equal(subscribers.some("a", any), false);
  for (const topic of ["a", "b"]) subscribers.add(topic, one);
  subscribers.add("a", other);
  subscribers.remove(one);
  assert.deepEqual(
    ["a", "b"].map((topic) => subscribers.some(topic, any)),
    [true, false],
  );
  subscribers.remove(other);
  assert.equal(subscribers.some("a", any), false);
  subscribers.remove(other);
});

test("one of several that fits is enough, and none is asked about another topic", () => {
  const subscribers = new Subscribers();
  const [one, other] = [client("a"), client("a")];
  for (const each of [one, other]) subscribers.add("a", each);
  assert.equal(
    subscribers.some("a", (each) => each === other),
    true,
  );
  assert.equal(
    subscribers.some("a", () => false),
    false,
  );
  assert.equal(
    subscribers.some("b", () => assert.fail("asked")),
    false,
  );
});

test("a client that has ended its subscription since does not count", () => {
  const subscribers = new Subscribers();
  const one = client("a");
  subscribers.add("a", one);
  delete (one as unknown as { subscriptions: { [topic: string]: unknown } }).subscriptions["a"];
  assert.equal(subscribers.some("a", any), false);
});
