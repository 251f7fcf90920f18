import assert from "node:assert/strict";
import { test } from "node:test";
import { BYTES_LIMIT, OutgoingMessages } from "../../../src/application-mqtt/outgoing.js";

/** A session that takes what it is given, and acknowledges what the test says. */
class TestBed {
  readonly messages = new OutgoingMessages();
  readonly sent: string[] = [];
  readonly acknowledge: (() => void)[] = [];
  readonly settled: string[] = [];
  takes = true;
  onPublish: () => void = () => {};

  add(topic: string, { acknowledged = true, byteLength = 10 } = {}): boolean {
    const settle = (done: boolean): void => void this.settled.push(`${topic} ${done}`);
    return this.messages.add({ topic, payload: new Uint8Array(0), acknowledged, byteLength, settle });
  }

  step(): boolean | undefined {
    return this.messages.step({
      publish: (topic, _payload, onAcknowledged) => {
        if (!this.takes) return false;
        this.sent.push(topic);
        if (onAcknowledged !== undefined) this.acknowledge.push(onAcknowledged);
        this.onPublish();
        return true;
      },
    });
  }
}

test("messages go out in order, one a step, and each ends by itself", () => {
  const bed = new TestBed();
  bed.add("a");
  bed.add("b", { acknowledged: false });
  bed.add("c");
  assert.deepEqual([bed.step(), bed.step(), bed.step(), bed.step()], [true, true, true, undefined]);
  assert.deepEqual(bed.sent, ["a", "b", "c"]);
  assert.deepEqual(bed.settled, ["b true"]);
  bed.acknowledge[1]?.();
  bed.acknowledge[0]?.();
  assert.deepEqual(bed.settled, ["b true", "c true", "a true"]);
});

test("what the session does not take stays, and is the next", () => {
  const bed = new TestBed();
  bed.add("a");
  bed.add("b", { acknowledged: false });
  bed.takes = false;
  assert.equal(bed.step(), false);
  bed.takes = true;
  bed.step();
  bed.takes = false;
  assert.equal(bed.step(), false);
  bed.takes = true;
  bed.step();
  assert.deepEqual(bed.sent, ["a", "b"]);
});

test("four messages at most wait or are awaited; the end of one makes room", () => {
  const bed = new TestBed();
  assert.deepEqual(
    ["a", "b", "c", "d", "e"].map((topic) => bed.add(topic)),
    [true, true, true, true, false],
  );
  for (let step = 0; step < 4; step++) bed.step();
  assert.equal(bed.add("e"), false);
  bed.acknowledge[2]?.();
  assert.equal(bed.add("e"), true);
  bed.step();
  assert.deepEqual(bed.sent, ["a", "b", "c", "d", "e"]);
});

test("their bytes together are bounded", () => {
  const bed = new TestBed();
  assert.equal(bed.add("a", { byteLength: BYTES_LIMIT }), true);
  assert.equal(bed.add("b", { byteLength: 1 }), false);
  bed.step();
  bed.acknowledge[0]?.();
  assert.equal(bed.add("b", { byteLength: BYTES_LIMIT - 1 }), true);
  assert.equal(bed.add("c", { byteLength: 1 }), true);
  assert.equal(bed.add("d", { byteLength: 1 }), false);
});

test("the end of the connection ends all of them, sent or not; a late acknowledgement does nothing", () => {
  const bed = new TestBed();
  bed.add("a");
  bed.add("b");
  bed.step();
  bed.messages.close();
  assert.deepEqual(bed.settled, ["a false", "b false"]);
  bed.add("c");
  bed.acknowledge[0]?.();
  assert.deepEqual(bed.settled, ["a false", "b false"]);
  bed.step();
  assert.deepEqual(bed.sent, ["a", "c"]);
});

test("a connection that ends while a message is sent leaves nothing behind", () => {
  for (const acknowledged of [true, false]) {
    const bed = new TestBed();
    bed.onPublish = () => bed.messages.close();
    bed.add("a", { acknowledged });
    assert.equal(bed.step(), true);
    assert.deepEqual(bed.settled, ["a false"]);
    bed.onPublish = () => {};
    bed.add("b");
    bed.step();
    assert.deepEqual(bed.sent, ["a", "b"]);
  }
});
