import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { idOf, readMarks } from "../../../src/gateway/update-marks.js";
import { fileOf, GatewayWorld, PRODUCT, type TestLink } from "../../support/gateway-world.js";

const A = fileOf("2.0.0", 30_000);
const B = fileOf("3.0.0", 50_000, 3);
const LIGHTS = ["light1", "light2", "light3"];

/** A world whose lights are online, without an offer for them. */
function lit(
  names: readonly string[] = LIGHTS,
  config: ConstructorParameters<typeof GatewayWorld>[0] = {},
): { world: GatewayWorld; links: TestLink[] } {
  const world = new GatewayWorld(config);
  const links = names.map((name) => world.add(name));
  world.agent.start();
  world.advance(names.length * 1_000 + 2_000);
  world.story.length = 0;
  world.events.length = 0;
  return { world, links };
}

function offer(world: GatewayWorld, file: ReturnType<typeof fileOf>, ...names: readonly string[]): void {
  world.upgrade(file, ...names);
  for (const name of names) world.offer(name);
}

/** The results of the sub-devices, in the order in which they were served. */
function results(world: GatewayWorld): string[] {
  return world.events.filter((event) => event.includes(" result "));
}

function markOf(world: GatewayWorld, name: string): string | undefined {
  return readMarks({ read: (key) => world.records.get(key) }).get(idOf(`${PRODUCT}/${name}`));
}

describe("the queue", () => {
  test("serves first in, first out", () => {
    const { world, links } = lit();
    offer(world, A, "light2", "light3", "light1");
    world.advance(10_000);
    assert.deepEqual(results(world), ["light2 result done", "light3 result done", "light1 result done"]);
    for (const link of links) assert.deepEqual(link.received[0], A.bytes);
  });

  test("serves those who need the staged image first, and the others then", () => {
    const { world } = lit();
    offer(world, A, "light1");
    offer(world, B, "light2");
    offer(world, A, "light3");
    world.advance(10_000);
    assert.deepEqual(results(world), ["light1 result done", "light3 result done", "light2 result done"]);
    assert.deepEqual(world.requests, ["2.0.0 0", "3.0.0 0"]);
  });

  test("installs the image of an earlier job without a download, also after a long time", () => {
    const { world } = lit();
    offer(world, A, "light1");
    world.advance(10_000);
    offer(world, A, "light2");
    world.advance(10_000);
    assert.deepEqual(results(world), ["light1 result done", "light2 result done"]);
    assert.deepEqual(world.requests, ["2.0.0 0"]);
  });

  test("takes the same bytes for the same image, even if they are offered as another version", () => {
    const { world, links } = lit();
    offer(world, A, "light1");
    offer(world, { ...A, version: "2.0.0-b" }, "light2");
    world.advance(10_000);
    assert.deepEqual(results(world), ["light1 result done", "light2 result done"]);
    assert.equal(links[1]?.runs, "2.0.0-b");
    assert.equal(world.requests.length, 1);
  });

  test("holds a few different images, and asks again for the others when their turn comes", () => {
    const names = Array.from({ length: 9 }, (_, index) => `light${index}`);
    const { world, links } = lit(names);
    names.forEach((name, index) => offer(world, fileOf(`2.0.${index}`, 9_000, index), name));
    world.advance(30_000);
    assert.deepEqual(
      results(world),
      names.map((name) => `${name} result done`),
    );
    assert.deepEqual(
      links.map(({ runs }) => runs),
      names.map((_, index) => `2.0.${index}`),
    );
    assert.deepEqual(world.wordsOf("light8").slice(0, 2), ["version 1.0.0", "downloading 0"]);
    assert.equal(world.requests.length, 9);
  });

  test("takes the newest URL of an image for the next one", () => {
    const { world } = lit();
    offer(world, B, "light1");
    offer(world, A, "light2", "light3");
    world.advance(10_000);
    assert.deepEqual(results(world), ["light1 result done", "light2 result done", "light3 result done"]);
    assert.deepEqual(world.signatures, [1, 3]);
  });

  test("a newer offer for the one whose image is on its way waits if others want that image", () => {
    const { world, links } = lit();
    world.piece = { byteLength: 1_000, everyMs: 100 };
    offer(world, A, "light1", "light2");
    world.advance(1_000);
    offer(world, B, "light1");
    world.advance(20_000);
    assert.deepEqual(results(world), ["light2 result done", "light1 result done"]);
    assert.deepEqual(
      links.map(({ runs }) => runs),
      ["3.0.0", "2.0.0", "1.0.0"],
    );
    assert.deepEqual(
      world.requests.map((request) => request.split(" ")[0]),
      ["2.0.0", "2.0.0", "3.0.0"],
    );
  });

  test("a newer offer replaces the download if nobody else wants it", () => {
    const { world, links } = lit();
    world.piece = { byteLength: 1_000, everyMs: 100 };
    offer(world, A, "light1");
    world.advance(1_000);
    offer(world, B, "light1");
    world.advance(20_000);
    assert.deepEqual(results(world), ["light1 result done"]);
    assert.equal(links[0]?.runs, "3.0.0");
  });

  test("an offer of what runs is no job", () => {
    const { world } = lit();
    offer(world, fileOf("1.0.0", 5_000), "light1");
    world.advance(5_000);
    assert.deepEqual(world.story, []);
    assert.deepEqual(world.requests, []);
  });
});

