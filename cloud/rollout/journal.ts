import type { Change, EventView } from "../operator/types.js";
import type { DeviceName } from "../types.js";
import type { Work } from "./work.js";

/** What an event is about. */
export interface Subject {
  readonly device?: (DeviceName & { readonly id: number }) | undefined;
  readonly planId?: number | undefined;
  /** Of the plan; it is not needed with a device. */
  readonly productId?: string | undefined;
  readonly taskId?: number | undefined;
}

type Listener = (change: Change) => void;

/** The history: each message of a device, each offer, each decision. It is append-only, and can be followed. */
export class Journal {
  readonly #listeners = new Set<Listener>();
  readonly #onStored: (() => void) | undefined;

  /**
   * @param options.onStored called after an event was stored. If it is given, those who follow get no event by
   * {@link record}: they are read from the database in the order of all processes.
   */
  constructor(options: { readonly onStored?: (() => void) | undefined } = {}) {
    this.#onStored = options.onStored;
  }

  /** Appends an event. */
  async record(work: Work, kind: string, subject: Subject, detail: EventView["detail"] = {}): Promise<void> {
    const { device, planId, taskId } = subject;
    const productId = device?.productId ?? subject.productId;
    const id = await work.tables.events.appendOne({
      at: work.nowMs,
      kind,
      deviceId: device?.id ?? null,
      planId: planId ?? null,
      taskId: taskId ?? null,
      detail: JSON.stringify(detail),
    });
    const onStored = this.#onStored;
    if (onStored !== undefined) work.after(onStored);
    if (onStored !== undefined || this.#listeners.size === 0) return;
    const event: EventView = {
      id,
      at: work.nowMs,
      kind,
      ...(device === undefined ? {} : { device: { productId: device.productId, deviceName: device.deviceName } }),
      ...(planId === undefined ? {} : { planId }),
      ...(taskId === undefined ? {} : { taskId }),
      detail,
    };
    work.after(() => this.notify({ kind: "event", event, ...(productId === undefined ? {} : { productId }) }));
  }

  notify(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** @returns how to end it */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
