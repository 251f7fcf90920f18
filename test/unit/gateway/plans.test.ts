import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import type { OtaConfig, Plan } from "../../../src/index.js";
import { fileOf, GATEWAY, GatewayWorld, PRODUCT, type ServedFile, TestLink } from "../../support/gateway-world.js";

const A = fileOf("2.0.0", 40_000);
const B = fileOf("3.0.0", 20_000, 3);
const OWN = ownOf("0.2.0");
const OTHER = "AIRCON0001";
const CHANGED = `$gateway/operation/result/${GATEWAY.productId}/${GATEWAY.deviceName}`;

/** A firmware of the gateway itself. */
function ownOf(version: string): ServedFile {
  const bytes = buildAppImage({ version, byteLength: 32 * 1024, seed: 1 });
  return { version, bytes, md5: createHash("md5").update(bytes).digest("hex") };
}

interface SceneOptions {
  readonly policy?: OtaConfig["policy"];
  readonly staging?: "partition" | "slot";
  /** Versions by name of device. */
  readonly lights?: { readonly [name: string]: string | undefined };
}

/** A gateway with lights of one product. The plans of all boots are kept. */
class Scene {
  readonly world: GatewayWorld;
  readonly links = new Map<string, TestLink>();
  readonly shown: Plan[] = [];
  /** Names of those whose question was closed. */
  readonly closed: string[] = [];
  onPlan: (plan: Plan) => void = () => {};

  constructor({
    policy = {},
    staging = "partition",
    lights = { light1: "1.0.0", light2: "1.0.0", light3: "1.0.0" },
  }: SceneOptions = {}) {
    this.world = new GatewayWorld({ policy: { manifest: false, ...policy }, gateway: { staging } });
    for (const [name, version] of Object.entries(lights)) {
      const link = new TestLink();
      link.runs = version;
      this.links.set(name, link);
    }
    this.#start();
  }

  restart(): void {
    this.world.restart();
    this.#start();
  }

  /** The platform wants these lights to run the file, and offers it. */
  upgrade(file: ServedFile, ...names: readonly string[]): void {
    this.world.upgrade(file, ...names);
    for (const name of names) this.world.offer(name);
  }

  /** The platform wants the gateway itself to run the file, and offers it. */
  upgradeOwn(file: ServedFile): void {
    this.world.upgrade(file, GATEWAY.deviceName);
    this.world.offer(GATEWAY.deviceName, GATEWAY.productId);
    this.world.advance(2_000);
  }

  /** The plan of a light is accepted, and it installs. @returns a function that ends the installation */
  installing(file: ServedFile, name: string): () => void {
    const link = this.links.get(name)!;
    const { install } = link;
    let end = (): void => {};
    link.install = (image, job) => {
      end = () => install(image, job);
    };
    this.upgrade(file, name);
    this.world.advance(2_000);
    this.asked.at(-1)?.accept();
    this.world.advance(5_000);
    assert.equal(this.world.events.at(-1), `${name} applying`);
    return () => end();
  }

  /** The operator binds or unbinds a light. */
  bind(deviceName: string, bound: boolean): void {
    const devices = [{ product_id: PRODUCT, device_name: deviceName }];
    this.world.say(CHANGED, JSON.stringify({ type: "change", payload: { status: bound ? 1 : 0, devices } }));
    this.world.advance(1_000);
  }

  get asked(): Plan[] {
    return this.shown.filter(({ asks }) => asks);
  }

  failOf(name: string): string | undefined {
    return this.world.wordsOf(name).find((word) => word.startsWith("fail"));
  }

  received(name: string): readonly Uint8Array[] {
    return this.links.get(name)!.received;
  }

  /** Results in the order of their events. */
  get results(): string[] {
    return this.world.events.filter((event) => event.includes("result"));
  }

  #start(): void {
    for (const [name, link] of this.links) this.world.add(name, link);
    this.world.agent.on("plan", (plan) => {
      this.shown.push(plan);
      void plan.closed().then(() => this.closed.push(plan.deviceName ?? plan.component));
      this.onPlan(plan);
    });
    this.world.agent.start();
    this.world.advance(3_000);
  }
}

const ALL = ["light1", "light2", "light3"];
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

