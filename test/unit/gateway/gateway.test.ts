import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OtaError } from "../../../src/errors.js";
import { fileOf, GatewayWorld, PRODUCT, TestLink } from "../../support/gateway-world.js";

const V2 = fileOf("2.0.0", 30_000);
const LIGHTS = ["light1", "light2", "light3"];

function started(...names: readonly string[]): GatewayWorld {
  const world = new GatewayWorld();
  for (const name of names) world.add(name);
  world.agent.start();
  return world;
}

test("the vendor's scene, message by message: first in, first out, and one download instead of three", () => {
  const world = new GatewayWorld();
  for (const name of LIGHTS) world.add(name);
  world.add("airConditioner1", undefined, "KL4J2KAAAA");
  world.upgrade(V2, ...LIGHTS);
  world.agent.start();
  world.advance(10_000);
  const all = [...LIGHTS, "airConditioner1"];
  assert.deepEqual(world.story, [
    "subscribe gateway",
    "gateway version 0.1.0",
    "subscribe results",
    ...all.map((name) => `online ${name}`),
    ...all.map((name) => `subscribe ${name}`),
    ...all.map((name) => `${name} version 1.0.0`),
    "light1 downloading 0",
    "light1 downloading 100",
    ...LIGHTS.flatMap((name) => [`${name} burning`, `${name} done`, `${name} version 2.0.0`]),
  ]);
  assert.deepEqual(world.requests, ["2.0.0 0"]);
  const qosOf = (part: string): number[] => [
    ...new Set(world.heard.filter(({ text }) => text.includes(part)).map(({ qos }) => qos)),
  ];
  assert.deepEqual(['"online"', '"downloading"', "report_version", '"burning"', '"done"'].map(qosOf), [
    [0],
    [0],
    [1],
    [1],
    [1],
  ]);
  const topics = new Set(world.heard.filter(({ text }) => text.includes("progress")).map(({ topic }) => topic));
  assert.deepEqual(
    [...topics],
    LIGHTS.map((name) => `$ota/report/${PRODUCT}/${name}`),
  );
});

