import { StorageError } from "../store/storage-error.js";
import { PlanHistory } from "./plan-history.js";
import { purgeOld } from "./retention.js";
import { VersionHistory, type VersionHistoryOptions } from "./version-history.js";

export interface HistoryRecorderOptions extends VersionHistoryOptions {
  /** Calls a function again and again. Default: the system's timer, which does not keep the process alive. */
  repeat?(run: () => void, everyMs: number): () => void;
  /** Called with one line about something that went wrong. */
  onProblem?(line: string): void;
}

const TICK_MS = 1000;
const VERSION_LOOK_MS = 5000;
const PLAN_LOOK_MS = 2000;
/** Plans are looked at this often even if nothing is known to have happened. */
const SWEEP_MS = 60_000;
const PURGE_INTERVAL_MS = 600_000;

type Duty = "versions" | "plans" | "sweep" | "purge";

/**
 * Notes in the course of time how many devices run each version, and how far the plans are; and removes what is older
 * than it is to be kept. It reads counts that are kept with each change, beside the reports of devices: none of them
 * waits for it. What a process that is killed has not noted is missing.
 */
export class HistoryRecorder {
  readonly #options: HistoryRecorderOptions;
  readonly #versions: VersionHistory;
  readonly #plans: PlanHistory;
  #stop: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  /** When each is done next. */
  readonly #nextMs: { [Name in Duty]: number } = { versions: 0, plans: 0, sweep: 0, purge: 0 };
  /** Something has happened since the plans were looked at. */
  #changed = true;

  constructor(options: HistoryRecorderOptions) {
    this.#options = options;
    this.#versions = new VersionHistory(options);
    this.#plans = new PlanHistory(options);
  }

  /** Takes the first samples, and begins to watch the clock. */
  start(): void {
    const { repeat = onTimer } = this.#options;
    this.#isDue("purge", PURGE_INTERVAL_MS);
    this.#stop = repeat(() => void this.tick(), TICK_MS);
    void this.tick();
  }

  /** Something has happened by which the tasks of a plan may be in other states. */
  noteChange(): void {
    this.#changed = true;
  }

  /** Does what is due. Called by the timer; a call while another one runs joins it. */
  tick(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#running ??= this.#tick().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop?.();
    await this.#running;
  }

  async #tick(): Promise<void> {
    try {
      if (this.#isDue("versions", VERSION_LOOK_MS)) await this.#versions.look();
      if (this.#isDue("sweep", SWEEP_MS)) this.#changed = true;
      if (this.#changed && this.#isDue("plans", PLAN_LOOK_MS)) await this.#lookAtPlans();
      if (this.#isDue("purge", PURGE_INTERVAL_MS)) await purgeOld(this.#options.transactions);
    } catch (error) {
      // The health of the store says by itself if the storage refuses it.
      if (this.#closed || error instanceof StorageError) return;
      this.#options.onProblem?.(error instanceof Error ? error.message : String(error));
    }
  }

  async #lookAtPlans(): Promise<void> {
    // Before it looks, so that what happens meanwhile makes it look again.
    this.#changed = false;
    try {
      if (await this.#plans.look()) this.#changed = true;
    } catch (error) {
      this.#changed = true;
      throw error;
    }
  }

  /** @returns whether its time has come; it is due again after the interval. The clock may have been set back. */
  #isDue(duty: Duty, intervalMs: number): boolean {
    const nowMs = this.#options.transactions.nowMs();
    const dueMs = this.#nextMs[duty];
    if (nowMs < dueMs && dueMs - nowMs <= intervalMs) return false;
    this.#nextMs[duty] = nowMs + intervalMs;
    return true;
  }
}

function onTimer(run: () => void, everyMs: number): () => void {
  const timer = setInterval(run, everyMs).unref();
  return () => clearInterval(timer);
}
