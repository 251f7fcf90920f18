import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InstallImage, InstallJob } from "../../../src/staging/installation.js";
import { readMarks } from "../../../src/gateway/update-marks.js";
import { loadRecord } from "../../../src/update/checkpoint.js";
import { fileOf, GatewayWorld, TestLink } from "../../support/gateway-world.js";
import type { VirtualClock } from "../../support/virtual-clock.js";

const A = fileOf("2.0.0", 40_000);
const B = fileOf("3.0.0", 20_000, 3);
const PIECE = 2_000;

/** A sub-device that is sent its image piece by piece, and keeps what it has over a power cut of its gateway. */
class SlowLink extends TestLink {
  readonly memory = new Map<string, Uint8Array>();
  readonly begun: number[] = [];
  readonly #clock: () => VirtualClock;

  constructor(clock: () => VirtualClock) {
    super();
    this.#clock = clock;
    this.install = (image, job) => this.#take(image, job);
  }

  #take(image: InstallImage, job: InstallJob): void {
    const memory = this.memory.get(image.md5) ?? new Uint8Array(image.size);
    this.memory.set(image.md5, memory);
    this.begun.push(image.acknowledged);
    let at = image.acknowledged;
    const turn = (): void => {
      const count = image.read(at, memory.subarray(at, at + PIECE));
      at += count;
      if (count > 0) job.acknowledge(at);
      if (at < image.size) {
        if (count > 0) this.#clock().timer("bus", 20, turn);
        return;
      }
      this.runs = image.version;
      this.received.push(memory);
      job.succeed();
    };
    turn();
  }
}

interface Scene {
  readonly world: GatewayWorld;
  readonly links: { readonly [name: string]: SlowLink };
  restart(): void;
}

function scene(...names: readonly string[]): Scene {
  const world = new GatewayWorld();
  const links = Object.fromEntries(names.map((name) => [name, new SlowLink(() => world.clock)]));
  const start = (): void => {
    for (const [name, link] of Object.entries(links)) world.add(name, link);
    world.agent.start();
  };
  start();
  const restart = (): void => {
    world.restart();
    start();
  };
  return { world, links, restart };
}

const linkOf = ({ links }: Scene, name: string): SlowLink => links[name] as SlowLink;

