import type { Transactions } from "../rollout/work.js";
import type { Tables } from "../store/tables/tables.js";

/** How many days of history are kept, unless an operator has set it. */
export const DEFAULT_KEEP_EVENTS_DAYS = 90;

/** What purging needs. */
type Purging = Pick<Transactions, "tables" | "nowMs" | "run">;

const KEEP_EVENTS_DAYS = "keep-events-days";
const DAY_MS = 86_400_000;
/** Events that are removed in one transaction. */
const PIECE = 2000;

export async function keepEventsDays({ settings }: Tables): Promise<number> {
  const stored = await settings.get(KEEP_EVENTS_DAYS);
  return stored === undefined ? DEFAULT_KEEP_EVENTS_DAYS : Number(stored);
}

export function setKeepEventsDays({ settings }: Tables, days: number): Promise<void> {
  return settings.set(KEEP_EVENTS_DAYS, String(days));
}

/** Removes what is older than the history is to be kept. */
export async function purgeOld(transactions: Purging): Promise<void> {
  const days = await keepEventsDays(transactions.tables);
  await purgeBefore(transactions, transactions.nowMs() - days * DAY_MS);
}

/**
 * Removes the events before a time, and the samples that do not hold any more then; piece by piece, so that devices are
 * served in between.
 *
 * @returns how many events there were
 */
export async function purgeBefore(transactions: Purging, beforeMs: number): Promise<number> {
  await inPieces((most) => transactions.run(({ tables }) => tables.samples.purge(beforeMs, most)));
  return inPieces((most) => transactions.run(({ tables }) => tables.events.purge(beforeMs, most)));
}

/** Removes the events of a plan, and what was counted of it but the last. @returns how many events there were */
export async function purgePlan(transactions: Purging, planId: number): Promise<number> {
  await inPieces((most) => transactions.run(({ tables }) => tables.samples.purgePlan(planId, most)));
  return inPieces((most) => transactions.run(({ tables }) => tables.events.purgePlan(planId, most)));
}

/** @param remove removes so many at most, and returns how many they were */
async function inPieces(remove: (most: number) => Promise<number>): Promise<number> {
  let removed = 0;
  for (let piece = PIECE; piece === PIECE; removed += piece) piece = await remove(PIECE);
  return removed;
}
