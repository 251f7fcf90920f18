import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PublishQueue } from "../../../src/gateway/publish-queue.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { VirtualClock } from "../../support/virtual-clock.js";

class TestBed {
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
    const bed = new TestBed(5);
    bed.publishQueue.open();
    for (let index = 0; index < 23; index++) bed.say(`${index}`);
    assert.equal(bed.texts().length, 0);
    bed.clock.advance(0);
    assert.equal(bed.sent.length, 5);
    bed.clock.advance(10_000);
    assert.deepEqual(
      bed.texts(),
      Array.from({ length: 23 }, (_, index) => `${index}`),
    );
    assert.equal(busiest(bed.sent), 5);
    assert.equal(bed.sent.at(-1)?.at, 4_000);
  });

  test("at any times of the messages no second has more than its share", () => {
    const random = new SeededRandom();
    const bed = new TestBed(8);
    bed.publishQueue.open();
    for (let count = 0; count < 500; count++) {
      bed.clock.advance(random.integer(0, 200));
      if (random.integer(0, 3) === 0) bed.publishQueue.publish("t", "spare");
      else bed.say(`${count}`);
    }
    bed.clock.advance(60_000);
    assert.ok(busiest(bed.sent) <= 8, `${busiest(bed.sent)} ${REPEAT}`);
  });

  test("tries again what the connection does not take, without losing or doubling it", () => {
    const bed = new TestBed();
    bed.publishQueue.open();
    bed.taking = false;
    bed.say("a");
    bed.say("b");
    bed.clock.advance(1_000);
    assert.deepEqual(bed.texts(), []);
    bed.taking = true;
    bed.clock.advance(1_000);
    assert.deepEqual(bed.texts(), ["a", "b"]);
  });

  test("keeps only the newest message without acknowledgement, and sends it after the rest", () => {
    const bed = new TestBed(2);
    bed.publishQueue.open();
    for (const text of ["1 %", "2 %", "3 %"]) bed.publishQueue.publish("t", text);
    bed.say("a", "of another");
    bed.clock.advance(5_000);
    assert.deepEqual(bed.texts(), ["a", "3 %"]);
  });

  test("never sends the progress of a device after its result, however long both wait", () => {
    const bed = new TestBed(1);
    bed.publishQueue.open();
    bed.say("a", "of another");
    for (const text of ["50 %", "100 %"]) bed.publishQueue.publish("t", text);
    for (const text of ["burning", "done"]) bed.say(text);
    bed.clock.advance(10_000);
    assert.deepEqual(bed.texts(), ["a", "100 %", "burning", "done"]);
  });

  test("asks for more only if nothing waits", () => {
    const bed = new TestBed();
    let begun = 0;
    bed.next = () => {
      if (begun === 3) return false;
      bed.say(`next ${++begun}`);
      return true;
    };
    bed.publishQueue.open();
    bed.say("first");
    bed.clock.advance(5_000);
    assert.deepEqual(bed.texts(), ["first", "next 1", "next 2", "next 3"]);
  });

  test("closed, it forgets what waits and takes no more", () => {
    const bed = new TestBed();
    assert.equal(
      bed.publishQueue.publish("t", "x", () => {}),
      false,
    );
    bed.publishQueue.open();
    bed.say("a");
    bed.publishQueue.close();
    bed.clock.advance(1_000);
    assert.deepEqual([bed.texts(), bed.clock.names()], [[], []]);
    bed.publishQueue.open();
    bed.clock.advance(1_000);
    assert.deepEqual(bed.texts(), []);
  });
});