for (const staging of ["partition", "slot"] as const) {
  describe(`consent for sub-devices, staged in the ${staging}`, () => {
    test("is asked once for product and image, before anything is fetched, and holds for all of them", () => {
      const scene = new Scene({ staging });
      scene.upgrade(A, ...ALL);
      scene.world.advance(30_000);
      const [plan] = scene.shown;
      assert.ok(plan !== undefined);
      const { component, deviceName, kind, step, version, size, asks } = plan;
      assert.deepEqual(
        { component, deviceName, kind, step, version, size, asks },
        {
          component: PRODUCT,
          deviceName: "light1",
          kind: "mcu",
          step: "download",
          version: "2.0.0",
          size: A.bytes.byteLength,
          asks: true,
        },
      );
      assert.deepEqual([scene.shown.length, scene.world.requests], [1, []]);
      assert.equal(scene.world.events.at(-1), "light1 offered");
      plan.accept();
      scene.world.advance(30_000);
      assert.deepEqual(
        scene.results,
        ALL.map((name) => `${name} result done`),
      );
      assert.deepEqual(
        scene.shown.map((each) => `${each.deviceName} ${each.asks}`),
        ["light1 true", "light2 false", "light3 false"],
      );
      assert.equal(scene.world.requests.length, 1);
    });

    test("that is refused is -5 for each of them, and nothing is fetched", () => {
      const scene = new Scene({ staging });
      scene.onPlan = (plan) => plan.decline("not in winter");
      scene.upgrade(A, ...ALL);
      scene.world.advance(30_000);
      assert.equal(scene.failOf("light1"), "fail -5 declined: not in winter");
      assert.deepEqual(
        [scene.failOf("light2"), scene.failOf("light3")],
        ["fail -5 declined before", "fail -5 declined before"],
      );
      assert.deepEqual([scene.shown.length, scene.world.requests], [1, []]);
    });

    test("does not hold up the gateway's own update, and is asked for again after it", async () => {
      const scene = new Scene({ staging });
      scene.upgrade(A, "light1", "light2");
      scene.world.advance(5_000);
      scene.world.upgrade(OWN, GATEWAY.deviceName);
      scene.world.offer(GATEWAY.deviceName, GATEWAY.productId);
      scene.world.advance(5_000);
      const plan = scene.asked.at(-1);
      assert.equal(plan?.component, "firmware");
      assert.equal(plan?.deviceName, undefined);
      plan?.accept();
      scene.world.advance(10_000);
      assert.equal(scene.world.restarts, 1);
      assert.deepEqual(scene.world.slot.content(OWN.bytes.byteLength), OWN.bytes);
      await settle();
      assert.deepEqual(scene.closed, ["firmware", "light1"]);
      scene.world.wanted.delete(GATEWAY.deviceName);
      scene.restart();
      assert.deepEqual(
        scene.asked.map((each) => each.deviceName ?? each.component),
        ["light1", "firmware", "light1"],
      );
      scene.asked.at(-1)?.accept();
      scene.world.advance(20_000);
      assert.deepEqual(scene.results, ["light1 result done", "light2 result done"]);
    });
  });
}

