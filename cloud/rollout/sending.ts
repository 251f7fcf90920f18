import type { TaskEvent } from "../fleet/task-types.js";
import type { Task } from "../store/schema.js";
import type { Transactions, Work } from "./work.js";

/** What the sending of offers reports to their tasks. */
export type SendingEvent = Extract<TaskEvent["type"], "offer-failed" | "ask-reported">;

export interface SendingOptions {
  readonly transactions: Transactions;
  /** Lets an event happen to these tasks. */
  tell(work: Work, tasks: readonly Task[], type: SendingEvent): Promise<void>;
  /** A task of the plan waits again, or is asked. */
  onTold(planId: number): void;
  /** Called with what a transaction has thrown: {@link Sending.carryOn} is to be called later. */
  onFailed(error: unknown): void;
}

/** Tasks that one transaction treats, so that devices are answered in between. */
const PIECE = 200;

/**
 * The process that has made an offer may have had another time: each learns that of the database by a question, whose
 * answer takes long on a busy machine.
 */
const CLOCKS_APART_MS = 5000;

/**
 * What becomes of offers between their commit and the device: it is stored, sooner or later, so that no task waits for
 * a device that has nothing.
 */
export class Sending {
  readonly #options: SendingOptions;
  /** Events that could not be stored yet. */
  readonly #untold = new Map<number, SendingEvent>();
  /** Offers until then may be lost; 0 if none is. */
  #lostUntilMs = 0;
  #closed = false;

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  /** Reports an event at once, and if that fails, by {@link carryOn}. */
  report(taskId: number, type: SendingEvent): void {
    this.#tell(taskId, type).catch((error: unknown) => {
      this.#untold.set(taskId, type);
      this.#options.onFailed(error);
    });
  }

  /** Offers that were made before now may not have arrived: devices that did not answer theirs get it again. */
  mayBeLost(): void {
    this.#lostUntilMs = this.#options.transactions.nowMs() + CLOCKS_APART_MS;
  }

  /** What is left is not stored any more: it is the next leader's. What is under way ends. */
  close(): void {
    this.#closed = true;
  }

  /** Stores what is left to be stored. @throws StorageError if it cannot be stored: it is still left then */
  async carryOn(): Promise<void> {
    for (const [taskId, type] of [...this.#untold]) {
      if (this.#closed) return;
      await this.#tell(taskId, type);
      if (this.#untold.get(taskId) === type) this.#untold.delete(taskId);
    }
    const untilMs = this.#lostUntilMs;
    if (untilMs === 0) return;
    for (const { id } of await this.#options.transactions.tables.plans.listUnfinished()) {
      await this.#takeBack(id, untilMs);
    }
    if (this.#lostUntilMs === untilMs && !this.#closed) this.#lostUntilMs = 0;
  }

  async #takeBack(planId: number, untilMs: number): Promise<void> {
    const { transactions, tell, onTold } = this.#options;
    for (let after = 0; !this.#closed; ) {
      const page = await transactions.tables.taskLists.ofPlan(planId, { limit: PIECE, after }, { states: ["offered"] });
      const lost = page.filter(({ offeredAt }) => (offeredAt ?? 0) <= untilMs);
      if (lost.length > 0) {
        await transactions.run((work) => tell(work, lost, "offer-failed"));
        onTold(planId);
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PIECE) return;
      after = last.id;
    }
  }

  async #tell(taskId: number, type: SendingEvent): Promise<void> {
    const { transactions, tell, onTold } = this.#options;
    await transactions.join(async (work) => {
      const task = await work.tables.tasks.byId(taskId);
      if (task === undefined) return;
      await tell(work, [task], type);
      work.after(() => onTold(task.planId));
    });
  }
}
