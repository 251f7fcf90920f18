import type { Online, Presence } from "../platform/presence.js";
import type { Reachable } from "../rollout/offers.js";
import type { Processes } from "./processes.js";

/** Presence at the own broker of the process that leads: the others know only how many are online. */
export class SharedPresence implements Presence {
  readonly #own: Presence;
  readonly #processes: Pick<Processes, "isLeading" | "facts">;

  constructor(own: Presence, processes: Pick<Processes, "isLeading" | "facts">) {
    this.#own = own;
    this.#processes = processes;
  }

  of(device: Reachable): Online {
    return this.#processes.isLeading ? this.#own.of(device) : null;
  }

  count(productId?: string): number | null {
    const { isLeading, facts } = this.#processes;
    if (isLeading) return this.#own.count(productId);
    if (facts === undefined) return null;
    if (productId !== undefined) return facts.online[productId] ?? 0;
    return Object.values(facts.online).reduce((sum, count) => sum + count, 0);
  }

  get connections(): number | null {
    const { isLeading, facts } = this.#processes;
    return isLeading ? this.#own.connections : (facts?.connected ?? null);
  }
}