describe("one that fails", () => {
  for (const [what, install, reason] of [
    ["says so", (_: unknown, job: { fail(reason: string): void }) => job.fail("wrong hardware"), "wrong hardware"],
    ["throws", () => assert.fail("bus error"), "bus error"],
    ["breaks its promise", () => Promise.reject(new Error("bus error")), "bus error"],
    ["hangs", () => {}, "installation timed out"],
    ["hangs in a promise", () => new Promise(() => {}), "installation timed out"],
  ] as const) {
    test(`and ${what} is reported with its reason, and the others go on`, async () => {
      const { world, links } = lit();
      (links[0] as TestLink).install = install;
      offer(world, A, "light1", "light2");
      world.advance(2_000);
      await new Promise((resolve) => setImmediate(resolve));
      world.advance(65_000);
      assert.equal(
        world.wordsOf("light1").find((word) => word.startsWith("fail")),
        `fail -5 ${reason}`,
      );
      assert.deepEqual(results(world), ["light1 result failed", "light2 result done"]);
      assert.equal(world.requests.length, 1);
    });
  }

  test("with a file of another MD5 is reported as -4, and the image is fetched anew for the next", () => {
    const { world } = lit();
    world.spoil = ({ bytes }) => bytes.map((byte, index) => (index === 20_000 ? byte ^ 1 : byte));
    offer(world, A, "light1");
    world.advance(5_000);
    world.spoil = ({ bytes }) => bytes;
    offer(world, A, "light2");
    world.advance(5_000);
    assert.equal(
      world.wordsOf("light1").find((word) => word.startsWith("fail")),
      "fail -4 md5 not match",
    );
    assert.deepEqual(results(world), ["light1 result digest-mismatch", "light2 result done"]);
  });

  test("with an image that the area does not hold is reported, and the others go on", () => {
    const { world } = lit();
    offer(world, { ...A, bytes: new Uint8Array(161 * 4096), md5: "0".repeat(32) }, "light1");
    offer(world, A, "light2");
    world.advance(5_000);
    assert.equal(world.wordsOf("light1")[0], `fail -5 image of ${161 * 4096} bytes, room for ${160 * 4096}`);
    assert.deepEqual(results(world), ["light1 result failed", "light2 result done"]);
  });

  test("is offered again when it is back and reports its version", () => {
    const { world, links } = lit();
    const link = links[0] as TestLink;
    const works = link.install;
    link.install = () => {
      link.runs = undefined;
      throw new Error("no answer");
    };
    offer(world, A, "light1", "light2");
    world.advance(40_000);
    assert.deepEqual(results(world), ["light1 result failed", "light2 result done"]);
    assert.equal(world.events.at(-1), "light1 absent");
    link.install = works;
    link.runs = "1.0.0";
    world.upgrade(A, "light1");
    world.advance(40_000);
    assert.deepEqual(results(world).slice(2), ["light1 result done"]);
    assert.equal(world.requests.length, 1);
  });

  test("reports success and still runs another version", () => {
    const { world, links } = lit();
    (links[0] as TestLink).install = (_, job) => job.succeed();
    offer(world, A, "light1");
    world.advance(5_000);
    assert.deepEqual(results(world), ["light1 result failed"]);
    assert.equal(
      world.wordsOf("light1").find((word) => word.startsWith("fail")),
      "fail -5 installed, but runs version 1.0.0",
    );
  });

  test("reports success and no version: that counts as success", () => {
    const { world, links } = lit();
    const link = links[0] as TestLink;
    link.install = (_, job) => {
      link.runs = undefined;
      job.succeed();
    };
    offer(world, A, "light1");
    world.advance(5_000);
    assert.deepEqual(results(world), ["light1 result done"]);
    assert.equal(world.wordsOf("light1").at(-1), "version 2.0.0");
  });
});

