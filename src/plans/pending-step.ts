import type { Offer } from "../protocol/messages.js";
import type { ClearedStep, Failure } from "../update/machine/types.js";
import type { Unmet } from "./plan.js";

/** What a job waits for at its gate. */
export interface Question {
  readonly step: ClearedStep;
  readonly offer: Offer;
  readonly answer: (failure?: Failure) => void;
  told: boolean;
  /** Accepted, deferred or over, until it is told again. */
  answered: boolean;
  /** Whom to tell that no answer is wanted any more. */
  readonly closers: (() => void)[];
  /** Times that the version was asked for, and whether it is now. */
  versionTries: number;
  asksVersion: boolean;
  /** What the newest look found. */
  unmet: readonly Unmet[];
  asks: boolean;
}

export function newQuestion(step: ClearedStep, offer: Offer, answer: Question["answer"]): Question {
  return { step, offer, answer, told: false, answered: false, closers: [], versionTries: 0, asksVersion: false, unmet: [], asks: false };
}

/** No answer is wanted any more. */
export function close(question: Question): void {
  question.answered = true;
  for (const closed of question.closers.splice(0)) closed();
}
