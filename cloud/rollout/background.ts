/** Runs works in the background, one after the other. */
export class Background {
  readonly #onProblem: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param onProblem called with what a work has thrown; the works behind it run all the same */
  constructor(onProblem: (error: unknown) => void) {
    this.#onProblem = onProblem;
  }

  /** @returns a promise that resolves when the work has ended, well or not */
  run(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      if (this.#closed) return;
      try {
        await work();
      } catch (error) {
        this.#onProblem(error);
      }
    });
    this.#last = done;
    return done;
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
  }

  /** What has not begun yet does not begin. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
  }
}
