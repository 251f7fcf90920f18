import type { DeviceName } from "../protocol/identity.js";
import { progressOf } from "../update/machine/progress-of.js";
import type { Event, State } from "../update/machine/types.js";
import type { Mark } from "./update-marks.js";
import type { SubDevice, SubDeviceEvent, SubDeviceState } from "./sub-device.js";

export interface SubDeviceEventsOptions {
  onEvent(event: SubDeviceEvent): void;
  /** A sub-device has another mark now. */
  onMarked(): void;
  /** The update of a sub-device ended without success. */
  onFailed(sub: SubDevice): void;
}

type Told = SubDeviceEvent extends infer Each
  ? Each extends DeviceName
    ? Omit<Each, keyof DeviceName>
    : never
  : never;

/** Turns each step of an update into an event for the application, and into the mark that is stored. */
export class SubDeviceEvents {
  readonly #options: SubDeviceEventsOptions;
  /** State of the job under way, as the application knows it; each job begins with `idle`. */
  #told: SubDeviceState | undefined;

  constructor(options: SubDeviceEventsOptions) {
    this.#options = options;
  }

  /** @param state `undefined`: it waits for its turn */
  onStep(sub: SubDevice, state: State | undefined, event: Event | undefined): void {
    this.mark(sub, markOf(state) ?? sub.mark);
    const name = state === undefined ? "queued" : state.name;
    if (name === "idle" || name === "confirming") {
      this.#told = undefined;
      if (sub.mark === "failed") this.#options.onFailed(sub);
    } else if (name !== this.#told) {
      // A sub-device that joins the queue does not change the job under way.
      if (name !== "queued") this.#told = name;
      this.tellState(sub, name);
    }
    const progress = state === undefined ? undefined : progressOf(state, event);
    if (progress !== undefined) this.tell(sub, { kind: "progress", step: "download", ...progress });
  }

  mark(sub: SubDevice, mark: Mark): void {
    if (sub.mark === mark) return;
    sub.mark = mark;
    this.#options.onMarked();
  }

  tellState(sub: SubDevice, state: SubDeviceState, message?: string): void {
    this.tell(sub, { kind: "state", state, version: sub.version, message });
  }

  tell({ productId, deviceName }: DeviceName, what: Told): void {
    this.#options.onEvent({ productId, deviceName, ...what } as SubDeviceEvent);
  }
}

function markOf(state: State | undefined): Mark | undefined {
  switch (state?.name) {
    case undefined:
      return "queued";
    case "downloading":
      return "downloading";
    case "applying":
      return "installing";
    case "reporting":
      return state?.result.outcome === "done" ? "done" : "failed";
    default:
      return undefined;
  }
}