describe("the events about those who wait", () => {
  test("do not repeat the job under way when another one comes to the queue", () => {
    const { world } = lit();
    world.piece = { byteLength: 1_000, everyMs: 50 };
    offer(world, A, "light1");
    world.advance(500);
    offer(world, A, "light2", "light3");
    world.advance(20_000);
    const states = (name: string): string[] =>
      world.events.filter((event) => event.startsWith(`${name} `)).map((event) => event.slice(name.length + 1));
    assert.deepEqual(states("light1"), ["queued", "downloading", "verifying", "applying", "reporting", "result done"]);
    assert.deepEqual(states("light2"), ["queued", "verifying", "applying", "reporting", "result done"]);
    assert.deepEqual(states("light3"), states("light2"));
  });

  test("keep one that waits marked as waiting over a new connection", () => {
    const { world, links } = lit();
    (links[0] as TestLink).install = () => {};
    offer(world, A, "light1", "light2");
    world.advance(2_000);
    assert.equal(markOf(world, "light2"), "queued");
    world.drop();
    world.advance(20_000);
    assert.equal(markOf(world, "light1"), "installing");
    assert.equal(markOf(world, "light2"), "queued");
  });
});

describe("removal", () => {
  test("while its image is on its way: the next one goes on with what is there", () => {
    const { world } = lit();
    world.piece = { byteLength: 1_000, everyMs: 100 };
    offer(world, A, "light1", "light2");
    world.advance(2_000);
    world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light1" });
    world.advance(10_000);
    assert.deepEqual(results(world), ["light2 result done"]);
    assert.equal(world.requests.length, 2);
    assert.notEqual(world.requests[1], "2.0.0 0");
    assert.ok(world.events.includes("light2 downloading"));
  });

  test("while it waits, and while it is installed to", () => {
    const { world, links } = lit();
    (links[0] as TestLink).install = () => {};
    offer(world, A, "light1", "light2", "light3");
    world.advance(2_000);
    for (const deviceName of ["light2", "light1"]) world.agent.gateway.remove({ productId: PRODUCT, deviceName });
    world.advance(5_000);
    assert.deepEqual(results(world), ["light3 result done"]);
  });

  test("before its result is acknowledged: once it is back and offered another image, the result is reported and the queue goes on", () => {
    const { world, links } = lit();
    const [link] = links as [TestLink];
    link.install = (image, job) => {
      world.acknowledging = image.version !== A.version;
      link.take(image, job);
      job.succeed();
    };
    offer(world, A, "light1");
    world.advance(5_000);
    assert.equal(world.wordsOf("light1").at(-1), "done");
    world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light1" });
    world.acknowledging = true;
    world.upgrade(B, "light1", "light2");
    world.add("light1", link);
    world.advance(3_000);
    world.offer("light2");
    world.advance(20_000);
    assert.equal(link.runs, "3.0.0");
    assert.deepEqual(results(world).slice(0, 3), ["light1 result done", "light1 result done", "light2 result done"]);
    assert.deepEqual(world.wordsOf("light1").slice(3, 7), ["done", "version 2.0.0", "done", "version 2.0.0"]);
  });

  test("after it, reading the image gives nothing", () => {
    const { world, links } = lit();
    let read = (): number => -1;
    (links[0] as TestLink).install = (image) => {
      read = () => image.read(0, new Uint8Array(8));
    };
    offer(world, A, "light1");
    world.advance(2_000);
    assert.equal(read(), 8);
    world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light1" });
    assert.equal(read(), 0);
  });
});

describe("a lost connection", () => {
  test("during a download: it goes on, and all is reported on the next one", () => {
    const { world } = lit();
    world.piece = { byteLength: 1_000, everyMs: 100 };
    offer(world, A, "light1", "light2");
    world.advance(1_500);
    world.drop();
    world.advance(30_000);
    assert.deepEqual(results(world), ["light1 result done", "light2 result done"]);
    assert.deepEqual(world.requests, ["2.0.0 0"]);
    const words = world.wordsOf("light1");
    assert.equal(words.filter((word) => word === "done").length, 1);
  });

  test("before the result is acknowledged: it is reported again, before the version", () => {
    const { world, links } = lit();
    const link = links[0] as TestLink;
    link.install = (image, job) => {
      world.acknowledging = false;
      link.take(image, job);
      job.succeed();
    };
    offer(world, A, "light1", "light2");
    world.advance(5_000);
    assert.equal(world.wordsOf("light1").at(-1), "done");
    world.drop();
    world.acknowledging = true;
    world.story.length = 0;
    world.advance(30_000);
    assert.deepEqual(results(world), ["light1 result done", "light2 result done"]);
    assert.deepEqual(world.wordsOf("light1"), ["done", "version 2.0.0"]);
  });
});
