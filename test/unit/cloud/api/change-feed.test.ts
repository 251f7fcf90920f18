import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ChangeFeed } from "../../../../cloud/api/change-feed.js";
import type { Change } from "../../../../cloud/operator/types.js";
import { FakeOperator, PRODUCT } from "../../../support/fake-operator.js";

const plan = (planId: number): Change => ({ kind: "plan", planId, productId: PRODUCT });

function withFeed(body: (feed: ChangeFeed, operator: FakeOperator, tick: (ms: number) => void) => void): void {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const operator = new FakeOperator();
    const feed = new ChangeFeed({ operator, planIntervalMs: 250, presenceIntervalMs: 1000 });
    body(feed, operator, (ms) => mock.timers.tick(ms));
  } finally {
    mock.timers.reset();
  }
}

test("a burst of 1,000 changes of one plan gives few, and the last one always comes", () =>
  withFeed((feed, operator, tick) => {
    const got: Change[] = [];
    feed.follow((change) => got.push(change));
    for (let count = 0; count < 999; count++) {
      operator.change(plan(1));
      tick(1);
    }
    const last: Change = { ...plan(1), tasksOnly: true } as Change;
    operator.change(last);
    // At 0, 250, 500 and 750 ms.
    assert.equal(got.length, 4);
    tick(250);
    assert.equal(got.length, 5);
    assert.equal(got.at(-1), last);
    tick(10_000);
    assert.equal(got.length, 5);
    operator.change(plan(1));
    assert.equal(got.length, 6);
  }));

test("changes of two plans do not hold up each other, and changes of presence come once a second", () =>
  withFeed((feed, operator, tick) => {
    const got: string[] = [];
    feed.follow((change) => got.push(change.kind === "plan" ? `plan ${change.planId}` : change.kind));
    for (const change of [plan(1), plan(2), plan(1), plan(2)]) operator.change(change);
    for (let count = 0; count < 100; count++) operator.change({ kind: "presence" });
    operator.change({ kind: "package", packageId: 1, productId: PRODUCT });
    operator.change({ kind: "health" });
    operator.change({ kind: "health" });
    assert.deepEqual(got.splice(0), ["plan 1", "plan 2", "presence", "package", "health", "health"]);
    tick(250);
    assert.deepEqual(got.splice(0), ["plan 1", "plan 2"]);
    tick(749);
    assert.deepEqual(got, []);
    tick(1);
    assert.deepEqual(got.splice(0), ["presence"]);
    tick(10_000);
    assert.deepEqual(got, []);
  }));

test("the cloud is followed once for all readers, and nothing is left when the last one goes", () =>
  withFeed((feed, operator, tick) => {
    const got: string[] = [];
    const ends = ["a", "b"].map((name) => feed.follow(() => got.push(name)));
    assert.equal(operator.listeners.size, 1);
    operator.change(plan(1));
    operator.change(plan(1));
    assert.deepEqual(got.splice(0), ["a", "b"]);
    ends[0]!();
    assert.equal(operator.listeners.size, 1);
    ends[1]!();
    assert.equal(operator.listeners.size, 0);
    tick(10_000);
    assert.equal(got.length, 0);
    // What was held back for those who have gone does not hold up one that comes.
    feed.follow(() => got.push("c"));
    operator.change(plan(1));
    assert.equal(got.join(), "c");
  }));
