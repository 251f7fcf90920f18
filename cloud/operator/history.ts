import {
  planSeries,
  planText,
  type PlanData,
  type VersionData,
  versionSeries,
  versionText,
} from "../history/series.js";
import { pointsOf } from "../history/steps.js";
import { summaryOf } from "../fleet/summary.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import { type OperatorContext, productOf } from "./context.js";
import { mustExist } from "./plans.js";
import {
  DEFAULT_POINTS,
  MOST_POINTS,
  type PlanTimeline,
  Refusal,
  type TaskStateName,
  type VersionHistory,
  type VersionHistoryQuery,
} from "./types.js";

const DAY_MS = 86_400_000;

/** @throws Refusal */
export async function versionHistory(
  { transactions, presence }: OperatorContext,
  { productId, component = OWN_FIRMWARE, ...query }: VersionHistoryQuery,
): Promise<VersionHistory> {
  const { tables } = transactions;
  const points = checkedPoints(query.points);
  const nowMs = transactions.nowMs();
  const to = Math.min(query.to ?? nowMs, nowMs);
  const from = query.from ?? to - DAY_MS;
  if (from >= to) throw new Refusal("invalid", "from must be before to, and before now");
  const { id } = await productOf(tables, productId);
  const samples = await tables.samples.within(versionSeries(id, component), from, to);
  const counts = await tables.components.counts.of(id, component);
  // What was counted last may be a while ago: the present is counted now.
  if (to === nowMs && (samples.length > 0 || counts.length > 0)) {
    if (samples.at(-1)?.at === nowMs) samples.pop();
    samples.push({ at: nowMs, data: versionText(presence.count(productId), counts) });
  }
  const shown = pointsOf(samples, { fromMs: from, toMs: to, points }).map(({ at, data }) => ({
    at,
    ...(JSON.parse(data) as VersionData),
  }));
  const versions = new Set(shown.flatMap(({ devices }) => Object.keys(devices)));
  return { from, to, versions: [...versions].sort(byVersion), points: shown };
}

/** @throws Refusal */
export async function planTimeline(
  { transactions }: OperatorContext,
  id: number,
  query: { readonly points?: number } = {},
): Promise<PlanTimeline> {
  const { tables } = transactions;
  const points = checkedPoints(query.points);
  const nowMs = transactions.nowMs();
  const plan = await mustExist(tables, id);
  const samples = await tables.samples.within(planSeries(id), 0, nowMs);
  const counts = Object.entries(await tables.tasks.countsByState(id));
  const now = planText(counts.map(([state, tasks]) => ({ state, tasks })));
  const last = samples.at(-1);
  const lastMs = last?.at ?? 0;
  const endMs = plan.endedAt === null ? nowMs : Math.max(plan.endedAt, lastMs);
  if (last === undefined ? counts.length > 0 : last.data !== now) {
    // What differs after the end has come later; what differs before it was not noted in time.
    samples.push({ at: endMs > lastMs ? endMs : nowMs, data: now });
  }
  const first = samples[0];
  if (first === undefined) return { points: [] };
  const toMs = Math.max(endMs, samples.at(-1)?.at ?? 0);
  const shown = pointsOf(samples, { fromMs: first.at, toMs, points });
  return { points: shown.map(({ at, data }) => ({ at, counts: countsOf(JSON.parse(data) as PlanData) })) };
}

function countsOf(data: PlanData) {
  return summaryOf(Object.entries(data).map(([state, count]) => ({ state: state as TaskStateName, count }))).counts;
}

/** @throws Refusal */
function checkedPoints(points: number = DEFAULT_POINTS): number {
  if (Number.isInteger(points) && points >= 2 && points <= MOST_POINTS) return points;
  throw new Refusal("invalid", `a history has 2 to ${MOST_POINTS} points`);
}

/** `1.9.0` before `1.10.0`; the empty text, which stands for all others, behind them. */
function byVersion(one: string, other: string): number {
  if (one === "" || other === "") return one === other ? 0 : one === "" ? 1 : -1;
  return one.localeCompare(other, "en", { numeric: true });
}
