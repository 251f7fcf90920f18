import type { PlanView, TaskStateName } from "../../../operator/types.js";

export type Counts = PlanView["counts"];

const OPEN: readonly TaskStateName[] = ["waiting", "offered", "asked", "downloading", "burning", "trial"];

/** Sums of a plan's tasks by what they mean for whoever decides about it. */
export interface PlanSums {
  readonly total: number;
  readonly open: number;
  readonly ended: number;
  /** Failed or silent: they can be tried again. */
  readonly bad: number;
}

export function sumsOf(counts: Counts): PlanSums {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const open = OPEN.reduce((sum, state) => sum + counts[state], 0);
  return { total, open, ended: total - open, bad: counts.failed + counts.silent };
}

export function isOpen(state: TaskStateName): boolean {
  return OPEN.includes(state);
}

/** @returns whether a single task gets a further try if an operator wants it */
export function mayRetry({ state, reason }: { readonly state: TaskStateName; readonly reason: string }): boolean {
  if (state === "cancelled") return reason !== "device-removed";
  return state === "failed" || state === "silent" || state === "declined";
}

/** @returns why a plan is as it is: the code, and what stands behind it */
export function planReason(reason: string): { readonly code: string; readonly detail: string } {
  const [code = "", ...rest] = reason.split(": ");
  return { code, detail: rest.join(": ") };
}
