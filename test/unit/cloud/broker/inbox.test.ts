import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Arrival, Inbox, type InboxOptions } from "../../../../cloud/broker/inbox.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const PASSING = new Error("the disk is full");

/** An inbox whose messages end when the test says so. */
function bedOf(options: Partial<InboxOptions> = {}) {
  const running = new Map<string, { end(): void; fail(error: unknown): void }>();
  const begun: string[] = [];
  const acknowledged: string[] = [];
  const dropped: string[] = [];
  const inbox = new Inbox({
    handle: (_topic, payload) => {
      begun.push(payload);
      return new Promise<void>((resolve, reject) => running.set(payload, { end: resolve, fail: reject }));
    },
    mayRetry: (error) => error === PASSING,
    onDropped: (line) => dropped.push(line),
    ...options,
  });
  const connection = { isStale: false };
  const arrival = (device: string, payload: string, qos: 0 | 1, of = connection): Arrival => ({
    topic: `$ota/report/ABCDE12345/${device}`,
    payload,
    isStale: () => of.isStale,
    ...(qos === 0 ? {} : { acknowledge: () => acknowledged.push(payload) }),
  });
  return { inbox, connection, arrival, running, begun, acknowledged, dropped };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function end(bed: ReturnType<typeof bedOf>, payload: string): Promise<void> {
  bed.running.get(payload)?.end();
  await settled();
}

test("messages of different devices are handled at the same time, those of one device one after the other", async () => {
  const bed = bedOf();
  for (const payload of ["a1", "b1", "a2", "c1", "b2"]) void bed.inbox.take(bed.arrival(payload[0] ?? "", payload, 1));
  await settled();
  assert.deepEqual(bed.begun, ["a1", "b1", "c1"]);
  await end(bed, "b1");
  assert.deepEqual(bed.begun, ["a1", "b1", "c1", "b2"]);
  await end(bed, "a1");
  assert.deepEqual(bed.begun, ["a1", "b1", "c1", "b2", "a2"]);
});

test("they are acknowledged once they were handled, in the order in which they came", async () => {
  const bed = bedOf();
  for (const payload of ["a1", "b1", "c1", "d1"]) {
    void bed.inbox.take(bed.arrival(payload, payload, payload === "b1" ? 0 : 1));
  }
  await end(bed, "c1");
  assert.deepEqual(bed.acknowledged, []);
  await end(bed, "a1");
  assert.deepEqual(bed.acknowledged, ["a1", "c1"]);
  await end(bed, "d1");
  await end(bed, "b1");
  assert.deepEqual(bed.acknowledged, ["a1", "c1", "d1"]);
});

test("beyond so many messages at a time the next one waits for room", async () => {
  const bed = bedOf({ limit: 2 });
  let room = 0;
  for (const payload of ["a1", "b1"]) void bed.inbox.take(bed.arrival(payload, payload, 1)).then(() => room++);
  await settled();
  assert.equal(room, 1);
  await end(bed, "a1");
  assert.equal(room, 2);
});

test("of a device that floods, messages of QoS 0 are dropped, and none of QoS 1", async () => {
  const bed = bedOf({ deviceLimit: 2 });
  for (const payload of ["a1", "a2", "a3"]) void bed.inbox.take(bed.arrival("a", payload, 0));
  void bed.inbox.take(bed.arrival("a", "a4", 1));
  for (const payload of ["a1", "a2", "a4"]) {
    await settled();
    await end(bed, payload);
  }
  assert.deepEqual(bed.begun, ["a1", "a2", "a4"]);
  assert.deepEqual(bed.dropped, ["$ota/report/ABCDE12345/a dropped: 2 messages of this device wait already"]);
});

async function pass(context: TestContext, ms: number): Promise<void> {
  context.mock.timers.tick(ms);
  await settled();
}

test("what cannot be stored now is tried again, before the device's next message, and acknowledged only then", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const bed = bedOf({ retryMs: 1000 });
  for (const payload of ["a1", "a2"]) void bed.inbox.take(bed.arrival("a", payload, 1));
  await settled();
  bed.running.get("a1")?.fail(PASSING);
  await settled();
  await pass(context, 999);
  assert.deepEqual([bed.begun, bed.acknowledged], [["a1"], []]);
  await pass(context, 1);
  assert.deepEqual(bed.begun, ["a1", "a1"]);
  await end(bed, "a1");
  assert.deepEqual([bed.begun, bed.acknowledged], [["a1", "a1", "a2"], ["a1"]]);
});

