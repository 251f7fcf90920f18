import type { BootStatus, Device, TlsOptions } from "../../hal/ports/index.js";
import { refusalIn } from "../errors.js";
import type { JobRecord } from "../update/checkpoint.js";
import type { Event, Failure, State } from "../update/machine/types.js";
import type { Plan } from "./plan.js";
import { PlanGate, type PlanGateOptions } from "./gate.js";
import { PlanMemory } from "./memory.js";
import type { Policy } from "./policy.js";

/** Id of the own firmware among the components. */
export const FIRMWARE = "firmware";

export interface UpdatePlansOptions {
  readonly device: Device;
  readonly policy: Policy;
  readonly tls: TlsOptions;
  hasListener(): boolean;
  onPlan(plan: Plan): void;
}

/** What a gate is for. */
export interface GateTarget
  extends Pick<
    PlanGateOptions,
    "component" | "deviceName" | "kind" | "capacity" | "runningVersion" | "askVersion" | "dependencies" | "onOver"
  > {
  /** Besides the policy's. */
  readonly minBatteryPercent?: number | undefined;
}

/** The plans of all that the agent updates: one policy and one memory, a gate for each target. */
export class UpdatePlans {
  readonly #options: UpdatePlansOptions;
  readonly #memory: PlanMemory;
  /** The newest of each target, or product of sub-devices. */
  readonly #gates = new Map<string, PlanGate>();

  constructor(options: UpdatePlansOptions) {
    this.#options = options;
    this.#memory = new PlanMemory({ ...options.device, budget: options.policy });
  }

  gate(target: GateTarget): PlanGate {
    const { policy } = this.#options;
    const minBatteryPercent = Math.max(policy.minBatteryPercent ?? 0, target.minBatteryPercent ?? 0);
    const gate: PlanGate = new PlanGate({
      ...this.#options,
      ...target,
      policy: { ...policy, minBatteryPercent },
      memory: this.#memory,
      onOver: (failure) => {
        // Another update took the place of this gate's: its plan must not end the job that came since.
        if (this.#gates.get(target.component) === gate) target.onOver(failure);
      },
    });
    // The gate before this one is over too: only the newest plan of a product can be answered.
    this.#gates.get(target.component)?.end();
    this.#gates.set(target.component, gate);
    return gate;
  }

  /** Images that were declined are asked about again when they are offered again. */
  forgetDeclined(): void {
    this.#memory.forgetDeclined();
  }

  /**
   * Notes, before the first step of a boot, what became of the image that was on trial. If the board only restarted
   * during the trial, the image may be good (somebody changed the battery): it counts as failed, and does not cool
   * down.
   */
  noteBoot(record: JobRecord | undefined, boot: BootStatus): void {
    const checkpoint = record?.checkpoint;
    if (checkpoint?.phase !== "applying" || checkpoint.slot !== boot.targetSlot || boot.targetState === "none") return;
    this.#memory.fail(FIRMWARE, checkpoint.image, boot.targetState === "invalid");
  }

  /** @param from name of the state before */
  noteStep(component: string, from: State["name"], state: State, event: Event | undefined): void {
    if (state.name === "applying" || state.name === "reporting") this.#gates.get(component)?.end();
    if (state.name !== "reporting" || from === "reporting" || event === undefined) return;
    const { image, result } = state;
    if (result.outcome === "done") this.#memory.forget(component, image);
    else if (event.type !== "declined") {
      const counts = !isOfServer(event) && refusalIn(result.message) === undefined;
      this.#memory.fail(component, image, false, counts);
    }
  }

  /**
   * Notes a step of a sub-device. The end of its job is no failure for the others of its product, and answers hold for
   * them.
   */
  noteDeviceStep(productId: string, state: State): void {
    if (state.name === "applying" || state.name === "reporting") this.#gates.get(productId)?.end();
  }
}

/** What the server sent was not the image, and says nothing about it: it may be a page that asks for a login. */
function isOfServer(event: Event): boolean {
  return event.type === "download-failed" && event.failure.code === "unexpected-answer";
}

/** The event by which a policy, or a person, ends a job. */
export function overEvent(failure: Failure): Event {
  return { type: "declined", failure };
}
