import type { Offer } from "../protocol/messages.js";
import type { ClearedStep, Failure } from "../update/machine/types.js";
import type { Unmet } from "./plan.js";

/** A step of an update that waits at its gate until it may go on. */
export interface PendingStep {
  readonly step: ClearedStep;
  readonly offer: Offer;
  readonly answer: (failure?: Failure) => void;
  readonly onDeferred: ((seconds: number) => void) | undefined;
  told: boolean;
  /** Accepted, deferred or over, until its plan is shown again. */
  answered: boolean;
  /** Called once no answer is wanted any more. */
  readonly closers: (() => void)[];
  /** Times that the version was asked for, and whether it is now. */
  versionTries: number;
  asksVersion: boolean;
  /** What the newest look found. */
  unmet: readonly Unmet[];
  asks: boolean;
}

export function newPendingStep(
  step: ClearedStep,
  offer: Offer,
  answer: PendingStep["answer"],
  onDeferred?: PendingStep["onDeferred"],
): PendingStep {
  return {
    step,
    offer,
    answer,
    onDeferred,
    told: false,
    answered: false,
    closers: [],
    versionTries: 0,
    asksVersion: false,
    unmet: [],
    asks: false,
  };
}

/** No answer is wanted any more. */
export function close(pending: PendingStep): void {
  pending.answered = true;
  for (const closed of pending.closers.splice(0)) closed();
}
