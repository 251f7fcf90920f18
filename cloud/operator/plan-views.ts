import { summaryOf } from "../fleet/summary.js";
import type { TaskStateName } from "../fleet/task-types.js";
import { type PlanTerms, planTerms } from "../rollout/plan-records.js";
import type { Plan } from "../store/schema.js";
import type { WholePlan } from "../store/tables/plans.js";
import type { Tables } from "../store/tables/tables.js";
import type { OperatorContext } from "./context.js";
import type { PlanInput, PlanStateName, PlanView } from "./types.js";

/** How the URLs of offers are made. */
type Urls = Pick<OperatorContext, "urls" | "urlLifetimeSec">;

export async function planViews(tables: Tables, plans: readonly Plan[], urls: Urls): Promise<PlanView[]> {
  const views: PlanView[] = [];
  for (const plan of plans) views.push(await planView(tables, plan, urls));
  return views;
}

export async function planView(tables: Tables, plan: Plan, urls: Urls): Promise<PlanView> {
  const whole = await tables.plans.whole(plan.id);
  const rows = Object.entries(await tables.tasks.countsByState(plan.id));
  const { counts } = summaryOf(rows.map(([state, count]) => ({ state: state as TaskStateName, count })));
  const terms = whole === undefined ? undefined : planTerms(whole);
  const view = viewOf(plan, terms?.settings.productId ?? "", counts, terms === undefined ? {} : planInput(terms));
  return { ...view, ...liveUrls(plan, urls) };
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
