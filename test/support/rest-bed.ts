import { Readable } from "node:stream";
import { Core } from "../../cloud/core.js";
import type { PlanInput, PlanView } from "../../cloud/operator/types.js";
import type { Reachable } from "../../cloud/rollout/offers.js";
import { Transactions, type TransactionStore } from "../../cloud/rollout/work.js";
import { type OpenState, openState } from "../../cloud/state.js";
import { withFolder } from "./folder.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };

export interface RestOptions {
  readonly nowMs?: () => number;
  /** Stands between the rollout and the store. */
  readonly wrap?: (store: TransactionStore) => TransactionStore;
  readonly isOnline?: (device: Reachable) => boolean;
}

/** A cloud without servers on a state, which can be ended at any moment and opened again. */
export class RestBed {
  readonly core: Core;
  readonly state: OpenState;

  private constructor(state: OpenState, { isOnline = () => false }: RestOptions) {
    this.state = state;
    this.core = new Core({
      state,
      urlLifetimeSec: 60,
      fileBase: () => undefined,
      publish: () => {},
      isOnline,
      endDownloads: () => {},
    });
  }

  static async open(folder: string, options: RestOptions = {}): Promise<RestBed> {
    const state = await openState(folder);
    const { nowMs, wrap = (store) => store } = options;
    const store = wrap(state.store);
    const transactions = new Transactions({ store, ...(nowMs === undefined ? {} : { nowMs }) });
    const bed = new RestBed({ ...state, transactions }, options);
    await bed.core.rollout.reload();
    return bed;
  }

  static run(body: (bed: RestBed, folder: string) => Promise<void>, options: RestOptions = {}): Promise<void> {
    return withFolder(async (folder) => {
      const bed = await RestBed.open(folder, options);
      try {
        await body(bed, folder);
      } finally {
        await bed.core.close();
      }
    });
  }

  get operator() {
    return this.core.operator;
  }

  get tables() {
    return this.state.transactions.tables;
  }

  /** Adds devices `d1`, `d2`, … that have reported nothing. */
  async devices(count: number): Promise<void> {
    await this.operator.addDeviceCount({ productId: PRODUCT, prefix: "d", count }, ACTOR);
  }

  async package(version = "2.0.0"): Promise<void> {
    const content = Readable.from([Buffer.from(`image of ${version}`)]);
    await this.operator.addPackage({ productId: PRODUCT, version, fileName: "image.bin" }, content, ACTOR);
  }

  plan(input: PlanInput = {}): Promise<PlanView> {
    const pace = { maxInFlight: 1000, perMinute: 1000, stages: [100] };
    const ordinary = { name: "plan", product: PRODUCT, version: "2.0.0", all: true, override: "a test", pace };
    return this.operator.createPlan({ ...ordinary, ...input }, ACTOR);
  }

  /** @returns the plan's tasks in the order of their ids */
  async tasks(planId: number) {
    return this.tables.taskLists.ofPlan(planId, { limit: 100_000 });
  }
}