for (const staging of ["partition", "slot"] as const) {
  describe(`the gateway's own update and those of its sub-devices, staged in the ${staging}`, () => {
    test("one that is refused while it waits for an installation is not followed by another one without a yes of its own", () => {
      const scene = new Scene({ staging });
      const { world } = scene;
      const end = scene.installing(A, "light1");
      scene.upgradeOwn(OWN);
      const first = scene.asked.at(-1);
      first?.accept();
      world.advance(1_000);
      // The next offer comes before the platform gets the refusal.
      world.acknowledging = false;
      first?.decline("changed my mind");
      scene.upgradeOwn(ownOf("0.3.0"));
      world.acknowledging = true;
      world.advance(20_000);
      assert.equal(scene.asked.at(-1)?.version, "0.3.0");
      end();
      world.advance(20_000);
      assert.deepEqual([world.agent.state, world.requests, world.restarts], ["offered", ["2.0.0 0"], 0]);
      scene.asked.findLast(({ component }) => component === "firmware")?.accept();
      world.advance(20_000);
      assert.equal(world.restarts, 1);
    });

    test("the others go on as long as somebody is asked about an image that takes the place of the one on its way", () => {
      const scene = new Scene({ staging });
      const { world } = scene;
      scene.onPlan = (plan) => plan.version !== "0.3.0" && plan.accept();
      world.piece = { byteLength: 1_000, everyMs: 500 };
      scene.upgradeOwn(OWN);
      assert.equal(world.agent.state, "downloading");
      scene.upgradeOwn(ownOf("0.3.0"));
      assert.equal(world.agent.state, "offered");
      world.piece = { byteLength: 4_096, everyMs: 10 };
      scene.upgrade(A, "light1", "light2");
      world.advance(20_000);
      assert.deepEqual(scene.results, ["light1 result done", "light2 result done"]);
      scene.asked.findLast(({ version }) => version === "0.3.0")?.accept();
      world.advance(20_000);
      assert.equal(world.restarts, 1);
      assert.deepEqual(world.slot.content(OWN.bytes.byteLength), ownOf("0.3.0").bytes);
    });

    test("the own one does not wait for what an installing sub-device is offered next, nor for an answer to that", () => {
      const scene = new Scene({ staging });
      const { world } = scene;
      const end = scene.installing(A, "light1");
      scene.upgradeOwn(OWN);
      scene.asked.at(-1)?.accept();
      scene.upgrade(B, "light1");
      world.advance(1_000);
      end();
      world.advance(20_000);
      assert.equal(world.restarts, 1);
      world.wanted.delete(GATEWAY.deviceName);
      scene.links.get("light1")!.install = new TestLink().install;
      scene.restart();
      world.advance(5_000);
      const next = scene.asked.at(-1);
      assert.deepEqual([next?.deviceName, next?.version], ["light1", "3.0.0"]);
    });
  });
}

