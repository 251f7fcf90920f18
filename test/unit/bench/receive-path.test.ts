import assert from "node:assert/strict";
import { test } from "node:test";
import { type LinkSettings, SDK_C3, SHIPPED } from "../../../bench/model/link-settings.js";
import { LinuxSender } from "../../../bench/model/linux-sender.js";
import { LwipReceiver } from "../../../bench/model/lwip-receiver.js";
import { Radio } from "../../../bench/model/radio.js";
import { type Acknowledgement, endOf, type Segment } from "../../../bench/model/segment.js";
import { Scheduler } from "../../support/scheduler.js";

const { mss: MSS, windowBytes: WINDOW } = SHIPPED;

/** The stack of a board, and what it says. */
class Near {
  readonly acknowledgements: Acknowledgement[] = [];
  /** Bytes of each chain that was delivered. */
  readonly chains: number[] = [];
  readonly receiver: LwipReceiver;

  constructor(settings: LinkSettings = SHIPPED) {
    this.receiver = new LwipReceiver({
      settings,
      deliver: (chain) => void this.chains.push(chain.reduce((sum, { byteLength }) => sum + byteLength, 0)),
      acknowledge: (acknowledgement) => void this.acknowledgements.push(acknowledgement),
    });
  }

  /** Full segments by their numbers. */
  receive(...numbers: readonly number[]): void {
    for (const number of numbers) {
      this.receiver.receive({ sequence: number * MSS, bytes: new Uint8Array(MSS), ends: false });
    }
  }

  get last(): Acknowledgement | undefined {
    return this.acknowledgements.at(-1);
  }
}

test("every second segment is acknowledged, a single one by the fast timer", () => {
  const near = new Near();
  near.receive(0, 1, 2);
  assert.deepEqual(near.acknowledgements, [{ acknowledged: 2 * MSS, edge: WINDOW, sacks: [] }]);
  assert.ok(near.receiver.delays);
  near.receiver.onFastTimer();
  assert.equal(near.last?.acknowledged, 3 * MSS);
  near.receiver.onFastTimer();
  assert.equal(near.acknowledgements.length, 2, "nothing is left to acknowledge");
});

test("the window is announced once its edge moves by a quarter of it; four segments are enough for a large one", () => {
  for (const [settings, segments] of [
    [SHIPPED, 3],
    [SDK_C3, 1],
    [{ ...SHIPPED, windowBytes: 40 * MSS }, 4],
  ] as const) {
    const near = new Near(settings);
    near.receive(...Array.from({ length: 4 }, (_, number) => number));
    near.acknowledgements.length = 0;
    for (let count = 1; count < segments; count++) near.receiver.recved(MSS);
    assert.equal(near.acknowledgements.length, 0, `${segments - 1} are too few`);
    near.receiver.recved(MSS);
    assert.equal(near.last?.edge, settings.windowBytes + segments * MSS);
  }
});

test("what is out of order is acknowledged at once and selectively, and is delivered as one chain with what was missing", () => {
  const near = new Near();
  near.receive(0, 2, 3, 5);
  assert.deepEqual(
    near.acknowledgements.map(({ acknowledged }) => acknowledged / MSS),
    [1, 1, 1],
  );
  assert.deepEqual(near.last?.sacks, [
    { start: 5 * MSS, end: 6 * MSS },
    { start: 2 * MSS, end: 4 * MSS },
  ]);
  near.receive(1);
  assert.deepEqual(near.chains, [MSS, 3 * MSS]);
  assert.deepEqual(near.last, { acknowledged: 4 * MSS, edge: WINDOW, sacks: [{ start: 5 * MSS, end: 6 * MSS }] });
});

test("without selective acknowledgement there are no blocks, and beyond the limit nothing out of order is kept", () => {
  const near = new Near({ ...SDK_C3, windowBytes: WINDOW, outOfOrderPbufs: 2 });
  near.receive(1, 2, 3);
  assert.ok(near.acknowledgements.every(({ acknowledged, sacks }) => acknowledged === 0 && sacks.length === 0));
  near.receive(0);
  assert.deepEqual(near.chains, [3 * MSS], "the last one was dropped");
});

