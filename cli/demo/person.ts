import type { Plan } from "../../src/index.js";
import type { RosterEntry } from "./roster.js";

/** `maxDeferrals` of the demo's policy. */
export const MOST_DEFERRALS = 3;

const DEFER_SECONDS = 10;

/** What of a plan the person looks at, and how it is answered. */
export type AskedPlan = Pick<Plan, "asks" | "unmet" | "deferralsLeft" | "accept" | "decline" | "defer">;

export interface PersonOptions {
  readonly entry: Pick<RosterEntry, "answerMs" | "defersFirst">;
  /** Calls `answer` after so many milliseconds, unless the board has lost its power by then. */
  after(delayMs: number, answer: () => void): void;
  /** Called before an update is declined because of the battery. */
  onDeclined(): void;
}

/** The person at a board of the demo. With a battery that is too low an update is declined, also if nobody is asked. */
export class Person {
  readonly #options: PersonOptions;

  constructor(options: PersonOptions) {
    this.#options = options;
  }

  onPlan(plan: AskedPlan): void {
    const { entry, after, onDeclined } = this.#options;
    const battery = plan.unmet.find(({ what }) => what === "battery");
    const decline = (): void => {
      onDeclined();
      plan.decline(`battery at ${battery?.measured} %, ${battery?.required} % needed`);
    };
    if (!plan.asks) {
      if (battery !== undefined) decline();
      return;
    }
    after(entry.answerMs, () => {
      if (battery !== undefined) decline();
      else if (entry.defersFirst && plan.deferralsLeft === MOST_DEFERRALS) plan.defer({ seconds: DEFER_SECONDS });
      else plan.accept();
    });
  }
}
