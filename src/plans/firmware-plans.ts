import type { BootStatus, Device, TlsOptions } from "../../hal/ports/index.js";
import { loadRecord, OWN_KEY } from "../update/checkpoint.js";
import type { UpdateDriver } from "../update/driver.js";
import type { Event, State } from "../update/machine/types.js";
import type { Dependencies } from "./dependencies.js";
import type { Plan } from "./plan.js";
import type { PlanGate } from "./gate.js";
import { type Policy, type PolicyConfig, resolvePolicy } from "./policy.js";
import { FIRMWARE, overEvent, UpdatePlans } from "./plans.js";

export interface FirmwarePlansOptions {
  readonly device: Device;
  readonly boot: BootStatus;
  readonly version: string;
  /** Absent: nobody is asked, as long as nobody uses plans. */
  readonly policy: PolicyConfig | undefined;
  /** The agent's question to the platform whether there is an update. */
  readonly checkIn: { check(): Promise<Plan | undefined>; found(plan: Plan): void };
  readonly tls: TlsOptions;
  /** The own firmware's; it may be another one later. */
  driver(): UpdateDriver;
  /** The components that are offered with the firmware; absent as long as there are none. */
  dependencies(): Dependencies | undefined;
  hasListener(): boolean;
  onPlan(plan: Plan): void;
  /** From now on the own firmware's updates are asked about. */
  onGate(gate: PlanGate): void;
}

/** The plans of the own firmware. They are made with their first use: before that, updates go on without a question. */
export class FirmwarePlans {
  readonly #options: FirmwarePlansOptions;
  readonly #policy: Policy;
  #plans: UpdatePlans | undefined;
  #gate: PlanGate | undefined;

  /** @throws OtaError `usage` for a wrong policy */
  constructor(options: FirmwarePlansOptions) {
    this.#options = options;
    this.#policy = resolvePolicy(options.policy ?? {});
  }

  /** Absent as long as nobody uses plans. */
  get gate(): PlanGate | undefined {
    return this.#gate;
  }

  /** Absent as long as nobody uses plans. */
  get plans(): UpdatePlans | undefined {
    return this.#plans;
  }

  /** @returns the plan, `undefined` if there is none @throws OtaError (rejects) `unreachable` without a connection */
  check(): Promise<Plan | undefined> {
    this.use();
    return this.#options.checkIn.check();
  }

  /** @throws HalError if storage cannot be read */
  forgetDeclined(): void {
    this.use().forgetDeclined();
  }

  /** @throws HalError if storage cannot be read */
  use(): UpdatePlans {
    if (this.#plans !== undefined) return this.#plans;
    const { device, boot, version, tls, driver, hasListener, onPlan, onGate } = this.#options;
    // This comes first: if it throws, nothing is set yet, and the next use begins anew.
    const record = loadRecord(device.store, OWN_KEY);
    const plans = new UpdatePlans({
      device,
      policy: this.#policy,
      tls,
      hasListener,
      onPlan: (plan) => {
        // A check asks about the device's own updates: a plan of a sub-device does not answer it.
        if (plan.deviceName === undefined) this.#options.checkIn.found(plan);
        onPlan(plan);
      },
    });
    const gate = plans.gate({
      component: FIRMWARE,
      kind: "module",
      capacity: driver().capacity,
      runningVersion: () => version,
      dependencies: () => this.#options.dependencies(),
      onOver: (failure) => driver().dispatch(overEvent(failure)),
    });
    this.#plans = plans;
    this.#gate = gate;
    plans.noteBoot(record, boot);
    onGate(gate);
    return plans;
  }

  /** @param from name of the state before */
  noteStep(from: State["name"], state: State, event: Event | undefined): void {
    this.#plans?.noteStep(FIRMWARE, from, state, event);
  }

  /** The plan of the update that is under way. */
  current(): Plan | undefined {
    const { state } = this.#options.driver();
    return "offer" in state
      ? this.#gate?.describe(state.offer, state.name === "ready" ? "install" : "download")
      : undefined;
  }
}
