import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { createHash } from "node:crypto";
import type { InstallJob } from "../../../src/staging/installation.js";
import type { Failure } from "../../../src/update/machine/types.js";
import { fileOf, GATEWAY, GatewayWorld, type ServedFile, type TestLink } from "../../support/gateway-world.js";

const A = fileOf("2.0.0", 40_000);
const B = fileOf("3.0.0", 20_000, 3);
const own = buildAppImage({ version: "0.2.0", byteLength: 32 * 1024, seed: 1 });
const OWN: ServedFile = { version: "0.2.0", bytes: own, md5: createHash("md5").update(own).digest("hex") };

function gateway(config: ConstructorParameters<typeof GatewayWorld>[0] = {}): {
  world: GatewayWorld;
  links: TestLink[];
} {
  const world = new GatewayWorld(config);
  world.piece = { byteLength: 1_000, everyMs: 50 };
  const links = ["light1", "light2"].map((name) => world.add(name));
  world.agent.start();
  world.advance(3_000);
  return { world, links };
}

function offerOwn(world: GatewayWorld): void {
  world.upgrade(OWN, GATEWAY.deviceName);
  world.offer(GATEWAY.deviceName, GATEWAY.productId);
}

describe("the gateway's own update", () => {
  test("waits for an installation that is under way", () => {
    const { world, links } = gateway();
    let job: InstallJob | undefined;
    (links[0] as TestLink).install = (_, begun) => {
      job = begun;
    };
    world.upgrade(A, "light1");
    world.offer("light1");
    world.advance(4_000);
    assert.ok(job !== undefined);
    offerOwn(world);
    world.advance(20_000);
    assert.equal(world.agent.state, "offered");
    (links[0] as TestLink).runs = "2.0.0";
    job.succeed();
    world.advance(10_000);
    assert.deepEqual(world.wordsOf("gateway").slice(-2), ["downloading 100", "burning"]);
    assert.equal(world.restarts, 1);
    assert.deepEqual(
      world.events.filter((event) => event.includes("result")),
      ["light1 result done"],
    );
  });

  test("if it fails, the download for a sub-device that had to wait goes on, and is reported again", () => {
    const { world } = gateway();
    world.upgrade(A, "light1");
    world.offer("light1");
    world.advance(1_500);
    world.upgrade(fileOf("0.2.0", 20_000), GATEWAY.deviceName);
    world.offer(GATEWAY.deviceName, GATEWAY.productId);
    world.advance(20_000);
    assert.ok(world.wordsOf("gateway").some((word) => word.startsWith("fail -5")));
    const states = world.events.filter((event) => event.startsWith("light1"));
    assert.deepEqual(
      states.slice(1, 6),
      ["queued", "downloading", "queued", "downloading", "verifying"].map((state) => `light1 ${state}`),
    );
  });

  test("comes before a download for a sub-device, which goes on after the restart", () => {
    const { world, links } = gateway();
    world.upgrade(A, "light1", "light2");
    for (const name of ["light1", "light2"]) world.offer(name);
    world.advance(1_500);
    assert.equal(world.events.at(-1), "light1 downloading");
    offerOwn(world);
    world.advance(5_000);
    assert.equal(world.restarts, 1);
    assert.equal(
      world.story.findLast((line) => line.startsWith("offline")),
      "offline light1 light2",
    );
    world.wanted.delete(GATEWAY.deviceName);
    world.restart();
    world.add("light1", links[0]);
    world.add("light2", links[1]);
    world.agent.start();
    world.advance(20_000);
    assert.deepEqual(
      links.map(({ received }) => received),
      [[A.bytes], [A.bytes]],
    );
    assert.match(world.requests.at(-1) ?? "", /^2\.0\.0 [1-9]/);
  });

  test("that fails lets the sub-devices go on", () => {
    const { world } = gateway();
    world.spoil = (file) => (file === OWN ? file.bytes.map((byte) => byte ^ 1) : file.bytes);
    world.upgrade(A, "light1");
    offerOwn(world);
    world.advance(100);
    world.offer("light1");
    world.advance(20_000);
    const failed = world.story.findIndex((line) => line.startsWith("gateway fail -5"));
    assert.ok(failed > 0 && failed < world.story.indexOf("light1 downloading 0"), world.story.join("\n"));
    assert.deepEqual(
      world.events.filter((event) => event.includes("result")),
      ["light1 result done"],
    );
  });
});

