import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationMqtt } from "../../../src/application-mqtt/application-mqtt.js";
import type { ApplicationMessage } from "../../../src/application-mqtt/subscriptions.js";
import { OtaError } from "../../../src/errors.js";
import { encodePublish, encodeSubscribe, encodeUnsubscribe } from "../../../src/mqtt/codec.js";
import { joined, puback, publish, suback } from "../../support/broker-packets.js";
import { SessionTestBed } from "../../support/session-test-bed.js";

/** The part on a real session, whose broker is the test; the agent's own subscription has the packet id 1. */
class TestBed {
  readonly bed: SessionTestBed;
  readonly mqtt: ApplicationMqtt;
  /** `topic text`, in order. */
  readonly heard: string[] = [];
  /** Of each message that was published, in the order of their ends. */
  readonly ends: string[] = [];

  constructor() {
    this.bed = new SessionTestBed({
      onOpen: () => void this.bed.session.subscribe("own", () => this.mqtt.connected()),
      onClosed: () => this.mqtt.disconnected(),
      onMessage: (topic, payload) => {
        if (!this.mqtt.onMessage(topic, payload)) this.heard.push(`nobody ${topic}`);
      },
    });
    this.mqtt = new ApplicationMqtt({
      session: this.bed.session,
      clock: this.bed.clock,
      log: this.bed.logged.log,
    });
  }

  static online(): TestBed {
    const bed = new TestBed();
    bed.bed.session.start();
    bed.greet();
    return bed;
  }

  readonly listener = ({ topic, text }: ApplicationMessage): void => void this.heard.push(`${topic} ${text()}`);

  greet(): void {
    this.bed.greet();
    this.bed.peer.send(suback(1, 1));
    this.bed.peer.take();
  }

  reconnect(): void {
    this.bed.peer.fail("closed");
    this.bed.clock.advance(5000);
    this.greet();
  }

  /** What is due now is sent. @returns it */
  turns(): Uint8Array {
    this.bed.clock.advance(0);
    return this.bed.peer.take();
  }

  publish(topic: string, payload: string | Uint8Array, qos: 0 | 1 = 1): void {
    void this.mqtt.publish(topic, payload, { qos }).then((done) => this.ends.push(`${topic} ${done}`));
  }

  async settled(): Promise<string[]> {
    await new Promise(setImmediate);
    return this.ends.splice(0);
  }
}

const bytes = (...packets: Uint8Array[]): Uint8Array => joined(...packets);

test("a message of QoS 0 is done when the connection has taken it, one of QoS 1 when it is acknowledged", async () => {
  const scene = TestBed.online();
  scene.publish("a", "zero", 0);
  scene.publish("b", Uint8Array.of(0, 255));
  assert.equal(scene.bed.peer.take().byteLength, 0, "a publish is sent from a turn of its own");
  const expected = [encodePublish("a", "zero", undefined, false), encodePublish("b", Uint8Array.of(0, 255), 2, false)];
  assert.deepEqual(scene.turns(), bytes(...expected));
  assert.deepEqual(await scene.settled(), ["a true"]);
  scene.bed.peer.send(puback(2));
  assert.deepEqual(await scene.settled(), ["b true"]);
});

test("the default is QoS 0", () => {
  const scene = TestBed.online();
  void scene.mqtt.publish("a", "");
  assert.deepEqual(scene.turns(), bytes(encodePublish("a", "", undefined, false)));
});

test("bytes are copied: the application may use its buffer again", () => {
  const scene = TestBed.online();
  const buffer = Uint8Array.of(1, 2, 3);
  scene.publish("a", buffer);
  buffer.fill(9);
  assert.deepEqual(scene.turns(), bytes(encodePublish("a", Uint8Array.of(1, 2, 3), 2, false)));
});

test("without a connection nothing is kept: the promise says false at once", async () => {
  const scene = new TestBed();
  scene.publish("a", "x");
  assert.deepEqual(await scene.settled(), ["a false"]);
  scene.bed.session.start();
  scene.bed.greet();
  scene.publish("b", "x");
  assert.deepEqual(await scene.settled(), ["b false"], "the agent's own topic is not subscribed yet");
  scene.bed.peer.send(suback(1, 1));
  scene.bed.peer.take();
  assert.equal(scene.turns().byteLength, 0);
});

test("the end of the connection ends what waits and what is not acknowledged, and nothing is sent again", async () => {
  const scene = TestBed.online();
  scene.publish("a", "sent");
  scene.turns();
  scene.publish("b", "waits");
  scene.bed.peer.fail("closed");
  assert.deepEqual(await scene.settled(), ["a false", "b false"]);
  scene.bed.clock.advance(5000);
  scene.greet();
  assert.equal(scene.turns().byteLength, 0);
});