describe("a sub-device", () => {
  test("is asked for its version after the SUBACK, by a promise or at once", () => {
    const world = new GatewayWorld();
    const link = world.add("light1");
    const order: string[] = [];
    link.version = () => {
      order.push(`asked after ${world.story.at(-1)}`);
      return "1.2.3";
    };
    world.agent.start();
    world.advance(5_000);
    assert.deepEqual(order, ["asked after subscribe light1"]);
    assert.deepEqual(world.wordsOf("light1"), ["version 1.2.3"]);
  });

  test("that answers later is reported later", async () => {
    const world = new GatewayWorld();
    const link = world.add("light1");
    link.version = () => Promise.resolve("1.2.3");
    world.agent.start();
    world.advance(5_000);
    await Promise.resolve();
    world.advance(1_000);
    assert.deepEqual(world.wordsOf("light1"), ["version 1.2.3"]);
  });

  for (const [what, version] of [
    ["does not know its version", () => undefined],
    ["throws", () => assert.fail("no bus")],
    ["says something that is no version", () => "not a version"],
    ["says something that is no text", () => 5 as unknown as string],
    ["never answers", () => new Promise<string>(() => {})],
  ] as const) {
    test(`that ${what} is absent, and is asked again until it is back`, () => {
      const world = new GatewayWorld();
      const link = world.add("light1");
      link.version = version;
      world.agent.start();
      world.advance(25_000);
      assert.deepEqual(world.events, ["light1 absent"]);
      assert.deepEqual(world.wordsOf("light1"), []);
      link.version = () => "1.0.0";
      world.advance(31_000);
      assert.deepEqual(world.wordsOf("light1"), ["version 1.0.0"]);
      assert.equal(world.events.at(-1), "light1 online");
      world.advance(300_000);
      assert.deepEqual(world.wordsOf("light1"), ["version 1.0.0"]);
    });
  }

  test("that is refused stays out, and the others go on; what the platform could not do is tried again", () => {
    const world = new GatewayWorld();
    for (const name of LIGHTS) world.add(name);
    const results: { [name: string]: number } = { light1: -1, light2: -2, light3: 0 };
    world.resultOf = (_, name) => results[name];
    world.agent.start();
    world.advance(5_000);
    assert.deepEqual(world.events, ["light1 refused", "light2 refused", "light3 online"]);
    const messages = world.told.flatMap((event) =>
      event.kind === "state" && event.state === "refused" ? [event.message] : [],
    );
    assert.match(messages[0] ?? "", /not bound to this gateway: bind it first.*\(-1\)/);
    assert.match(messages[1] ?? "", /try again later \(-2\)/);
    Object.assign(results, { light1: 0, light2: 0 });
    world.advance(31_000);
    assert.deepEqual(world.events.slice(3), ["light2 online"]);
  });

  test("whose result does not come is tried again after 20 s and a pause", () => {
    const world = started("light1");
    world.resultOf = () => undefined;
    world.advance(19_000);
    assert.deepEqual(world.events, []);
    world.advance(2_000);
    assert.deepEqual(world.events, ["light1 refused"]);
    world.resultOf = () => 0;
    world.advance(31_000);
    assert.equal(world.events.at(-1), "light1 online");
  });

  test("is brought offline and unsubscribed when it is removed, and messages for it are ignored then", () => {
    const world = started(...LIGHTS);
    world.advance(5_000);
    assert.equal(world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light2" }), true);
    world.upgrade(V2, "light2");
    world.offer("light2");
    world.advance(5_000);
    assert.deepEqual(world.story.slice(-2), ["unsubscribe light2", "offline light2"]);
    assert.deepEqual(world.requests, []);
    // The one line is about the plain link of this test's broker.
    assert.deepEqual(
      world.logged.lines.filter((line) => /^(warn|error)/.test(line)).map((line) => line.includes("without TLS")),
      [true],
    );
    assert.equal(world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light2" }), false);
    assert.deepEqual(
      world.agent.gateway.devices.map(({ deviceName }) => deviceName),
      ["light1", "light3"],
    );
    world.story.length = 0;
    world.drop();
    world.advance(20_000);
    assert.deepEqual(
      world.story.filter((line) => line.includes("light2")),
      [],
    );
    assert.ok(world.story.includes("subscribe light1"));
  });

  test("that was not subscribed yet when it is removed leaves nothing to unsubscribe", () => {
    const world = started("light1");
    world.resultOf = () => undefined;
    world.advance(1_000);
    world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light1" });
    world.advance(5_000);
    assert.deepEqual(world.story.slice(-2), ["online light1", "offline light1"]);
  });

  test("may be added while the gateway is connected, and again after its removal", () => {
    const world = started();
    world.advance(5_000);
    assert.deepEqual(world.story, ["subscribe gateway", "gateway version 0.1.0"]);
    world.add("light1");
    world.advance(5_000);
    assert.equal(world.story.at(-1), "light1 version 1.0.0");
    world.story.length = 0;
    world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light1" });
    world.add("light1", new TestLink("1.1.0"));
    world.advance(15_000);
    const words = ["unsubscribe light1", "offline light1", "online light1", "subscribe light1", "light1 version 1.1.0"];
    assert.deepEqual(world.story, words);
  });

  test("that is known already, is the gateway itself or has no name of the platform's is refused", () => {
    const world = started("light1");
    const usage = (error: unknown): boolean => error instanceof OtaError && error.code === "usage";
    assert.throws(() => world.add("light1"), usage);
    assert.throws(() => world.add("gateway", undefined, "ABCDE12345"), usage);
    assert.throws(() => world.add("a b"), usage);
    assert.throws(() => world.add("light2", undefined, "short"), usage);
    assert.throws(() => new GatewayWorld({ gateway: undefined as never }).agent.gateway, usage);
  });

  test("is asked again when the application wants that", () => {
    const world = new GatewayWorld();
    const link = world.add("light1");
    world.agent.start();
    world.advance(5_000);
    link.runs = "1.5.0";
    assert.equal(world.agent.gateway.check({ productId: PRODUCT, deviceName: "light1" }), true);
    assert.equal(world.agent.gateway.check({ productId: PRODUCT, deviceName: "light9" }), false);
    world.advance(1_000);
    assert.deepEqual(world.wordsOf("light1"), ["version 1.0.0", "version 1.5.0"]);
  });
});

describe("the connection", () => {
  test("after each reconnect all are online, subscribed and reported again", () => {
    const world = started(...LIGHTS);
    world.advance(10_000);
    const first = world.story.splice(0);
    world.drop();
    world.advance(20_000);
    assert.deepEqual(world.story, first);
  });

  test("an orderly stop reports those that were online as offline, before the DISCONNECT", () => {
    const world = new GatewayWorld();
    world.add("light1");
    world.add("light2");
    world.resultOf = (_, name) => (name === "light2" ? -1 : 0);
    world.agent.start();
    world.advance(5_000);
    world.agent.stop();
    assert.equal(world.story.at(-1), "offline light1 light2");
    assert.deepEqual(
      world.clock.names().filter((name) => !["platform", "file server"].includes(name)),
      [],
    );
  });

  test("a stop at any moment leaves no timer of the agent", () => {
    for (let ms = 0; ms < 3_000; ms += 37) {
      const world = new GatewayWorld();
      for (const name of LIGHTS) world.add(name);
      world.upgrade(V2, ...LIGHTS);
      world.agent.start();
      world.advance(ms);
      world.agent.stop();
      assert.deepEqual(
        world.clock.names().filter((name) => !["platform", "file server"].includes(name)),
        [],
        `after ${ms} ms`,
      );
    }
  });
});

describe("messages", () => {
  test("of 200 sub-devices stay within the rate, all of them, and all are reported", () => {
    const world = new GatewayWorld();
    const names = Array.from({ length: 200 }, (_, index) => `meter${index}`);
    for (const name of names) world.add(name);
    world.agent.start();
    world.advance(120_000);
    for (const name of names) assert.deepEqual(world.wordsOf(name), ["version 1.0.0"], name);
    const subscribes = world.story.filter((line) => line.startsWith("subscribe meter")).length;
    assert.equal(subscribes, 200);
    const busiest = Math.max(
      ...world.heard.map(({ at }) => world.heard.filter((other) => other.at >= at && other.at < at + 1000).length),
    );
    const last = world.heard.findLast(({ text }) => text.includes("report_version"))?.at ?? 0;
    console.log(
      `200 sub-devices: all reported after ${(last / 1000).toFixed(1)} s, at most ${busiest} messages in any second`,
    );
    assert.ok(busiest <= 10, `${busiest} in a second`);
    assert.ok(last < 100_000);
  });

  test("that make no sense are ignored", () => {
    const world = started("light1");
    world.advance(5_000);
    const story = [...world.story];
    for (const text of [
      "",
      "{",
      "[]",
      '{"type":"search"}',
      '{"type":"online","payload":{"devices":[{"product_id":"X","device_name":"y","result":0}]}}',
    ]) {
      world.say("$gateway/operation/result/ABCDE12345/gateway", text);
      world.say(`$ota/update/${PRODUCT}/light1`, text);
      world.say(`$ota/update/${PRODUCT}/light9`, text);
      world.say(`$ota/other/${PRODUCT}/light1`, text);
    }
    world.advance(5_000);
    assert.deepEqual(world.story, story);
  });
});

describe("an offer that cannot be used", () => {
  const spoilt = (version: string): string =>
    JSON.stringify({ type: "update_firmware", version, url: "http://h/a b", md5sum: V2.md5, file_size: 1 });
  const FAILED = "fail -5 url is not plain ASCII";

  test("is reported as failed for its sub-device, once on a connection", () => {
    const world = started("light1", "light2");
    world.advance(5_000);
    for (const name of ["light1", "light1", "light2"]) world.say(`$ota/update/${PRODUCT}/${name}`, spoilt("2.0.0"));
    world.say(`$ota/update/${PRODUCT}/light2`, spoilt("2.1.0"));
    world.advance(5_000);
    const failures = (name: string): string[] => world.wordsOf(name).filter((word) => word.startsWith("fail"));
    assert.deepEqual([failures("light1"), failures("light2")], [[FAILED], [FAILED, FAILED]]);
    world.drop();
    world.advance(10_000);
    world.say(`$ota/update/${PRODUCT}/light1`, spoilt("2.0.0"));
    world.advance(5_000);
    assert.deepEqual(failures("light1"), [FAILED, FAILED]);
  });

  test("is not reported for a version that runs, waits or is being installed", () => {
    const world = new GatewayWorld();
    for (const name of ["light1", "light2"]) world.add(name).install = () => {};
    world.upgrade(V2, "light1", "light2");
    world.agent.start();
    world.advance(5_000);
    for (const name of ["light1", "light2"]) {
      for (const version of ["1.0.0", "2.0.0"]) world.say(`$ota/update/${PRODUCT}/${name}`, spoilt(version));
    }
    world.advance(1_000);
    assert.equal(world.agent.gateway.devices.length, 2);
    assert.ok(world.logged.lines.some((line) => /light2 refused: url is not plain/.test(line)));
    assert.deepEqual(
      world.story.filter((line) => line.includes("fail")),
      [],
    );
  });
});
