import type { PlantedBug } from "./planted.js";

/** Mistakes with steps that somebody may accept, decline or defer. */
export const PLANTED_PLANS: readonly PlantedBug[] = [
  {
    name: "a deferral is forgotten by a restart",
    file: "src/plans/memory.ts",
    find: ".map((entry) => ({ ...entry, sinceMs: this.#bootMs }))",
    replace: ".map((entry) => ({ ...entry, flags: entry.flags & ~DEFERRED, sinceMs: this.#bootMs }))",
    caughtBy: { scene: "deferred", says: /asked about the download before the deferral is over/ },
  },
  {
    name: "what was accepted is forgotten by a restart",
    file: "src/plans/memory.ts",
    find: ".map((entry) => ({ ...entry, sinceMs: this.#bootMs }))",
    replace: ".map((entry) => ({ ...entry, flags: entry.flags & DEFERRED, sinceMs: this.#bootMs }))",
    caughtBy: { scene: "deferred", says: /asked again about the download after accept/ },
  },
  {
    name: "a deferral counts on after it was over and the plan accepted",
    file: "src/plans/memory.ts",
    find: "(entry.flags = (entry.flags & ~DEFERRED) | accepted)",
    replace: "(entry.flags |= accepted)",
    caughtBy: { scene: "deferred", says: /waits once more for a deferral that was over/ },
  },
  {
    name: "an accepted download counts as an accepted installation",
    file: "src/plans/decision.ts",
    find: "!remembered.accepted.includes(step)",
    replace: "remembered.accepted.length === 0",
    caughtBy: { scene: "deferred", says: /goes on with the install that nobody has accepted/ },
  },
  {
    name: "the installation does not wait for its clearance",
    file: "src/update/machine/moves.ts",
    find: "export function verified(offer: Offer, image: Image, context: Context): Step {\n  if (!context.asks) return",
    replace:
      "export function verified(offer: Offer, image: Image, context: Context): Step {\n  if (context.asks || !context.asks) return",
    caughtBy: { scene: "declined", says: /goes on with the install that nobody has accepted/ },
  },
];
