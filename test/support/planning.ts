import type { Device, KeyValueStore } from "../../hal/ports/index.js";
import { describeFailure } from "../../src/errors.js";
import type { Plan } from "../../src/plans/plan.js";
import type { PlanGate } from "../../src/plans/gate.js";
import { type PolicyConfig, resolvePolicy } from "../../src/plans/policy.js";
import { FIRMWARE, UpdatePlans } from "../../src/plans/plans.js";
import type { Offer } from "../../src/protocol/messages.js";
import type { ClearedStep, Failure, State } from "../../src/update/machine/types.js";
import { FakeHttp } from "./fake-http.js";
import { CollectedLog } from "./log.js";
import { VirtualClock } from "./virtual-clock.js";

/** A store of any number of keys. `failing`: every access throws. */
export class MemoryStore implements KeyValueStore {
  readonly records = new Map<string, Uint8Array>();
  writes = 0;
  failing = false;

  read(key: string): Uint8Array | undefined {
    this.#check();
    return this.records.get(key)?.slice();
  }

  write(key: string, bytes: Uint8Array): void {
    this.#check();
    if (bytes.byteLength > 508) throw new Error(`record of ${bytes.byteLength} bytes`);
    this.writes++;
    this.records.set(key, bytes.slice());
  }

  delete(key: string): void {
    this.#check();
    this.records.delete(key);
  }

  #check(): void {
    if (this.failing) throw new Error("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
  }
}

export interface PlanningOptions {
  readonly policy?: PolicyConfig;
  readonly listens?: boolean;
  readonly clock?: VirtualClock;
  readonly http?: FakeHttp;
  readonly store?: MemoryStore;
  onOver?(failure: Failure): void;
}

/**
 * The gate of the own firmware, version 1.0, in a slot of 1,000,000 bytes. The test controls time, sensors, store and
 * server.
 */
export class Planning {
  readonly clock: VirtualClock;
  readonly http: FakeHttp;
  readonly store: MemoryStore;
  readonly logged = new CollectedLog();
  readonly vitals: { batteryPercent: number | undefined; signalDbm: number | undefined } = {
    batteryPercent: undefined,
    signalDbm: undefined,
  };
  /** What listeners were shown. */
  readonly shown: Plan[] = [];
  /** `yes`, or the message of the failure. */
  readonly answers: string[] = [];
  /** Seconds of each deferral that was reported. */
  readonly deferrals: number[] = [];
  readonly over: Failure[] = [];
  /** Called by the listener at once with each plan. */
  onPlan: (plan: Plan) => void = () => {};
  listens: boolean;
  blocked: string | undefined;
  /** Id of a component that comes first. */
  awaited: string | undefined;
  /** Version that runs; `undefined` as long as it is unknown. */
  running: string | undefined = "1.0";
  /** Questions for the version that are not answered yet. */
  readonly versionQuestions: (() => void)[] = [];
  plans: UpdatePlans;
  gate: PlanGate;
  readonly #options: PlanningOptions;

  constructor(options: PlanningOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new VirtualClock();
    this.http = options.http ?? new FakeHttp();
    this.store = options.store ?? new MemoryStore();
    this.listens = options.listens ?? false;
    this.plans = this.#boot();
    this.gate = this.#gate();
  }

  /** Power off and on again: only the store keeps what it has. */
  reboot(): void {
    this.gate.withdraw();
    this.plans = this.#boot();
    this.gate = this.#gate();
  }

  /** The machine asks. */
  ask(step: ClearedStep, offer: Offer): void {
    this.gate.ask(
      step,
      offer,
      (failure) => this.answers.push(wordsOf(failure)),
      (seconds) => this.deferrals.push(seconds),
    );
    this.clock.advance(0);
  }

  /** The machine went on to an installation, or to the report of a download that failed. */
  ended(name: "applying" | "reporting", image: Offer): void {
    const failure: Failure = { code: "idle-timeout", message: "no byte" };
    const state: State =
      name === "applying"
        ? { name, image, offered: image, queued: undefined, begun: false }
        : {
            name,
            image,
            result: { outcome: "timed-out", message: "no byte" },
            kept: undefined,
            queued: undefined,
            owesVersion: false,
          };
    this.plans.noteStep(FIRMWARE, "downloading", state, { type: "download-failed", failure });
  }

  #boot(): UpdatePlans {
    const { vitals, clock, store, http } = this;
    const device = {
      clock,
      store,
      http,
      log: this.logged.log,
      vitals: { batteryPercent: () => vitals.batteryPercent, signalDbm: () => vitals.signalDbm },
    };
    return new UpdatePlans({
      device: device as unknown as Device,
      policy: resolvePolicy({ manifest: false, ...this.#options.policy }),
      tls: {},
      hasListener: () => this.listens,
      onPlan: (plan) => {
        this.shown.push(plan);
        this.onPlan(plan);
      },
    });
  }

  #gate(): PlanGate {
    return this.plans.gate({
      component: FIRMWARE,
      kind: "module",
      capacity: 1_000_000,
      runningVersion: () => this.running,
      askVersion: (onEnded) => this.versionQuestions.push(onEnded),
      dependencies: () => ({
        gatherMs: 0,
        awaited: () => this.awaited,
        blocked: () => this.blocked,
        unblock: () => {},
      }),
      onOver: (failure) => {
        this.over.push(failure);
        this.#options.onOver?.(failure);
      },
    });
  }
}

function wordsOf(failure: Failure | undefined): string {
  if (failure === undefined) return "yes";
  return failure.code === "declined" ? describeFailure(failure) : failure.message;
}