test("what is beyond the window or came before is acknowledged and dropped", () => {
  const near = new Near(SDK_C3);
  near.receive(4);
  assert.deepEqual([near.last?.acknowledged, near.chains.length], [0, 0]);
  near.receive(0, 0);
  assert.deepEqual([near.last?.acknowledged, near.chains.length], [MSS, 1]);
});

test("a stopped stack holds as many frames as there are buffers, in order, and works them off before its timers", () => {
  const radio = new Radio({ staticBuffers: 2 });
  const story: string[] = [];
  radio.stop();
  radio.run(() => story.push("timer"));
  for (const name of ["a", "b", "c"]) radio.receive(() => story.push(name));
  assert.deepEqual(story, []);
  radio.resume();
  assert.deepEqual([story, radio.lost], [["a", "b", "timer"], 1]);
});

const ROUND_TRIP_MS = 100;

/** A server that sends, and what leaves it. */
class Far {
  readonly scheduler = new Scheduler();
  readonly sent: Segment[] = [];
  readonly sender: LinuxSender;

  constructor(options: { sack?: boolean; windowBytes?: number } = {}) {
    const { sack = true, windowBytes = 40 * MSS } = options;
    this.sender = new LinuxSender({
      scheduler: this.scheduler,
      mss: MSS,
      windowBytes,
      sack,
      roundTripMs: ROUND_TRIP_MS,
      transmit: (segment) => void this.sent.push(segment),
    });
  }

  /** Segments that were sent since the last call, by their numbers. */
  take(): number[] {
    return this.sent.splice(0).map(({ sequence }) => sequence / MSS);
  }

  acknowledge(acknowledged: number, sacks: readonly (readonly [start: number, end: number])[] = []): void {
    this.sender.receive({
      acknowledged: acknowledged * MSS,
      edge: 40 * MSS,
      sacks: sacks.map(([start, end]) => ({ start: start * MSS, end: end * MSS })),
    });
  }

  wait(ms: number): void {
    let done = false;
    this.scheduler.set(() => (done = true), ms);
    while (!done) this.scheduler.turn();
  }
}

const numbers = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

test("a connection begins with ten segments, and sends two more for each that is acknowledged", () => {
  const far = new Far();
  far.sender.push(new Uint8Array(100 * MSS));
  assert.deepEqual(far.take(), numbers(0, 10));
  far.wait(ROUND_TRIP_MS);
  far.acknowledge(2);
  assert.deepEqual(far.take(), numbers(10, 14));
});

test("no more is sent than the window takes; a rest of it is used together with a whole segment, not alone", () => {
  const far = new Far({ windowBytes: 2.5 * MSS });
  far.sender.push(new Uint8Array(10 * MSS));
  assert.deepEqual(
    far.sent.map(({ bytes }) => bytes.byteLength / MSS),
    [1, 1],
  );
  const larger = new Far({ windowBytes: 1.5 * MSS });
  larger.sender.push(new Uint8Array(10 * MSS));
  assert.deepEqual(
    larger.sent.map(({ bytes }) => bytes.byteLength / MSS),
    [1, 0.5],
  );
});

test("three segments that came behind a hole mean a loss: it alone is sent again, before anything new", () => {
  const far = new Far();
  far.sender.push(new Uint8Array(100 * MSS));
  far.take();
  far.wait(ROUND_TRIP_MS);
  for (const end of [2, 3]) far.acknowledge(0, [[1, end]]);
  assert.ok(!far.take().includes(0), "two may have overtaken it");
  far.acknowledge(0, [[1, 4]]);
  assert.equal(far.take()[0], 0);
  far.acknowledge(0, [[1, 5]]);
  assert.ok(!far.take().includes(0), "once");
});

test("without selective acknowledgements three duplicates mean a loss, and only one segment is repaired in a round trip", () => {
  const far = new Far({ sack: false });
  far.sender.push(new Uint8Array(10 * MSS));
  far.take();
  far.wait(ROUND_TRIP_MS);
  far.acknowledge(1);
  for (let count = 0; count < 2; count++) far.acknowledge(1);
  assert.deepEqual(far.take(), []);
  far.acknowledge(1);
  assert.deepEqual(far.take(), [1]);
  far.acknowledge(4);
  assert.deepEqual(far.take(), [4], "the acknowledgement ends at the next hole");
});

