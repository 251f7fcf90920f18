import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OtaError } from "../../../src/errors.js";
import { fileOf, GatewayWorld, PRODUCT } from "../../support/gateway-world.js";

function started(...names: readonly string[]): GatewayWorld {
  const world = new GatewayWorld();
  for (const name of names) world.add(name);
  world.agent.start();
  return world;
}

describe("bindings", () => {
  const LIGHT = { productId: PRODUCT, deviceName: "light1" };

  test("bind proves itself with the secret, and brings a refused sub-device online", async () => {
    const world = new GatewayWorld();
    world.add("light1");
    world.resultOf = (type) => (type === "online" ? -1 : 0);
    world.agent.start();
    world.advance(5_000);
    assert.deepEqual(world.events, ["light1 refused"]);
    world.resultOf = () => 0;
    const bound = world.agent.gateway.bind(LIGHT);
    world.advance(5_000);
    await bound;
    assert.deepEqual(world.story.slice(-4), [
      "bind light1",
      "online light1",
      "subscribe light1",
      "light1 version 1.0.0",
    ]);
    const { text } = world.heard.find(({ text }) => text.includes('"bind"')) as { text: string };
    const [device] = (JSON.parse(text) as { payload: { devices: { [key: string]: unknown }[] } }).payload.devices;
    assert.deepEqual(Object.keys(device ?? {}), [
      "product_id",
      "device_name",
      "signature",
      "random",
      "timestamp",
      "signmethod",
      "authtype",
    ]);
    assert.equal(device?.["timestamp"], 1_700_000_000);
  });

  test("bind without sub-devices subscribes to the answers first", async () => {
    const world = started();
    world.advance(1_000);
    const bound = world.agent.gateway.bind({ ...LIGHT, deviceSecret: "c2VjcmV0", hash: "SHA-1" });
    world.advance(1_000);
    await bound;
    assert.deepEqual(world.story.slice(-2), ["subscribe results", "bind light1"]);
    assert.match(world.heard.at(-1)?.text ?? "", /"signmethod":"hmacsha1"/);
  });

  test("a refusal names what to do, silence is a time-out after 20 s, and a lost connection is reported at once", async () => {
    const world = started("light1");
    world.advance(1_000);
    const failing = async (act: () => void, message: RegExp, code: string): Promise<void> => {
      const bound = world.agent.gateway.bind(LIGHT);
      const checked = assert.rejects(
        bound,
        (error: unknown) => error instanceof OtaError && error.code === code && message.test(error.message),
      );
      act();
      await checked;
    };
    world.resultOf = () => 806;
    await failing(
      () => world.advance(1_000),
      /^bind: bound to another gateway: unbind it there first \(806\)$/,
      "gateway-refused",
    );
    world.resultOf = () => undefined;
    await failing(() => world.advance(20_500), /^bind: no answer from the platform$/, "mqtt-timeout");
    await failing(() => world.drop(), /connection/, "connection-lost");
    await failing(() => {}, /not connected/, "connection-lost");
  });

  test("of two hundred binds at once, four wait for their turns, and each for its own answer", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `light${index}`);
    const world = started(...names);
    world.advance(120_000);
    const ends = Promise.allSettled(names.map((deviceName) => world.agent.gateway.bind({ ...LIGHT, deviceName })));
    world.advance(60_000);
    const refused = (await ends).filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    assert.equal(refused.length, 196);
    for (const { reason } of refused) assert.equal((reason as OtaError).code, "gateway-refused");
    await assert.doesNotReject(async () => {
      const again = world.agent.gateway.bind({ ...LIGHT, deviceName: "light199" });
      world.advance(1_000);
      await again;
    });
  });

  test("hundreds of changes at once are answered one by one, and what a lost connection asked is not", () => {
    const world = started("light1");
    world.advance(1_000);
    const change = JSON.stringify({
      type: "change",
      payload: { status: 1, devices: [{ product_id: PRODUCT, device_name: "light1" }] },
    });
    const answers = (): number => world.heard.filter(({ text }) => text.includes('"change"')).length;
    for (let count = 0; count < 300; count++) world.say("$gateway/operation/result/ABCDE12345/gateway", change);
    world.advance(10_000);
    const soFar = answers();
    assert.ok(soFar > 40 && soFar <= 88, `${soFar} in ten seconds`);
    world.advance(60_000);
    assert.equal(answers(), 300);
    for (let count = 0; count < 300; count++) world.say("$gateway/operation/result/ABCDE12345/gateway", change);
    world.advance(1_000);
    world.drop();
    world.advance(60_000);
    assert.ok(answers() < 320, `${answers()}: the next connection heard of no change`);
  });

  test("two hundred that are removed at once are told in messages of twenty", () => {
    const names = Array.from({ length: 200 }, (_, index) => `light${index}`);
    const world = started(...names);
    world.advance(60_000);
    for (const deviceName of names) world.agent.gateway.remove({ ...LIGHT, deviceName });
    world.advance(60_000);
    const told = world.heard.flatMap(({ text }) => (text.includes('"offline"') ? [text] : []));
    assert.equal(told.length, 10);
    for (const name of names)
      assert.ok(
        told.some((line) => line.includes(`"${name}"`)),
        name,
      );
  });

  test("a bind that is answered before the online that went ahead of it brings the sub-device online too", async () => {
    const world = new GatewayWorld();
    world.add("light1");
    world.resultOf = (type) => (type === "bind" ? 0 : undefined);
    world.agent.start();
    world.advance(1_000);
    const bound = world.agent.gateway.bind(LIGHT);
    world.advance(1_000);
    await bound;
    world.resultOf = () => 0;
    const devices = [{ product_id: PRODUCT, device_name: "light1", result: -1 }];
    world.say("$gateway/operation/result/ABCDE12345/gateway", JSON.stringify({ type: "online", payload: { devices } }));
    world.advance(1_000);
    assert.equal(world.events.at(-1), "light1 refused");
    world.advance(30_000);
    assert.equal(world.events.at(-1), "light1 online");
  });

  test("809, bound to this gateway already, is success", async () => {
    const world = started("light1");
    world.advance(1_000);
    world.resultOf = () => 809;
    const bound = world.agent.gateway.bind(LIGHT);
    world.advance(1_000);
    await bound;
  });

  test("bind without secret or time is wrong usage", async () => {
    const world = started();
    world.advance(1_000);
    await assert.rejects(world.agent.gateway.bind(LIGHT), /deviceSecret/);
    world.clock.unix = undefined;
    await assert.rejects(world.agent.gateway.bind({ ...LIGHT, deviceSecret: "c2VjcmV0" }), /time/);
    await assert.rejects(world.agent.gateway.bind({ productId: "x", deviceName: "y" }), /productId/);
  });

  test("unbind is answered, even if the answer's type says bind, and the sub-device is out", async () => {
    for (const type of ["unbind", "bind"]) {
      const world = started("light1");
      world.advance(5_000);
      world.resultOf = (asked) => (asked === "unbind" && type === "bind" ? undefined : 0);
      const unbound = world.agent.gateway.unbind(LIGHT);
      world.advance(200);
      if (type === "bind") {
        const devices = [{ product_id: PRODUCT, device_name: "light1", result: 0 }];
        world.say(
          "$gateway/operation/result/ABCDE12345/gateway",
          JSON.stringify({ type: "bind", payload: { devices } }),
        );
        world.advance(200);
      }
      await unbound;
      assert.equal(world.events.at(-1), "light1 refused");
    }
  });

  test("describe lists what is bound", async () => {
    const world = started();
    world.bound = ["light1", "light7"];
    world.advance(1_000);
    const listed = world.agent.gateway.describe();
    world.advance(1_000);
    assert.deepEqual(await listed, [LIGHT, { productId: PRODUCT, deviceName: "light7" }]);
  });

  test("one that is unbound after its update has failed is not brought online again", () => {
    const world = new GatewayWorld();
    world.add("light1").install = (_, job) => job.fail("no");
    world.upgrade(fileOf("2.0.0", 1_000), "light1");
    world.agent.start();
    world.advance(10_000);
    assert.equal(world.events.at(-1), "light1 result failed");
    world.resultOf = () => -1;
    const devices = [{ product_id: PRODUCT, device_name: "light1" }];
    world.say(
      "$gateway/operation/result/ABCDE12345/gateway",
      JSON.stringify({ type: "change", payload: { status: 0, devices } }),
    );
    world.advance(120_000);
    assert.equal(world.story.filter((line) => line === "online light1").length, 1);
  });

  function change(world: GatewayWorld, status: number): void {
    const devices = [
      { product_id: PRODUCT, device_name: "light1" },
      { product_id: PRODUCT, device_name: "stranger" },
    ];
    world.say(
      "$gateway/operation/result/ABCDE12345/gateway",
      JSON.stringify({ type: "change", payload: { status, devices } }),
    );
    world.advance(1_000);
  }

  test("one that is unbound is unsubscribed, once, and messages for it that are on their way are dropped", () => {
    for (const unbind of [
      (world: GatewayWorld) => change(world, 0),
      (world: GatewayWorld) => void world.agent.gateway.unbind(LIGHT),
    ]) {
      const world = started("light1", "light2");
      world.advance(5_000);
      world.story.length = 0;
      unbind(world);
      world.advance(1_000);
      change(world, 0);
      world.upgrade(fileOf("2.0.0", 1_000), "light1");
      world.offer("light1");
      world.advance(60_000);
      assert.equal(world.story.filter((line) => line === "unsubscribe light1").length, 1);
      assert.deepEqual(world.requests, []);
      world.resultOf = (_, name) => (name === "light1" ? -1 : 0);
      world.story.length = 0;
      world.drop();
      world.advance(20_000);
      assert.deepEqual(
        world.story.filter((line) => line.includes("light1")),
        ["online light1"],
      );
    }
  });

  test("a bind of one that counts as online brings it online again: the unbind before it may have been lost", () => {
    const world = started("light1", "light2");
    world.advance(5_000);
    world.story.length = 0;
    world.upgrade(fileOf("2.0.0", 1_000), "light1");
    change(world, 1);
    world.advance(10_000);
    assert.deepEqual(world.story.slice(0, 4), ["change", "online light1", "subscribe light1", "light1 version 1.0.0"]);
    assert.equal(world.story.at(-1), "light1 version 2.0.0");
  });

  test("a bind in the middle of a download or an installation disturbs neither", () => {
    for (const waited of ["downloading", "applying"]) {
      const world = new GatewayWorld();
      const link = world.add("light1");
      let finish = (): void => {};
      link.install = (image, job) => {
        finish = () => {
          link.take(image, job);
          job.succeed();
        };
      };
      world.piece = { byteLength: 1_000, everyMs: 100 };
      world.upgrade(fileOf("2.0.0", 20_000), "light1");
      world.agent.start();
      while (world.events.at(-1) !== `light1 ${waited}`) world.advance(10);
      world.advance(500);
      change(world, 1);
      world.advance(10_000);
      finish();
      world.advance(5_000);
      assert.equal(world.story.filter((line) => line === "online light1").length, 2);
      assert.deepEqual(world.requests, ["2.0.0 0"]);
      assert.equal(world.events.at(-1), "light1 result done");
      assert.equal(world.story.at(-1), "light1 version 2.0.0");
    }
  });

  test("a bind while one that is online is asked for its version brings it online again", () => {
    const world = new GatewayWorld();
    const link = world.add("light1");
    world.agent.start();
    world.advance(5_000);
    world.story.length = 0;
    link.version = () => new Promise(() => {});
    world.agent.gateway.check(LIGHT);
    world.advance(100);
    change(world, 1);
    assert.deepEqual(world.story, ["change", "online light1", "subscribe light1"]);
  });

  test("a change on the platform's side is answered, and takes effect", () => {
    const world = started("light1", "light2", "light3");
    world.advance(5_000);
    change(world, 0);
    assert.equal(world.heard.at(-1)?.text, '{"type":"change","result":0}');
    assert.equal(world.events.at(-1), "light1 refused");
    change(world, 1);
    assert.equal(world.events.at(-1), "light1 online");
    assert.equal(world.story.filter((line) => line === "online light1").length, 2);
  });
});