describe("a power cut of the gateway", () => {
  test("during the download: it goes on from the stored bytes", () => {
    const cut = scene("light1", "light2");
    cut.world.piece = { byteLength: 1_000, everyMs: 50 };
    cut.world.upgrade(A, "light1", "light2");
    cut.world.advance(2_000);
    cut.restart();
    cut.world.advance(20_000);

    assert.equal(cut.world.requests.length, 2);
    const resumed = Number(cut.world.requests[1]?.split(" ")[1]);
    assert.ok(resumed >= 8192 && resumed % 4096 === 0, `${resumed}`);
    for (const name of ["light1", "light2"]) assert.deepEqual(linkOf(cut, name).received, [A.bytes]);
  });

  test("during the installation: it is handed over again, from what was acknowledged", () => {
    const cut = scene("light1", "light2");
    cut.world.upgrade(A, "light1", "light2");
    cut.world.advance(200);
    while (linkOf(cut, "light1").begun.length === 0) cut.world.advance(10);
    cut.world.advance(200);
    cut.restart();
    cut.world.advance(20_000);
    const [first, second] = linkOf(cut, "light1").begun;
    assert.equal(first, 0);
    assert.ok((second ?? 0) > 0 && (second ?? 0) % PIECE === 0, `begun again at ${second}`);
    assert.deepEqual(linkOf(cut, "light2").begun, [0]);
    for (const name of ["light1", "light2"]) assert.deepEqual(linkOf(cut, name).received, [A.bytes]);
    assert.deepEqual(cut.world.requests, ["2.0.0 0"]);
    assert.equal(cut.world.wordsOf("light1").filter((word) => word === "done").length, 1);
  });

  test("after the installation, before its result was reported: the result is reported, and nothing is installed twice", () => {
    const cut = scene("light1", "light2");
    cut.world.upgrade(A, "light1");
    cut.world.acknowledging = true;
    const link = linkOf(cut, "light1");
    cut.world.advance(200);
    while (link.received.length === 0) cut.world.clock.advance(1);
    cut.restart();
    cut.world.story.length = 0;
    cut.world.advance(10_000);
    assert.deepEqual(link.begun, [0]);
    assert.deepEqual(cut.world.wordsOf("light1"), ["done", "version 2.0.0"]);
  });

  test("whose owner does not come back: the others wait a minute for it, no longer", () => {
    const cut = scene("light1", "light2");
    cut.world.upgrade(A, "light1");
    cut.world.advance(200);
    while (!cut.world.events.includes("light1 applying")) cut.world.advance(10);
    cut.world.restart();
    const light2 = new TestLink();
    cut.world.add("light2", light2);
    cut.world.upgrade(B, "light2");
    cut.world.agent.start();
    cut.world.advance(30_000);
    assert.equal(light2.runs, "1.0.0");
    cut.world.advance(40_000);
    assert.equal(light2.runs, "3.0.0");
  });

  test("its owner is made known before the others", () => {
    const cut = scene("light1", "light2", "light3");
    cut.world.upgrade(A, "light3");
    cut.world.advance(200);
    while (!cut.world.events.includes("light3 applying")) cut.world.advance(10);
    cut.world.story.length = 0;
    cut.restart();
    cut.world.advance(5_000);
    assert.equal(
      cut.world.story.find((line) => line.startsWith("online")),
      "online light3",
    );
  });

  test("those that waited in the queue are made known before those that did not", () => {
    const cut = scene("light1", "light2", "light3");
    cut.world.piece = { byteLength: 1_000, everyMs: 500 };
    cut.world.advance(3_000);
    cut.world.upgrade(A, "light2");
    cut.world.upgrade(B, "light3");
    cut.world.offer("light2");
    cut.world.offer("light3");
    cut.world.advance(5_000);
    cut.world.story.length = 0;
    cut.restart();
    cut.world.advance(5_000);
    const online = cut.world.story.filter((line) => line.startsWith("online"));
    assert.deepEqual(online, ["online light2", "online light3", "online light1"]);
  });
});

test("cut at any moment of two images for three sub-devices, every one ends with its image and its result", () => {
  const whole = scene("light1", "light2", "light3");
  const want = ({ world }: Scene): void => {
    world.piece = { byteLength: 4_096, everyMs: 20 };
    world.upgrade(A, "light1", "light3");
    world.upgrade(B, "light2");
  };
  want(whole);
  whole.world.advance(20_000);
  const endsAt = whole.world.heard.at(-1)?.at ?? 0;
  let cuts = 0;
  for (let ms = 50; ms < endsAt; ms += 23, cuts++) {
    const cut = scene("light1", "light2", "light3");
    want(cut);
    cut.world.advance(ms);
    cut.restart();
    cut.world.advance(40_000);
    const { world } = cut;
    for (const [name, file] of [
      ["light1", A],
      ["light2", B],
      ["light3", A],
    ] as const) {
      const link = linkOf(cut, name);
      assert.equal(link.runs, file.version, `${name}, cut after ${ms} ms`);
      assert.deepEqual(link.received.at(-1), file.bytes);
      assert.equal(world.wordsOf(name).at(-1), `version ${file.version}`, `${name}, cut after ${ms} ms`);
      assert.ok(world.wordsOf(name).includes("done"), `${name} has no result, cut after ${ms} ms`);
      assert.ok(!world.wordsOf(name).some((word) => word.startsWith("fail")), `${name} failed, cut after ${ms} ms`);
    }
    const store = { read: (key: string) => world.records.get(key), write: assert.fail, delete: assert.fail };
    assert.ok(loadRecord(store, "area")?.checkpoint.phase !== "reporting");
    const marks = [...readMarks(store).values()];
    assert.ok(
      marks.length === 3 && marks.every((mark) => mark === "done" || mark === "none"),
      `${marks.join()}, cut after ${ms} ms`,
    );
  }
  console.log(`${cuts} cuts within ${endsAt} ms`);
  assert.ok(cuts > 100);
});