test("the last segment is probed after two round trips, which shows the loss of those before it", () => {
  const far = new Far();
  far.sender.push(new Uint8Array(4 * MSS));
  far.take();
  far.wait(2 * ROUND_TRIP_MS + 1);
  assert.deepEqual(far.take(), []);
  far.wait(2);
  assert.deepEqual(far.take(), [3]);
  far.wait(ROUND_TRIP_MS);
  far.acknowledge(0, [[3, 4]]);
  assert.deepEqual(far.take(), [0, 1], "no more than one beyond what has arrived");
  far.acknowledge(1, [[3, 4]]);
  assert.deepEqual(far.take(), [2]);
});

test("a probe is a whole new segment if there is one, also when the congestion window is full", () => {
  const far = new Far();
  far.sender.push(new Uint8Array(100 * MSS));
  assert.deepEqual(far.take(), numbers(0, 10));
  far.wait(2 * ROUND_TRIP_MS + 3);
  assert.deepEqual(far.sent, [{ sequence: 10 * MSS, bytes: new Uint8Array(MSS), ends: false }]);
});

test("without selective acknowledgements nothing is probed: the timer expires, and all is sent again, slowly at first", () => {
  const far = new Far({ sack: false });
  far.sender.push(new Uint8Array(4 * MSS));
  far.take();
  far.wait(299);
  assert.deepEqual(far.take(), []);
  far.wait(2);
  assert.deepEqual(far.take(), [0]);
  far.wait(ROUND_TRIP_MS);
  far.acknowledge(1);
  assert.deepEqual(far.take(), [1, 2]);
});

test("without selective acknowledgements a timer that expired too early is found out by the answer to new segments", () => {
  const far = new Far({ sack: false });
  far.sender.push(new Uint8Array(100 * MSS));
  far.take();
  far.wait(301);
  assert.deepEqual(far.take(), [0]);
  far.acknowledge(5);
  const next = far.take();
  assert.ok(next.length > 0 && next.every((number) => number >= 10), `${next}`);
  far.acknowledge(8);
  const after = far.take();
  assert.ok(after.length > 0 && after.every((number) => number > Math.max(...next)), `${after}`);
});

test("a duplicate as the answer to new segments shows that the timer was right: what was lost is sent again", () => {
  const far = new Far({ sack: false });
  far.sender.push(new Uint8Array(100 * MSS));
  far.take();
  far.wait(301);
  far.acknowledge(5);
  far.take();
  far.acknowledge(5);
  assert.equal(far.take()[0], 5);
});

test("more duplicates than there can be make the server wait for more of them from then on, without selective acknowledgements", () => {
  const far = new Far({ sack: false });
  far.sender.push(new Uint8Array(6 * MSS));
  far.take();
  far.wait(ROUND_TRIP_MS);
  for (let count = 0; count < 6; count++) far.acknowledge(0);
  assert.deepEqual(far.take(), [0]);
  far.acknowledge(6);
  far.sender.push(new Uint8Array(6 * MSS));
  assert.deepEqual(far.take(), numbers(6, 12));
  for (let count = 0; count < 5; count++) far.acknowledge(6);
  assert.deepEqual(far.take(), []);
});

test("what arrived behind a hole does not measure the round trip, for it is acknowledged late", () => {
  const far = new Far({ sack: false });
  far.sender.push(new Uint8Array(10 * MSS));
  far.wait(ROUND_TRIP_MS);
  for (let count = 0; count < 4; count++) far.acknowledge(1);
  far.wait(ROUND_TRIP_MS);
  far.acknowledge(10);
  far.take();
  far.sender.push(new Uint8Array(MSS));
  far.wait(302);
  assert.deepEqual(far.take(), [10, 10], "the timer is that of round trips of 100 ms");
});

test("the end of the stream counts as a byte", () => {
  const far = new Far();
  far.sender.push(new Uint8Array(10));
  far.sender.end();
  assert.deepEqual(far.sent.map(endOf), [10, 11]);
});
