import { Readable } from "node:stream";
import { mock } from "node:test";
import { Core } from "../../cloud/core.js";
import type { PlanInput, PlanView } from "../../cloud/operator/types.js";
import { Transactions } from "../../cloud/rollout/work.js";
import { openState } from "../../cloud/state.js";
import { withFolder } from "./folder.js";

export const PRODUCT = "ABCDE12345";
export const ACTOR = { name: "test", origin: "local" };
/** When the clock of the bed stands at the beginning. */
export const NOW = 1_800_000_000_000;

/** A cloud without servers, whose clock stands still until the test moves it and whose devices the test speaks for. */
export class ConsoleBed {
  readonly #folder: string;
  #core!: Core;
  nowMs = NOW;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static run(body: (bed: ConsoleBed) => Promise<void>): Promise<void> {
    return withFolder(async (folder) => {
      // The cloud's own ticks would come between those of the test.
      mock.timers.enable({ apis: ["setInterval"] });
      const bed = new ConsoleBed(folder);
      await bed.#open();
      try {
        await body(bed);
      } finally {
        await bed.#core.close();
        mock.timers.reset();
      }
    });
  }

  get core(): Core {
    return this.#core;
  }

  get operator() {
    return this.#core.operator;
  }

  get tables() {
    return this.#core.state.transactions.tables;
  }

  async restart(): Promise<void> {
    await this.#core.close();
    await this.#open();
  }

  /** Lets so many seconds pass, with what the cloud does in each. */
  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second++) {
      this.nowMs += 1000;
      await this.tick();
    }
  }

  async tick(): Promise<void> {
    await this.#core.rollout.tick();
    await this.#core.rollout.idle();
    await this.#core.recorder.tick();
  }

  /** Adds devices that are online and report this version. */
  async devices(names: readonly string[], version = "1.0.0", productId = PRODUCT): Promise<void> {
    await this.operator.addDevices(
      names.map((deviceName) => ({ productId, deviceName })),
      ACTOR,
    );
    for (const deviceName of names) {
      this.#core.sessions.begin({ productId, deviceName }, []);
      await this.version(deviceName, version, productId);
    }
  }

  version(deviceName: string, version: string, productId = PRODUCT): Promise<void> {
    return this.#report({ productId, deviceName }, { type: "report_version", report: { version } });
  }

  fail(deviceName: string, code: string, message = "", version = "2.0.0"): Promise<void> {
    const progress = { state: "fail", result_code: code, result_msg: message };
    const report = { progress, version };
    return this.#report({ productId: PRODUCT, deviceName }, { type: "report_progress", report });
  }

  async package(version: string, component = "firmware", productId = PRODUCT): Promise<void> {
    const request = { productId, version, component, fileName: "image.bin" };
    await this.operator.addPackage(request, Readable.from([Buffer.from(`${component} ${version}`)]), ACTOR);
  }

  /** Creates and activates a plan to version 2.0.0, whose package must be there, with a halt that it does not reach. */
  async plan(input: PlanInput = {}): Promise<PlanView> {
    const plan = await this.operator.createPlan(
      {
        name: "plan",
        product: PRODUCT,
        version: "2.0.0",
        all: true,
        override: "a test",
        pace: { maxInFlight: 100, perMinute: 1000, stages: [100] },
        halt: { percent: 100, atLeast: 1000 },
        retry: [],
        ...input,
      },
      ACTOR,
    );
    return this.operator.activatePlan(plan.id, ACTOR);
  }

  #report({ productId, deviceName }: { productId: string; deviceName: string }, message: object): Promise<void> {
    return this.#core.platform.onReport({ productId, deviceName }, JSON.stringify(message));
  }

  async #open(): Promise<void> {
    const opened = await openState(this.#folder, { groupDelayMs: 0 });
    const transactions = new Transactions({ store: opened.store, nowMs: () => this.nowMs });
    this.#core = new Core({
      state: { ...opened, transactions },
      urlLifetimeSec: 60,
      fileBase: () => "http://files.test",
      publish: () => {},
      isOnline: (device, sessions) => sessions.get(device) !== undefined,
      endDownloads: () => {},
    });
    await this.#core.start();
    await this.tick();
  }
}
