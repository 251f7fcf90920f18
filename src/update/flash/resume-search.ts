import type { Clock, Timer } from "../../../hal/ports/index.js";
import type { ResumeSearch } from "../../image/resume-point.js";
import type { FlashKnowledge } from "./knowledge.js";

export interface EarlySearchOptions {
  readonly clock: Clock;
  readonly search: ResumeSearch;
  /** Gets the offset at which the image goes on. */
  readonly knowledge: FlashKnowledge;
  /** One block, for its own use until it is closed. */
  readonly block: Uint8Array;
}

/** Looks for where a download goes on, a block a turn, while the connection to the broker is being made. */
export class EarlySearch {
  readonly #options: EarlySearchOptions;
  #timer: Timer | undefined;

  constructor(options: EarlySearchOptions) {
    this.#options = options;
    this.#next();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #next(): void {
    this.#timer = this.#options.clock.timer("resume point", 0, () => this.#step());
  }

  #step(): void {
    const { search, knowledge, block } = this.#options;
    try {
      search.step(block);
    } catch {
      // A download will look again, and report the failure.
      return;
    }
    knowledge.resumeOffset = search.found;
    if (search.found === undefined) this.#next();
  }
}