describe("an answer for a product", () => {
  test("holds for one that comes later, also after a restart", () => {
    const scene = new Scene();
    scene.onPlan = (plan) => plan.accept();
    scene.upgrade(A, "light1");
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result done"]);
    scene.restart();
    scene.upgrade(A, "light2");
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result done", "light2 result done"]);
    assert.equal(scene.asked.length, 1);
  });

  test("does not hold for another product that is offered the same bytes, nor for another image", () => {
    const scene = new Scene({ lights: { light1: "1.0.0" } });
    scene.world.add("aircon", new TestLink(), OTHER);
    scene.world.advance(3_000);
    scene.onPlan = (plan) => plan.accept();
    scene.upgrade(A, "light1");
    scene.world.upgrade(A, "aircon");
    scene.world.offer("aircon", OTHER);
    scene.world.advance(20_000);
    scene.upgrade(B, "light1");
    scene.world.advance(20_000);
    assert.deepEqual(
      scene.asked.map(({ component, version }) => `${component} ${version}`),
      [`${PRODUCT} 2.0.0`, `${OTHER} 2.0.0`, `${PRODUCT} 3.0.0`],
    );
    assert.equal(scene.results.length, 3);
  });

  test("can be asked before the installation, once for the product", () => {
    const scene = new Scene({ policy: { consent: "silent", installWhen: "accepted" } });
    scene.upgrade(A, ...ALL);
    scene.world.advance(20_000);
    assert.equal(scene.world.events.at(-1), "light1 ready");
    assert.deepEqual(
      scene.asked.map(({ step, deviceName }) => `${step} ${deviceName}`),
      ["install light1"],
    );
    scene.asked[0]?.accept();
    scene.world.advance(30_000);
    assert.equal(scene.results.length, 3);
    assert.equal(scene.asked.length, 1);
  });

  test("can still be changed to no during the download, and then it is no for the others", () => {
    const scene = new Scene({ policy: { consent: "silent", installWhen: "accepted" } });
    scene.world.piece = { byteLength: 1_000, everyMs: 100 };
    scene.upgrade(A, "light1", "light2");
    scene.world.advance(2_000);
    assert.equal(scene.world.events.at(-1), "light1 downloading");
    scene.shown[0]?.decline("too slow");
    scene.world.advance(10_000);
    assert.deepEqual(
      [scene.failOf("light1"), scene.failOf("light2")],
      ["fail -5 declined: too slow", "fail -5 declined before"],
    );
  });

  test("that comes once one of them installs is ignored", () => {
    const scene = new Scene({ lights: { light1: "1.0.0", light2: "1.0.0" } });
    scene.onPlan = (plan) => plan.accept();
    const light = scene.links.get("light1")!;
    const { install } = light;
    light.install = (image, job) => {
      scene.shown[0]?.decline("too late");
      install(image, job);
    };
    scene.upgrade(A, "light1", "light2");
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result done", "light2 result done"]);
  });

  test("that comes once the job of one of them has failed is ignored", () => {
    const scene = new Scene({ policy: { consent: "silent" }, lights: { light1: "1.0.0", light2: "1.0.0" } });
    scene.world.spoil = ({ bytes }) => bytes.map((byte) => byte ^ 1);
    scene.world.agent.on("subdevice", (event) => {
      if (event.kind !== "state" || event.state !== "reporting" || event.deviceName !== "light1") return;
      scene.shown[0]?.decline("too late");
      scene.world.spoil = ({ bytes }) => bytes;
    });
    scene.upgrade(A, "light1", "light2");
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result digest-mismatch", "light2 result done"]);
  });

  test("to the plan of a removed one is ignored once the next one was accepted", () => {
    const scene = new Scene();
    scene.upgrade(A, ...ALL);
    scene.world.advance(3_000);
    scene.world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light1" });
    scene.world.piece = { byteLength: 1_000, everyMs: 200 };
    scene.world.advance(1_000);
    const [gone, next] = scene.asked;
    next?.accept();
    scene.world.advance(1_000);
    gone?.decline();
    scene.world.advance(30_000);
    assert.deepEqual(scene.results, ["light2 result done", "light3 result done"]);
  });

  test("to a plan that was replaced is no answer for the image that is offered since", () => {
    const scene = new Scene({ lights: { light1: "1.0.0" } });
    scene.upgrade(A, "light1");
    scene.world.advance(3_000);
    const [old] = scene.asked;
    scene.bind("light1", false);
    scene.onPlan = (plan) => plan.accept();
    scene.world.piece = { byteLength: 1_000, everyMs: 200 };
    scene.world.upgrade(B, "light1");
    scene.bind("light1", true);
    scene.world.advance(2_000);
    assert.equal(scene.world.events.at(-1), "light1 downloading");
    old?.decline();
    scene.world.advance(10_000);
    assert.deepEqual(scene.results, ["light1 result done"]);
  });
});