test("past four messages, or 4,096 bytes together, one more is refused and not queued", async () => {
  const scene = TestBed.online();
  for (const topic of ["a", "b", "c", "d", "e"]) scene.publish(topic, "x");
  assert.deepEqual(await scene.settled(), ["e false"]);
  scene.turns();
  scene.publish("f", "x");
  assert.deepEqual(await scene.settled(), ["f false"]);
  scene.bed.peer.send(bytes(...[2, 3, 4, 5].map(puback)));
  await scene.settled();
  scene.publish("g", "x".repeat(4095));
  scene.publish("h", "");
  assert.deepEqual(await scene.settled(), ["h false"]);
  const sent = scene.turns();
  assert.equal(sent.byteLength, encodePublish("g", "x".repeat(4095), 6, false).byteLength);
});

test("a topic, payload or QoS that cannot be is refused at the call", () => {
  const scene = TestBed.online();
  const refused: readonly (readonly [topic: string, payload: unknown, qos: unknown])[] = [
    ["$ota/report/PRODUCT/DEVICE", "x", 0],
    ["$gateway/operation/PRODUCT/DEVICE", "x", 0],
    ["a/+", "x", 0],
    ["a", "x".repeat(4096), 0],
    ["a", "é".repeat(2048), 1],
    ["a", new Uint8Array(4096), 1],
    ["a", 7, 0],
    ["a", undefined, 0],
    ["a", "x", 2],
    ["a", "x", "1"],
  ];
  for (const [topic, payload, qos] of refused) {
    usage(() => scene.mqtt.publish(topic, payload as string, { qos: qos as 0 }), topic);
  }
  assert.equal(scene.turns().byteLength, 0);
});

test("as long as the socket does not take what was sent before, nothing of the application's is added to it", () => {
  const scene = TestBed.online();
  const { peer, session, clock } = scene.bed;
  peer.options.onWritable(0);
  session.publish("agent", "x", () => {});
  scene.publish("a", "x");
  clock.advance(1000);
  assert.equal(peer.take().byteLength, 0);
  peer.accept();
  assert.deepEqual(peer.take(), bytes(encodePublish("agent", "x", 2, false)));
  clock.advance(100);
  assert.deepEqual(peer.take(), bytes(encodePublish("a", "x", 3, false)));
});

test("subscriptions may be made before there is a connection, and are made again on each, one after the other", () => {
  const scene = new TestBed();
  scene.mqtt.subscribe("a/+", scene.listener);
  scene.mqtt.subscribe("b/#", scene.listener);
  scene.bed.session.start();
  for (let connection = 0; connection < 2; connection++) {
    const first = connection * 3 + 1;
    scene.bed.greet();
    scene.bed.peer.send(suback(first, 1));
    scene.bed.peer.take();
    assert.deepEqual(scene.turns(), bytes(encodeSubscribe(first + 1, "a/+")));
    assert.equal(scene.turns().byteLength, 0, "one at a time");
    scene.bed.peer.send(suback(first + 1, 1));
    assert.deepEqual(scene.turns(), bytes(encodeSubscribe(first + 2, "b/#")));
    scene.bed.peer.send(suback(first + 2, 1));
    assert.equal(scene.turns().byteLength, 0);
    scene.bed.peer.fail("closed");
    scene.bed.clock.advance(5000);
  }
});

test("what was subscribed goes out before what is published after it", () => {
  const scene = TestBed.online();
  scene.publish("question", "x", 0);
  scene.mqtt.subscribe("answer", scene.listener);
  assert.deepEqual(
    scene.turns(),
    bytes(encodeSubscribe(2, "answer"), encodePublish("question", "x", undefined, false)),
  );
});

test("a message goes to each listener whose filter it matches, and to no other", () => {
  const scene = TestBed.online();
  scene.mqtt.subscribe("a/+", scene.listener);
  scene.mqtt.subscribe("a/#", ({ topic }) => scene.heard.push(`all ${topic}`));
  scene.bed.peer.send(bytes(publish("a/1", "x", 7), publish("a/b/c", "y"), publish("b", "z")));
  assert.deepEqual(scene.heard, ["a/1 x", "all a/1", "all a/b/c", "nobody b"]);
});

test("text that is not UTF-8 is none, and the bytes are there", () => {
  const scene = TestBed.online();
  const seen: unknown[] = [];
  scene.mqtt.subscribe("a", ({ payload, text }) => seen.push([...payload], text()));
  scene.bed.peer.send(publish("a", Uint8Array.of(0xff, 0)));
  assert.deepEqual(seen, [[255, 0], undefined]);
});