test("what can never be handled is dropped with a line, and acknowledged, so that it does not come again", async () => {
  const bed = bedOf();
  for (const payload of ["a1", "a2"]) void bed.inbox.take(bed.arrival("a", payload, 1));
  await settled();
  bed.running.get("a1")?.fail(new Error("a task is in no known state"));
  await settled();
  assert.deepEqual([bed.begun, bed.acknowledged], [["a1", "a2"], ["a1"]]);
  assert.deepEqual(bed.dropped, ["$ota/report/ABCDE12345/a dropped: a task is in no known state"]);
});

test("what came over a connection that has ended comes again: it is neither begun nor acknowledged", async () => {
  const bed = bedOf();
  const next = { isStale: false };
  for (const [payload, qos] of [
    ["a1", 1],
    ["a2", 1],
    ["a3", 0],
  ] as const) {
    void bed.inbox.take(bed.arrival("a", payload, qos));
  }
  await settled();
  bed.connection.isStale = true;
  for (const payload of ["a1", "a2"]) void bed.inbox.take(bed.arrival("a", payload, 1, next));
  // The one that was begun over the old connection.
  await end(bed, "a1");
  for (const payload of ["a3", "a1", "a2"]) await end(bed, payload);
  assert.deepEqual(bed.begun, ["a1", "a3", "a1", "a2"]);
  assert.deepEqual(bed.acknowledged, ["a1", "a2"]);
});

test("once it is closed nothing more is begun or acknowledged, and nobody waits for room", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const bed = bedOf({ limit: 1 });
  const room = bed.inbox.take(bed.arrival("a", "a1", 1));
  void bed.inbox.take(bed.arrival("a", "a2", 1));
  await settled();
  bed.running.get("a1")?.fail(PASSING);
  await settled();
  await bed.inbox.close();
  await room;
  await pass(context, 5000);
  assert.deepEqual([bed.begun, bed.acknowledged, bed.dropped], [["a1"], [], []]);
});

test("its close resolves once what was being handled has ended", async () => {
  const bed = bedOf();
  for (const payload of ["a1", "a2", "b1"]) void bed.inbox.take(bed.arrival(payload[0] ?? "", payload, 1));
  await settled();
  let isClosed = false;
  const closing = bed.inbox.close().then(() => (isClosed = true));
  await end(bed, "b1");
  assert.equal(isClosed, false);
  await end(bed, "a1");
  await closing;
  assert.deepEqual([bed.begun, bed.acknowledged], [["a1", "b1"], []]);
});

test("whatever ends first and whatever fails, each device's messages are handled in their order, and acknowledged in that of all", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const random = new SeededRandom();
  const bed = bedOf({ deviceLimit: 1000 });
  const sent: string[] = [];
  for (let at = 0; at < 200; at++) {
    const payload = `${["a", "b", "c"][random.integer(0, 3)]}${at}`;
    sent.push(payload);
    void bed.inbox.take(bed.arrival(payload[0] ?? "", payload, 1));
  }
  const ended: string[] = [];
  for (let turn = 0; bed.acknowledged.length < sent.length && turn < 10_000; turn++) {
    await pass(context, 1000);
    const payload = [...bed.running.keys()][random.integer(0, bed.running.size)] ?? "";
    const message = bed.running.get(payload);
    if (message === undefined) continue;
    bed.running.delete(payload);
    if (random.fraction() < 0.3) message.fail(PASSING);
    else {
      message.end();
      ended.push(payload);
    }
    await settled();
  }
  assert.deepEqual(bed.acknowledged, sent, REPEAT);
  for (const device of ["a", "b", "c"]) {
    const ofDevice = (list: readonly string[]) => list.filter((payload) => payload.startsWith(device));
    assert.deepEqual(ofDevice(ended), ofDevice(sent), REPEAT);
  }
});

test("what was taken is handled and acknowledged to the end, and what comes then is left to whoever is next", async () => {
  const bed = bedOf();
  for (const payload of ["a1", "a2", "b1"]) void bed.inbox.take(bed.arrival(payload[0] ?? "", payload, 1));
  let isDrained = false;
  const drained = bed.inbox.drain().then(() => (isDrained = true));
  void bed.inbox.take(bed.arrival("c", "c1", 1));
  await settled();
  for (const payload of ["a1", "b1"]) await end(bed, payload);
  assert.equal(isDrained, false);
  await end(bed, "a2");
  await drained;
  assert.deepEqual(bed.begun, ["a1", "b1", "a2"]);
  assert.deepEqual(bed.acknowledged, ["a1", "a2", "b1"]);
});
