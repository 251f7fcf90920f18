import type { EventView } from "./records.js";

export interface Health {
  readonly ok: boolean;
  /** What is wrong, one sentence each, with what to do next. */
  readonly problems: readonly { readonly code: string; readonly message: string; readonly sinceMs: number }[];
  readonly startedAt: number;
  /** `null`: it is not known, because another broker does not say it. */
  readonly devicesOnline: number | null;
  readonly broker: "own" | "connected" | "disconnected" | "unknown";
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly values: readonly { readonly labels: { readonly [label: string]: string }; readonly value: number }[];
}

export type Change =
  /** `productId` is that of the device, or of the plan of an event without a device. */
  | { readonly kind: "event"; readonly event: EventView; readonly productId?: string }
  /** A plan, or the state of its tasks. */
  | {
      readonly kind: "plan";
      readonly planId: number;
      readonly productId: string;
      /** Only tasks have changed: the plan itself is as it was. */
      readonly tasksOnly?: true;
    }
  | { readonly kind: "package"; readonly packageId: number; readonly productId: string }
  /** A device came online or went offline, or was added or removed. */
  | { readonly kind: "presence" }
  /** What `health` answers is another than before. */
  | { readonly kind: "health" }
  /** A fault was added or removed. */
  | { readonly kind: "faults" };

export interface ConditionOperations {
  health(): Promise<Health>;
  /** Counters and gauges for Prometheus: name without prefix, help text, value. */
  metrics(): Promise<readonly Metric[]>;
  /**
   * Called for each new event and each change of a plan, task or package, after it is stored; and when the presence of
   * a device, the faults or the health of the cloud changes.
   *
   * @returns how to end that
   */
  follow(listener: (change: Change) => void): () => void;
}