test("a subscription that is refused is logged, and no other suffers", () => {
  const scene = TestBed.online();
  scene.mqtt.subscribe("no\nway", scene.listener);
  scene.mqtt.subscribe("b", scene.listener);
  scene.turns();
  scene.bed.peer.send(suback(2, 0x80));
  assert.ok(scene.bed.logged.lines.includes("warn mqtt broker refuses the subscription to no?way"));
  assert.deepEqual(scene.turns(), bytes(encodeSubscribe(3, "b")));
  assert.equal(scene.bed.peer.closed, false);
});

test("eight filters at most; one that is known again replaces its listener", () => {
  const scene = TestBed.online();
  for (let index = 0; index < 8; index++) scene.mqtt.subscribe(`a/${index}`, () => scene.heard.push("old"));
  usage(() => scene.mqtt.subscribe("a/8", scene.listener), "a ninth");
  usage(() => scene.mqtt.subscribe("$ota/#", scene.listener), "the agent's");
  usage(() => scene.mqtt.subscribe("a/0", undefined as never), "no listener");
  scene.mqtt.subscribe("a/0", scene.listener);
  scene.bed.peer.send(publish("a/0", "x"));
  assert.deepEqual(scene.heard, ["a/0 x"]);
  assert.equal(scene.mqtt.unsubscribe("a/1"), true);
  scene.mqtt.subscribe("a/8", scene.listener);
});

test("after unsubscribe the listener gets nothing, the broker is told, and the next connection does not ask", () => {
  const scene = TestBed.online();
  const filter = "é".repeat(127);
  scene.mqtt.subscribe(filter, scene.listener);
  scene.turns();
  scene.bed.peer.send(suback(2, 1));
  assert.equal(scene.mqtt.unsubscribe(filter), true);
  assert.equal(scene.mqtt.unsubscribe(filter), false);
  scene.bed.peer.send(publish(filter, "on its way"));
  assert.deepEqual(scene.heard, [`nobody ${filter}`]);
  assert.deepEqual(scene.turns(), bytes(encodeUnsubscribe(3, filter)));
  scene.reconnect();
  assert.equal(scene.turns().byteLength, 0);
});

test("what was never asked for is not unsubscribed; what is wanted again in time stays", () => {
  const scene = TestBed.online();
  scene.mqtt.subscribe("a", scene.listener);
  scene.mqtt.unsubscribe("a");
  assert.equal(scene.turns().byteLength, 0);
  scene.mqtt.subscribe("b", scene.listener);
  scene.turns();
  scene.mqtt.unsubscribe("b");
  scene.mqtt.subscribe("b", scene.listener);
  scene.bed.peer.send(suback(2, 1));
  assert.equal(scene.turns().byteLength, 0);
  scene.bed.peer.send(publish("b", "x"));
  assert.deepEqual(scene.heard, ["b x"]);
});

test("a listener that throws, or whose promise is broken, is logged and harms nobody", async () => {
  const scene = TestBed.online();
  scene.mqtt.subscribe("a", () => {
    throw new Error("its own mistake");
  });
  scene.mqtt.subscribe("+", () => Promise.reject(new Error("a broken promise")));
  scene.mqtt.subscribe("#", scene.listener);
  scene.bed.peer.send(publish("a", "x", 7));
  await new Promise(setImmediate);
  assert.deepEqual(scene.heard, ["a x"]);
  for (const why of ["its own mistake", "a broken promise"]) {
    assert.ok(scene.bed.logged.lines.includes(`error mqtt listener of a failed: ${why}`));
  }
  assert.equal(scene.bed.peer.closed, false);
});

test("a listener may subscribe, unsubscribe, publish, and end the connection", async () => {
  const scene = TestBed.online();
  scene.mqtt.subscribe("a", () => {
    scene.mqtt.unsubscribe("b");
    scene.mqtt.unsubscribe("a");
    scene.mqtt.subscribe("+", scene.listener);
    scene.publish("c", "x");
    scene.bed.session.drop(new OtaError("internal", "test"));
  });
  scene.mqtt.subscribe("#", ({ topic }) => scene.heard.push(`all ${topic}`));
  scene.mqtt.subscribe("b", scene.listener);
  scene.bed.peer.send(bytes(publish("a", "1"), publish("a", "2")));
  assert.deepEqual(scene.heard, ["all a"]);
  assert.deepEqual(await scene.settled(), ["c false"]);
});

test("unsubscribing from within a listener holds for the same message", () => {
  const scene = TestBed.online();
  scene.mqtt.subscribe("a", () => scene.mqtt.unsubscribe("#"));
  scene.mqtt.subscribe("#", scene.listener);
  scene.turns();
  scene.bed.peer.send(bytes(suback(2, 1)));
  scene.turns();
  scene.bed.peer.send(bytes(publish("a", "1")));
  assert.deepEqual(scene.heard, []);
});

function usage(use: () => unknown, what: string): void {
  assert.throws(use, (error) => error instanceof OtaError && error.code === "usage", what);
}