test("a policy is asked before the turn is taken, and what is downloaded lets the sub-devices go on until its installation", () => {
  const { world } = gateway();
  const asked: [step: string, answer: (failure?: Failure) => void][] = [];
  const heard: string[] = [];
  const own = world.agent.gateway.queue.firmware.gate({
    ask: (step, _, answer) => void asked.push([step, answer]),
    withdraw: () => {},
  });
  const offer = { version: "0.2.0", url: "http://h/f", md5: OWN.md5, size: OWN.bytes.byteLength };
  own.ask("download", offer, (failure) => heard.push(`download ${failure?.code}`));
  world.upgrade(A, "light1");
  world.offer("light1");
  world.advance(4_000);
  assert.deepEqual([heard, world.events.at(-1)], [[], "light1 result done"]);
  asked[0]?.[1]();
  assert.deepEqual(heard, ["download undefined"]);
  world.upgrade(B, "light2");
  world.offer("light2");
  world.advance(4_000);
  assert.equal(world.events.at(-1), "light2 queued");
  world.agent.gateway.onOwnState("ready");
  own.ask("install", offer, (failure) => heard.push(`install ${failure?.code}`));
  world.advance(200);
  assert.equal(world.events.at(-1), "light2 downloading");
  asked[1]?.[1]();
  assert.deepEqual(heard, ["download undefined", "install undefined"]);
  assert.equal(world.events.at(-1), "light2 queued");
  own.withdraw();
  world.advance(10_000);
  assert.equal(world.events.at(-1), "light2 result done");
  own.ask("download", offer, (failure) => heard.push(`download ${failure?.code}`));
  asked[2]?.[1]({ code: "declined", message: "no" });
  assert.equal(heard.at(-1), "download declined");
});

describe("with the idle OTA slot as staging area", () => {
  const config = { gateway: { staging: "slot" } } as const;

  test("sub-devices are updated, and nothing touches the partition", () => {
    const { world, links } = gateway(config);
    world.upgrade(A, "light1", "light2");
    for (const name of ["light1", "light2"]) world.offer(name);
    world.advance(20_000);
    assert.deepEqual(
      links.map(({ received }) => received),
      [[A.bytes], [A.bytes]],
    );
    assert.deepEqual(world.staging.operations, []);
    assert.ok(world.slot.operations.length > 0);
  });

  test("an own download that was begun is forgotten once the slot is a sub-device's, and the other way round", () => {
    const { world, links } = gateway(config);
    const broken = { byteLength: 1_000, everyMs: 50 };
    world.piece = broken;
    // The file is removed before all of it was fetched.
    offerOwn(world);
    world.advance(800);
    world.restart();
    world.wanted.delete(GATEWAY.deviceName);
    links.forEach((link, index) => world.add(`light${index + 1}`, link));
    world.upgrade(A, "light1");
    world.agent.start();
    world.advance(4_000);
    // Half of the sub-device's image is stored: now the own firmware takes the slot.
    offerOwn(world);
    world.advance(15_000);
    assert.equal(world.restarts, 1);
    assert.deepEqual(world.slot.content(own.byteLength), own);
    const stored = world.records.get("area");
    world.restart();
    world.wanted.delete(GATEWAY.deviceName);
    links.forEach((link, index) => world.add(`light${index + 1}`, link));
    world.agent.start();
    world.advance(20_000);
    assert.deepEqual(links[0]?.received.at(-1), A.bytes);
    assert.equal(stored, undefined);
  });

  test("an own result that was not acknowledged comes before the slot is used", () => {
    const { world, links } = gateway(config);
    world.acknowledging = false;
    world.spoil = (file) =>
      file === OWN ? file.bytes.map((byte, index) => (index > 20_000 ? byte ^ 1 : byte)) : file.bytes;
    offerOwn(world);
    world.advance(4_000);
    assert.ok(world.wordsOf("gateway").includes("fail -4 md5 not match"));
    world.restart();
    links.forEach((link, index) => world.add(`light${index + 1}`, link));
    world.upgrade(A, "light1");
    const operations = world.slot.operations.length;
    world.agent.start();
    world.advance(8_000);
    assert.equal(world.slot.operations.length, operations);
    world.drop();
    world.acknowledging = true;
    world.advance(30_000);
    assert.deepEqual(links[0]?.received, [A.bytes]);
  });

  for (const cut of [false, true]) {
    test(`an own download that failed half way is not taken up in a slot that was a sub-device's${cut ? ", nor after a power cut" : ""}`, () => {
      const download = { maxAttempts: 1, idleTimeoutSeconds: 1 };
      const { world, links } = gateway({ ...config, download });
      offerOwn(world);
      world.advance(1_200);
      world.piece = { byteLength: 1_000, everyMs: 5_000 };
      world.advance(10_000);
      assert.ok(world.wordsOf("gateway").includes("fail -1 time_out"));
      assert.equal(world.agent.state, "idle");
      world.piece = { byteLength: 1_000, everyMs: 50 };
      world.upgrade(A, "light1");
      world.offer("light1");
      world.advance(cut ? 1_500 : 20_000);
      if (cut) {
        world.wanted.clear();
        world.restart();
        world.agent.start();
        world.advance(3_000);
      } else {
        assert.deepEqual(links[0]?.received, [A.bytes]);
      }
      world.requests.length = 0;
      offerOwn(world);
      world.advance(20_000);
      assert.deepEqual(world.requests, ["0.2.0 0"]);
      assert.deepEqual(world.slot.content(own.byteLength), own);
      assert.equal(world.restarts, 1);
    });
  }
});
