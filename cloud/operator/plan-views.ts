import { summaryOf } from "../fleet/summary.js";
import type { TaskStateName } from "../fleet/task-types.js";
import { type PlanTerms, planTerms, type PlanTermsCache } from "../rollout/plan-records.js";
import type { Plan } from "../store/schema.js";
import type { WholePlan } from "../store/tables/plans.js";
import type { Tables } from "../store/tables/tables.js";
import type { OperatorContext } from "./context.js";
import type { PlanInput, PlanStateName, PlanView } from "./types.js";

/** How the URLs of offers are made. */
type Urls = Pick<OperatorContext, "urls" | "urlLifetimeSec">;

/** What the view of a plan is made with. */
export interface PlanViewContext extends Urls {
  readonly transactions: { readonly tables: Tables };
  readonly rollout: { readonly terms: Pick<PlanTermsCache, "of"> };
}

export async function planViews(context: PlanViewContext, plans: readonly Plan[]): Promise<PlanView[]> {
  const views: PlanView[] = [];
  for (const plan of plans) views.push(await planView(context, plan));
  return views;
}

export async function planView(context: PlanViewContext, plan: Plan): Promise<PlanView> {
  const { tables } = context.transactions;
  const rows = Object.entries(await tables.tasks.countsByState(plan.id));
  const { counts } = summaryOf(rows.map(([state, count]) => ({ state: state as TaskStateName, count })));
  const terms = await termsOf(context, plan);
  const view = viewOf(plan, terms?.settings.productId ?? "", counts, terms === undefined ? {} : planInput(terms));
  return { ...view, ...liveUrls(plan, context) };
}

/** What these plans say stays the same, and is in use. */
const KEPT_STATES: readonly string[] = ["active", "paused", "halted"];

/**
 * What a plan says stays the same from its activation on, and it may name very many devices: it is not read again each
 * time that somebody looks at it. A draft may have changed, or be gone; of those that are over there may be very many,
 * and what is read of them is not kept.
 */
async function termsOf({ transactions, rollout }: PlanViewContext, plan: Plan): Promise<PlanTerms | undefined> {
  const { tables } = transactions;
  if (KEPT_STATES.includes(plan.state)) return rollout.terms.of(tables, plan.id);
  const whole = await tables.plans.whole(plan.id);
  return whole === undefined ? undefined : planTerms(whole);
}

/**
 * @param whole the plan without its devices
 * @param tasks its tasks by state
 * @returns what an operator sees of it; its settings name no devices
 */
export function planSummary(
  whole: WholePlan,
  tasks: readonly { readonly state: string; readonly tasks: number }[],
  urls: Urls,
): PlanView {
  const terms = planTerms(whole);
  const { devices: _devices, allow: _allow, deny: _deny, ...settings } = planInput(terms);
  const { counts } = summaryOf(tasks.map((count) => ({ state: count.state as TaskStateName, count: count.tasks })));
  return { ...viewOf(whole.plan, terms.settings.productId, counts, settings), ...liveUrls(whole.plan, urls) };
}

/** The last offer before the stop may have been made in the same moment. */
function liveUrls({ state, revokedAt }: Plan, { urls, urlLifetimeSec }: Urls): Pick<PlanView, "urlsLiveUntil"> {
  const isStopped = revokedAt !== null && (state === "halted" || state === "cancelled");
  return urls.canRevoke || !isStopped ? {} : { urlsLiveUntil: revokedAt + urlLifetimeSec * 1000 };
}

function viewOf(plan: Plan, productId: string, counts: PlanView["counts"], settings: PlanInput): PlanView {
  return {
    id: plan.id,
    name: plan.name,
    productId,
    purpose: plan.purpose,
    state: plan.state as PlanStateName,
    reason: reasonOf(plan),
    counts,
    settings,
    createdAt: plan.createdAt,
    ...(plan.activatedAt === null ? {} : { activatedAt: plan.activatedAt }),
    ...(plan.endedAt === null ? {} : { endedAt: plan.endedAt }),
  };
}

/** @returns what plan.json would hold, with every default */
function planInput({ settings }: PlanTerms): PlanInput {
  const { productId, selection, packages, ...rest } = settings;
  const { fromVersions, deviceNames, allow, deny } = selection;
  return {
    ...rest,
    product: productId,
    packages,
    ...(fromVersions === undefined ? {} : { from: fromVersions }),
    ...(deviceNames === undefined ? {} : { devices: deviceNames }),
    ...(allow === undefined ? {} : { allow }),
    ...(deny.length === 0 ? {} : { deny }),
  };
}

function reasonOf({ reason, data }: Plan): string {
  if (reason === null) return "";
  const { detail = "" } = JSON.parse(data) as { readonly detail?: string };
  return detail === "" ? reason : `${reason}: ${detail}`;
}
