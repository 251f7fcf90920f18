import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PublishQueue } from "../../../src/gateway/publish-queue.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { VirtualClock } from "../../support/virtual-clock.js";

class Bench {
  readonly clock = new VirtualClock();
  readonly sent: { readonly at: number; readonly text: string }[] = [];
  taking = true;
  next: () => boolean = () => false;
  readonly publishQueue: PublishQueue;

  constructor(messagesPerSecond = 8) {
    const publish = (_: string, text: string): boolean =>
      this.taking && this.sent.push({ at: this.clock.now(), text }) > 0;
    this.publishQueue = new PublishQueue({
      session: { publish },
      clock: this.clock,
      messagesPerSecond,
      next: () => this.next(),
    });
  }

  say(text: string, topic = "t"): void {
    this.publishQueue.publish(topic, text, () => {});
  }

  texts(): string[] {
    return this.sent.map(({ text }) => text);
  }
}

/** The most that was sent in any one second. */
function busiest(sent: readonly { readonly at: number }[]): number {
  return Math.max(0, ...sent.map(({ at }) => sent.filter((other) => other.at >= at && other.at < at + 1000).length));
}

describe("the publish queue", () => {
  test("sends in turn, never from inside the call, and never more than its share in any second", () => {
    const bench = new Bench(5);
    bench.publishQueue.open();
    for (let index = 0; index < 23; index++) bench.say(`${index}`);
    assert.equal(bench.texts().length, 0);
    bench.clock.advance(0);
    assert.equal(bench.sent.length, 5);
    bench.clock.advance(10_000);
    assert.deepEqual(
      bench.texts(),
      Array.from({ length: 23 }, (_, index) => `${index}`),
    );
    assert.equal(busiest(bench.sent), 5);
    assert.equal(bench.sent.at(-1)?.at, 4_000);
  });

  test("whatever comes when, no second has more than its share", () => {
    const random = new SeededRandom();
    const bench = new Bench(8);
    bench.publishQueue.open();
    for (let count = 0; count < 500; count++) {
      bench.clock.advance(random.integer(0, 200));
      if (random.integer(0, 3) === 0) bench.publishQueue.publish("t", "spare");
      else bench.say(`${count}`);
    }
    bench.clock.advance(60_000);
    assert.ok(busiest(bench.sent) <= 8, `${busiest(bench.sent)} ${REPEAT}`);
  });

  test("tries again what the connection does not take, without losing or doubling it", () => {
    const bench = new Bench();
    bench.publishQueue.open();
    bench.taking = false;
    bench.say("a");
    bench.say("b");
    bench.clock.advance(1_000);
    assert.deepEqual(bench.texts(), []);
    bench.taking = true;
    bench.clock.advance(1_000);
    assert.deepEqual(bench.texts(), ["a", "b"]);
  });

  test("keeps of what asks for no acknowledgement the newest alone, and sends it after the rest", () => {
    const bench = new Bench(2);
    bench.publishQueue.open();
    for (const text of ["1 %", "2 %", "3 %"]) bench.publishQueue.publish("t", text);
    bench.say("a", "of another");
    bench.clock.advance(5_000);
    assert.deepEqual(bench.texts(), ["a", "3 %"]);
  });

  test("never sends the progress of a device after its result, however long both wait", () => {
    const bench = new Bench(1);
    bench.publishQueue.open();
    bench.say("a", "of another");
    for (const text of ["50 %", "100 %"]) bench.publishQueue.publish("t", text);
    for (const text of ["burning", "done"]) bench.say(text);
    bench.clock.advance(10_000);
    assert.deepEqual(bench.texts(), ["a", "100 %", "burning", "done"]);
  });

  test("asks for more only where nothing waits", () => {
    const bench = new Bench();
    let begun = 0;
    bench.next = () => {
      if (begun === 3) return false;
      bench.say(`next ${++begun}`);
      return true;
    };
    bench.publishQueue.open();
    bench.say("first");
    bench.clock.advance(5_000);
    assert.deepEqual(bench.texts(), ["first", "next 1", "next 2", "next 3"]);
  });

  test("closed, it forgets what waits and takes no more", () => {
    const bench = new Bench();
    assert.equal(
      bench.publishQueue.publish("t", "x", () => {}),
      false,
    );
    bench.publishQueue.open();
    bench.say("a");
    bench.publishQueue.close();
    bench.clock.advance(1_000);
    assert.deepEqual([bench.texts(), bench.clock.names()], [[], []]);
    bench.publishQueue.open();
    bench.clock.advance(1_000);
    assert.deepEqual(bench.texts(), []);
  });
});
