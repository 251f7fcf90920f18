import { describeError } from "../errors.js";
import type { Event } from "./machine/types.js";

export interface SelfTestOptions {
  /** The application's own test of a firmware on trial. */
  selfTest(): boolean | Promise<boolean>;
  /** `proven`, or `unproven` with the reason. */
  onEnd(event: Event): void;
}

/** Asks the application whether a firmware on trial is fit. */
export class SelfTest {
  readonly #options: SelfTestOptions;
  #run: object | undefined;

  constructor(options: SelfTestOptions) {
    this.#options = options;
  }

  /** Asks. The answer to an earlier question, from before a new connection, is ignored from now on. */
  ask(): void {
    const run = {};
    this.#run = run;
    const end = (event: Event): void => {
      if (this.#run !== run) return;
      this.#run = undefined;
      this.#options.onEnd(event);
    };
    const fail = (message: string): void => end({ type: "unproven", failure: { code: "reverted", message } });
    const settle = (holds: boolean): void => (holds === true ? end({ type: "proven" }) : fail("self test failed"));
    const thrown = (error: unknown): void => fail(`self test: ${describeError(error)}`);
    try {
      Promise.resolve(this.#options.selfTest()).then(settle, thrown);
    } catch (error) {
      thrown(error);
    }
  }
}