describe("the preconditions of a sub-device's update", () => {
  test("are the gateway's battery, signal and time of day", () => {
    const policy = {
      consent: "silent",
      minBatteryPercent: 30,
      minSignalDbm: -90,
      windows: [{ from: "02:00", to: "04:00" }],
    } as const;
    const scene = new Scene({ policy });
    const { world } = scene;
    Object.assign(world.vitals, { batteryPercent: 20, signalDbm: -100 });
    world.clock.unix = 43_200;
    scene.upgrade(A, "light1", "light2");
    world.advance(15_000);
    const waits = (): string | undefined => world.logged.lines.findLast((line) => line.includes("waits"));
    assert.match(
      waits() ?? "",
      /E69UADXUYY\/light1 waits: battery 20, wanted 30; signal -100, wanted -90; window 12:00/,
    );
    Object.assign(world.vitals, { batteryPercent: 30, signalDbm: -90 });
    world.advance(10_000);
    assert.match(waits() ?? "", /waits: window 12:00, wanted 02:00-04:00$/);
    assert.deepEqual([world.requests, scene.failOf("light1")], [[], undefined]);
    world.clock.unix = 10_000;
    world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result done", "light2 result done"]);
  });

  test("a difference is refused for the one that runs another version, and for no other", () => {
    const scene = new Scene({ policy: { consent: "silent" }, lights: { light1: "0.9.0", light2: "1.0.0" } });
    scene.world.requirements = { sourceVersion: "1.0.0" };
    scene.upgrade(A, "light1", "light2");
    scene.world.advance(20_000);
    assert.equal(scene.failOf("light1"), "fail -5 for version 1.0.0, not 0.9.0");
    assert.deepEqual(scene.results, ["light1 result failed", "light2 result done"]);
    scene.links.get("light1")!.runs = "1.0.0";
    scene.world.agent.gateway.check({ productId: PRODUCT, deviceName: "light1" });
    scene.world.advance(3_000);
    scene.upgrade(A, "light1");
    scene.world.advance(20_000);
    assert.equal(scene.results.at(-1), "light1 result done");
  });

  test("one that has not reported its version is asked for it, and refused if it does not answer", () => {
    const scene = new Scene({ policy: { consent: "silent" }, lights: { light1: undefined, light2: undefined } });
    scene.world.requirements = { sourceVersion: "1.0.0" };
    scene.upgrade(A, "light1");
    scene.world.advance(5_000);
    assert.equal(scene.world.events.at(-1), "light1 offered");
    scene.links.get("light1")!.runs = "1.0.0";
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result done"]);
    assert.deepEqual(
      scene.world.wordsOf("light1").filter((word) => word.startsWith("version")),
      ["version 1.0.0", "version 2.0.0"],
    );
    scene.upgrade(A, "light2");
    scene.world.advance(60_000);
    assert.equal(scene.failOf("light2"), "fail -5 for version 1.0.0, what runs is unknown");
  });

  test("room is that of the staging area", () => {
    const scene = new Scene({ policy: { consent: "silent" }, lights: { light1: "1.0.0", light2: "1.0.0" } });
    scene.world.requirements = { space: 655_361 };
    scene.upgrade(A, "light1");
    scene.world.requirements = { space: 655_360 };
    scene.upgrade(B, "light2");
    scene.world.advance(20_000);
    assert.equal(scene.failOf("light1"), "fail -5 wants 655361 bytes, room for 655360");
    assert.equal(scene.results.at(-1), "light2 result done");
  });

  test("the deadline counts for each from its turn", () => {
    const scene = new Scene({ policy: { deadlineSeconds: 60, maxAttempts: 1 } });
    scene.upgrade(A, "light1", "light2");
    scene.world.advance(58_000);
    assert.equal(scene.failOf("light1"), undefined);
    scene.world.clock.unix! += 62;
    scene.world.advance(5_000);
    assert.equal(scene.failOf("light1"), "fail -5 not installed within 60 s");
    scene.world.advance(50_000);
    assert.equal(scene.failOf("light2"), undefined);
    assert.equal(scene.asked.at(-1)?.deviceName, "light2");
    scene.asked.at(-1)?.accept();
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result failed", "light2 result done"]);
  });
});

describe("a sub-device's end", () => {
  test("without success starts no cool-down of the image for any device, and what was accepted stays accepted", () => {
    const scene = new Scene({ policy: { maxAttempts: 1 } });
    scene.onPlan = (plan) => plan.accept();
    const install = scene.links.get("light1")!.install;
    scene.links.get("light1")!.install = (_, job) => job.fail("no");
    scene.upgrade(A, ...ALL);
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result failed", "light2 result done", "light3 result done"]);
    scene.links.get("light1")!.install = install;
    scene.upgrade(A, "light1");
    scene.world.advance(20_000);
    assert.equal(scene.results.at(-1), "light1 result done");
    assert.equal(scene.asked.length, 1);
  });

  for (const how of ["removed", "unbound"]) {
    test(`that is ${how} while it is asked about withdraws the question, and the next one is asked`, async () => {
      const scene = new Scene();
      scene.upgrade(A, "light1", "light2");
      scene.world.advance(5_000);
      assert.deepEqual(
        scene.asked.map(({ deviceName }) => deviceName),
        ["light1"],
      );
      if (how === "removed") scene.world.agent.gateway.remove({ productId: PRODUCT, deviceName: "light1" });
      else scene.bind("light1", false);
      scene.world.advance(5_000);
      await settle();
      assert.deepEqual(scene.closed, ["light1"]);
      assert.deepEqual(
        scene.asked.map(({ deviceName }) => deviceName),
        ["light1", "light2"],
      );
      scene.asked[0]?.accept();
      scene.world.advance(5_000);
      assert.deepEqual(scene.world.requests, []);
      scene.asked[1]?.accept();
      scene.world.advance(10_000);
      assert.deepEqual(scene.results, ["light2 result done"]);
      assert.deepEqual(scene.received("light1"), []);
    });
  }
});

