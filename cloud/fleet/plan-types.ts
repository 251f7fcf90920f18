import type { Answer } from "./types.js";

/** Ended tasks that an operator has seen and accepted by resuming a halted plan: the next halt counts from here. */
export interface Seen {
  readonly ended: number;
  /** Of these, failed or silent. */
  readonly bad: number;
}

/** `threshold`: too many failed or are silent. `stopped`: an operator's emergency stop. */
export type HaltReason = "threshold" | "stopped" | "package-withdrawn";

export type PlanState =
  | { readonly name: "draft" }
  | { readonly name: "active"; readonly seen: Seen }
  | { readonly name: "paused"; readonly seen: Seen }
  | { readonly name: "halted"; readonly reason: HaltReason; readonly detail: string; readonly seen: Seen }
  | { readonly name: "finished"; readonly seen: Seen }
  | { readonly name: "cancelled"; readonly reason: string };

export type PlanStateName = PlanState["name"];

export const PLAN_STATES: readonly PlanStateName[] = Object.freeze([
  "draft",
  "active",
  "paused",
  "halted",
  "finished",
  "cancelled",
]);

/** Why a draft cannot be activated. */
export type ActivationProblem =
  | "nobody-matches"
  | "package-missing"
  | "package-withdrawn"
  | "package-not-verified"
  | "more-files-than-components";

/** Counts that decide about a halt and about the end. */
export interface ResultCounts {
  /** Tasks that have not ended. */
  readonly open: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly silent: number;
}

/** Events that end in `-commanded` come from an operator: they are refused with a code if they do not fit. */
export type PlanEvent =
  | { readonly type: "edit-commanded" }
  | { readonly type: "activation-commanded"; readonly problems: readonly ActivationProblem[] }
  | { readonly type: "pause-commanded" }
  | { readonly type: "resume-commanded" }
  | { readonly type: "cancel-commanded"; readonly reason: string }
  /** The emergency: running downloads end too. */
  | { readonly type: "stop-commanded"; readonly reason: string }
  /** All that failed or are silent. */
  | { readonly type: "retry-commanded" }
  /** Single tasks are to be retried: dispatch it before their `retry-commanded`. */
  | { readonly type: "reopening-commanded" }
  | { readonly type: "deletion-commanded" }
  /** A task has ended, or tells a later truth; or a resumed plan was counted anew. */
  | { readonly type: "results-counted"; readonly counts: ResultCounts }
  | { readonly type: "package-withdrawn"; readonly packageId: string };

/**
 * `push` and `revoke-urls` follow the transaction that stores the state; all others belong into it. The store keeps
 * from when on URLs are refused, so that a restart does not bring them back.
 */
export type PlanEffect =
  /** Match all devices of the product, and make a task for each component of each that matches. */
  | { readonly do: "create-tasks" }
  /** Look for tasks whose turn it is. */
  | { readonly do: "push" }
  /** Dispatch this event to each task of the plan: of a device, in the order of its components. */
  | {
      readonly do: "tell-tasks";
      readonly event: "plan-cancelled" | "plan-stopped" | "plan-resumed" | "plan-retried";
    }
  /** Each URL of the plan that was signed before now answers 403. */
  | { readonly do: "revoke-urls" }
  /** Count the results and dispatch `results-counted`. */
  | { readonly do: "count" }
  | { readonly do: "delete" }
  | { readonly do: "record"; readonly what: string; readonly detail: string };

export type PlanAnswer = Answer<
  "not-active" | "nothing-reached" | "ended" | "halted-already" | "open",
  | "draft"
  | "not-a-draft"
  | "cannot-be-activated"
  | "active-already"
  | "paused-already"
  | "halted"
  | "stopped-already"
  | "package-withdrawn"
  | "finished"
  | "cancelled"
>;

/** What the plan machine needs to know besides its state. */
export interface PlanContext {
  readonly halt: { readonly percent: number; readonly atLeast: number };
  readonly dynamic: boolean;
}

export interface PlanStep {
  readonly state: PlanState;
  readonly effects: readonly PlanEffect[];
  readonly answer: PlanAnswer;
}
