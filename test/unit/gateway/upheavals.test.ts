import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstallImage, InstallJob } from "../../../src/staging/installation.js";
import type { Plan } from "../../../src/index.js";
import { fileOf, GatewayWorld, PRODUCT, TestLink } from "../../support/gateway-world.js";
import { REPEAT, SEED, SeededRandom } from "../../support/seed.js";

const RESULTS = "$gateway/operation/result/ABCDE12345/gateway";
const LIGHTS = ["light1", "light2", "light3"];
const A = fileOf("2.0.0", 20_000);
const B = fileOf("3.0.0", 30_000, 3);
const SCENES = 150;
const UPHEAVALS = 12;

/**
 * A sub-device that takes its image in pieces, each in a turn of its own; its gateway's power cuts do not affect it.
 */
class SlowLink extends TestLink {
  constructor(world: GatewayWorld) {
    super();
    this.install = (image, job) => this.#more(world, image, job, 0);
  }

  #more(world: GatewayWorld, image: InstallImage, job: InstallJob, at: number): void {
    world.clock.timer("sub-device", 50, () => {
      const count = image.read(at, new Uint8Array(4_000));
      if (count === 0) return;
      job.acknowledge(at + count);
      if (at + count < image.size) {
        this.#more(world, image, job, at + count);
        return;
      }
      this.runs = image.version;
      job.succeed();
    });
  }
}

/** A platform that binds and unbinds, and an application that adds and removes, at any moment. */
class Scene {
  readonly world: GatewayWorld;
  readonly #random: SeededRandom;
  readonly #asks: boolean;
  readonly #links: ReadonlyMap<string, SlowLink>;
  readonly #bound = new Set(LIGHTS);
  readonly #online = new Set<string>();
  readonly #added = new Set<string>();
  readonly upheavals: string[] = [];

  /** @param asks whether somebody answers plans, with yes or later, after some time */
  constructor(random: SeededRandom, asks: boolean) {
    this.#random = random;
    this.#asks = asks;
    this.world = new GatewayWorld(asks ? { policy: { manifest: false, installWhen: "accepted" } } : {});
    this.#links = new Map(LIGHTS.map((name) => [name, new SlowLink(this.world)]));
    this.world.piece = { byteLength: 1_000, everyMs: 50 };
    this.world.hears = (name) => name === "gateway" || this.#online.has(name);
    this.world.resultOf = (type, name) => {
      if (!this.#bound.has(name)) return -1;
      if (type === "online") this.#online.add(name);
      if (type === "offline") this.#online.delete(name);
      return 0;
    };
    this.world.upgrade(A, "light1", "light2");
    this.world.upgrade(B, "light3");
    this.#boot();
  }

  play(): void {
    for (let count = 0; count < UPHEAVALS; count++) {
      this.world.advance(this.#random.integer(0, 2_500));
      const name = LIGHTS[this.#random.integer(0, LIGHTS.length)] as string;
      const kind = this.#random.integer(0, 10);
      if (kind < 4) this.#setBound(name, !this.#bound.has(name));
      else if (kind < 7) this.#setAdded(name, !this.#added.has(name));
      else if (kind < 8) this.#upgrade(name);
      else if (kind < 9) this.#drop();
      else this.#cutPower();
    }
  }

  /** All sub-devices are added and bound again, and the binds have reached the platform. */
  settle(): void {
    this.world.advance(this.#random.integer(0, 3_000));
    for (const name of LIGHTS) {
      this.#setAdded(name, true);
      if (!this.#bound.has(name)) this.#setBound(name, true);
    }
    this.world.advance(300_000);
  }

  check(): void {
    for (const name of LIGHTS) {
      const wanted = this.world.wanted.get(name)?.version;
      assert.equal(this.#links.get(name)?.runs, wanted, `${name} runs it`);
      assert.ok(this.#online.has(name), `${name} is online`);
      assert.equal(this.world.wordsOf(name).at(-1), `version ${wanted}`, `${name} has reported it`);
    }
  }

  #boot(): void {
    this.#added.clear();
    for (const name of LIGHTS) this.#setAdded(name, true);
    if (this.#asks) this.world.agent.on("plan", (plan) => this.#ask(plan));
    this.world.agent.start();
  }

  #ask(plan: Plan): void {
    if (!plan.asks) return;
    this.world.clock.timer("person", this.#random.integer(0, 4_000), () => {
      this.upheavals.push(`${this.world.clock.now()} answer to ${plan.step} ${plan.deviceName} ${plan.version}`);
      if (plan.deferralsLeft > 0 && this.#random.fraction() < 0.3) plan.defer({ seconds: 2 });
      else plan.accept();
    });
  }

  #setBound(name: string, bound: boolean): void {
    if (bound) this.#bound.add(name);
    else this.#bound.delete(name);
    this.#online.delete(name);
    const lost = !bound && this.#random.fraction() < 0.4;
    this.upheavals.push(`${this.world.clock.now()} ${bound ? "bind" : "unbind"} ${name}${lost ? ", not heard" : ""}`);
    const devices = [{ product_id: PRODUCT, device_name: name }];
    if (!lost) this.world.say(RESULTS, JSON.stringify({ type: "change", payload: { status: bound ? 1 : 0, devices } }));
  }

  #setAdded(name: string, added: boolean): void {
    if (this.#added.has(name) === added) return;
    this.upheavals.push(`${this.world.clock.now()} ${added ? "add" : "remove"} ${name}`);
    if (added) {
      this.world.add(name, this.#links.get(name));
      this.#added.add(name);
    } else {
      this.world.agent.gateway.remove({ productId: PRODUCT, deviceName: name });
      this.#added.delete(name);
    }
  }

  #upgrade(name: string): void {
    const file = this.#random.fraction() < 0.5 ? A : B;
    this.upheavals.push(`${this.world.clock.now()} upgrade ${name} to ${file.version}`);
    this.world.upgrade(file, name);
    if (this.#online.has(name)) this.world.offer(name);
  }

  #drop(): void {
    this.upheavals.push(`${this.world.clock.now()} drop`);
    this.#online.clear();
    this.world.drop();
  }

  #cutPower(): void {
    this.upheavals.push(`${this.world.clock.now()} power cut`);
    this.#online.clear();
    this.world.restart();
    this.#boot();
  }
}

for (const asks of [false, true]) {
  const name = `whoever is bound, unbound, added and removed whenever, with cuts between${asks ? ", and asked about" : ""}`;
  test(`${name}: in the end each runs what is wanted; ${REPEAT}`, () => {
    const random = new SeededRandom();
    for (let index = 0; index < SCENES; index++) {
      const scene = new Scene(random, asks);
      try {
        scene.play();
        scene.settle();
        scene.check();
      } catch (error) {
        const told = [
          ...scene.upheavals,
          "",
          ...scene.world.story.slice(-25),
          "",
          ...scene.world.logged.lines.slice(-25),
        ].join("\n");
        throw new Error(`scene ${index}, seed ${SEED}: ${(error as Error).message}\n${told}`, { cause: error });
      }
    }
  });
}
