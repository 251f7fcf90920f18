import type { Pace } from "./pace.js";
import type { PlanStateName } from "./plan-types.js";
import type { TaskState } from "./task-types.js";
import type { PlanSettings } from "./types.js";
import { nextOpening } from "./window.js";

/** What a waiting task waits for now. */
export const WAITING_REASONS = Object.freeze([
  "plan-paused",
  "plan-halted",
  "plan-ended",
  "earlier-component",
  "other-plan",
  "deferred",
  "retry-at",
  "offline",
  "window",
  "stage",
  "pace",
] as const);

export type WaitingReasonName = (typeof WAITING_REASONS)[number];

export interface WaitingReason {
  readonly reason: WaitingReasonName;
  /** When it is over, in epoch milliseconds, if that is known. */
  readonly untilMs?: number;
  /** The plan, or the component, that is waited for. */
  readonly detail?: string;
}

export interface WaitingInput {
  readonly state: Extract<TaskState, { readonly name: "waiting" }>;
  readonly plan: PlanStateName;
  readonly settings: Pick<PlanSettings, "window" | "zone" | "timeZone">;
  /** IANA name of the device's own zone, if it is known. */
  readonly deviceZone: string | undefined;
  readonly isOnline: boolean;
  /** An earlier component of the plan whose task of this device has not succeeded. */
  readonly earlierComponent: string | undefined;
  /** The plan that `conflictOf` says to wait for. */
  readonly otherPlan: string | undefined;
  readonly pace: Pace;
  readonly nowMs: number;
}

/**
 * Why a waiting task waits now: computed when it is read, and never stored. What takes an operator comes first, what
 * passes by itself last.
 *
 * @returns `undefined` if nothing holds it back: it may get its turn
 */
export function waitingReason(input: WaitingInput): WaitingReason | undefined {
  const { state, plan, pace, nowMs } = input;
  if (plan === "paused") return { reason: "plan-paused" };
  if (plan === "halted") return { reason: "plan-halted" };
  if (plan !== "active") return { reason: "plan-ended" };
  if (input.earlierComponent !== undefined) return { reason: "earlier-component", detail: input.earlierComponent };
  if (input.otherPlan !== undefined) return { reason: "other-plan", detail: input.otherPlan };
  if (nowMs < state.notBeforeMs) {
    return { reason: state.cause === "deferred" ? "deferred" : "retry-at", untilMs: state.notBeforeMs };
  }
  if (!input.isOnline) return { reason: "offline" };
  const opensMs = opening(input);
  if (opensMs > nowMs) return { reason: "window", untilMs: opensMs };
  const room = state.attempt === 0 ? pace.first : pace.all;
  if (room > 0) return undefined;
  return { reason: state.attempt === 0 && pace.heldBy === "stage" ? "stage" : "pace" };
}

/** The zone whose clock the window means for a device. */
export function zoneOf(
  { zone, timeZone }: Pick<PlanSettings, "zone" | "timeZone">,
  deviceZone: string | undefined,
): string {
  return zone === "device" ? (deviceZone ?? timeZone) : timeZone;
}

function opening({ settings, deviceZone, nowMs }: WaitingInput): number {
  return settings.window === undefined ? nowMs : nextOpening(settings.window, zoneOf(settings, deviceZone), nowMs);
}
