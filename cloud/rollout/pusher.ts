import type { Task } from "../store/schema.js";
import type { ActivePlans } from "./active-plans.js";
import { named } from "./named-device.js";
import type { Reachable } from "./offers.js";
import type { PlanTermsCache } from "./plan-records.js";
import type { NamedDevice } from "./task-dispatch.js";
import type { Turns } from "./turns.js";
import type { Transactions } from "./work.js";

export interface PusherOptions {
  readonly transactions: Transactions;
  readonly active: ActivePlans;
  readonly terms: PlanTermsCache;
  readonly turns: Turns;
  isOnline(device: Reachable): boolean;
}

/** Tasks that one transaction treats, so that devices are answered in between. */
const PIECE = 50;
/** A plan none of whose waiting tasks could go is looked at again after this long, if nothing happens before. */
const QUIET_MS = 5000;

/** Looks for waiting tasks whose turn it is. */
export class Pusher {
  readonly #options: PusherOptions;
  /** When a plan's waiting tasks are looked at next. */
  readonly #lookAt = new Map<number, number>();
  /** The earliest time at which a task that waits for a time may go. */
  readonly #wakeAt = new Map<number, number>();
  #closed = false;

  constructor(options: PusherOptions) {
    this.#options = options;
  }

  /** Something has happened by which a task of the plan may go. */
  look(planId: number): void {
    this.#lookAt.set(planId, 0);
  }

  wakeAt(planId: number, atMs: number): void {
    this.#wakeAt.set(planId, Math.min(atMs, this.#wakeAt.get(planId) ?? atMs));
  }

  forget(planId: number): void {
    this.#lookAt.delete(planId);
    this.#wakeAt.delete(planId);
  }

  /** No further turn is given. */
  close(): void {
    this.#closed = true;
  }

  /** Gives tasks of each active plan their turn, until there is no room any more. */
  async push(): Promise<void> {
    const { transactions, active } = this.#options;
    for (const planId of active.ids) {
      if (this.#closed) return;
      const nowMs = transactions.nowMs();
      const wakeAt = this.#wakeAt.get(planId) ?? Infinity;
      if (Math.min(this.#lookAt.get(planId) ?? 0, wakeAt) > nowMs) continue;
      if (wakeAt <= nowMs) this.#wakeAt.delete(planId);
      // What happens while it looks makes it look again.
      this.#lookAt.set(planId, Infinity);
      const given = await this.#pushPlan(planId);
      if (given > 0) this.look(planId);
      else if (this.#lookAt.get(planId) === Infinity) this.#lookAt.set(planId, transactions.nowMs() + QUIET_MS);
    }
  }

  async #pushPlan(planId: number): Promise<number> {
    const { transactions, terms, turns } = this.#options;
    const { tables } = transactions;
    const { settings } = await terms.of(tables, planId);
    const run = turns.run(planId);
    let given = 0;
    let after: { readonly nextTryAt: number; readonly id: number } | undefined;
    for (;;) {
      if (run.isCounted && run.pace(settings.pace, transactions.nowMs()).all === 0) return given;
      const waiting = await tables.tasks.waitingDue(planId, transactions.nowMs(), PIECE, after);
      const devices = await this.#online(waiting);
      if (this.#closed) return given;
      if (devices.length > 0) {
        given += await transactions.run(async (work) => {
          let count = 0;
          for (const device of devices) count += await turns.ofDevice(work, device, { planId });
          return count;
        });
      }
      const last = waiting.at(-1);
      if (last === undefined || waiting.length < PIECE) return given;
      after = { nextTryAt: last.nextTryAt ?? 0, id: last.id };
    }
  }

  /** @returns the devices of these tasks, in their order, that are online */
  async #online(tasks: readonly Task[]): Promise<NamedDevice[]> {
    const ids = [...new Set(tasks.map(({ deviceId }) => deviceId))];
    const devices = new Map((await named(this.#options.transactions.tables, ids)).map((device) => [device.id, device]));
    return ids.flatMap((id) => devices.get(id) ?? []).filter((device) => this.#options.isOnline(device));
  }
}