describe("a power cut", () => {
  test("in a deferral: it goes on, and the plan comes back when it is over", () => {
    const scene = new Scene();
    scene.upgrade(A, "light1", "light2");
    scene.world.advance(5_000);
    scene.asked[0]?.defer({ seconds: 3_600 });
    scene.world.advance(5_000);
    scene.restart();
    scene.world.advance(60_000);
    assert.equal(scene.asked.length, 1);
    scene.world.clock.unix = 1_700_003_601;
    scene.world.advance(15_000);
    assert.deepEqual(
      scene.asked.map(({ deviceName, deferralsLeft }) => `${deviceName} ${deferralsLeft}`),
      ["light1 3", "light1 2"],
    );
    scene.asked[1]?.accept();
    scene.world.advance(20_000);
    assert.deepEqual(scene.results, ["light1 result done", "light2 result done"]);
  });

  test("between the yes and the download: nobody is asked again", () => {
    const scene = new Scene();
    scene.upgrade(A, "light1");
    scene.world.advance(5_000);
    scene.asked[0]?.accept();
    scene.restart();
    scene.world.advance(20_000);
    assert.deepEqual([scene.asked.length, scene.results], [1, ["light1 result done"]]);
  });

  test("between the download and the installation: nothing is fetched again", () => {
    const scene = new Scene({ policy: { consent: "silent", installWhen: "accepted" } });
    scene.upgrade(A, "light1");
    scene.world.advance(20_000);
    assert.equal(scene.asked.length, 1);
    scene.restart();
    scene.world.advance(20_000);
    assert.deepEqual(
      scene.asked.map(({ step }) => step),
      ["install", "install"],
    );
    scene.asked[1]?.accept();
    scene.world.advance(20_000);
    assert.deepEqual([scene.results, scene.world.requests.length], [["light1 result done"], 1]);
  });
});

test("a connection that breaks while somebody is asked changes nothing", () => {
  const scene = new Scene();
  scene.upgrade(A, "light1");
  scene.world.advance(5_000);
  scene.world.drop();
  scene.world.advance(60_000);
  assert.equal(scene.asked.length, 1);
  scene.asked[0]?.accept();
  scene.world.advance(20_000);
  assert.deepEqual([scene.asked.length, scene.results], [1, ["light1 result done"]]);
});

test("`checkForUpdate` is about the gateway's own firmware", async () => {
  const scene = new Scene();
  const { agent } = scene.world;
  const check = agent.checkForUpdate();
  scene.upgrade(A, "light1");
  scene.world.advance(10_000);
  assert.equal(scene.asked.length, 1);
  assert.equal(await check, undefined);
});

test("a job that is under way when somebody begins to listen goes on, and the next one is asked about", () => {
  const world = new GatewayWorld();
  for (const name of ["light1", "light2"]) world.add(name);
  world.agent.start();
  world.advance(3_000);
  world.piece = { byteLength: 1_000, everyMs: 50 };
  world.upgrade(A, "light1", "light2");
  for (const name of ["light1", "light2"]) world.offer(name);
  world.advance(1_000);
  assert.equal(world.events.at(-1), "light1 downloading");
  const shown: Plan[] = [];
  world.agent.on("plan", (plan) => void shown.push(plan));
  world.advance(20_000);
  assert.deepEqual(
    world.events.filter((event) => event.includes("result")),
    ["light1 result done"],
  );
  assert.deepEqual(
    shown.map(({ deviceName, asks }) => `${deviceName} ${asks}`),
    ["light2 true"],
  );
});

test("as long as nobody uses plans, the part costs no message, no record and no state", () => {
  const world = new GatewayWorld();
  for (const name of ALL) world.add(name);
  world.agent.start();
  world.advance(3_000);
  world.requirements = { sourceVersion: "0.0.1" };
  world.upgrade(A, ...ALL);
  for (const name of ALL) world.offer(name);
  world.advance(20_000);
  assert.ok(!world.events.some((event) => /offered|ready/.test(event)));
  assert.equal(world.events.filter((event) => event.includes("result done")).length, 3);
  assert.ok(!world.records.has("plans"));
});
