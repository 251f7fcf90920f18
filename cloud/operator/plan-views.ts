import { summaryOf } from "../fleet/summary.js";
import type { TaskStateName } from "../fleet/task-types.js";
import { type PlanTerms, planTerms } from "../rollout/plan-records.js";
import type { Plan } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { PlanInput, PlanStateName, PlanView } from "./types.js";

export async function planViews(tables: Tables, plans: readonly Plan[]): Promise<PlanView[]> {
  const views: PlanView[] = [];
  for (const plan of plans) views.push(await planView(tables, plan));
  return views;
}

export async function planView(tables: Tables, plan: Plan): Promise<PlanView> {
  const whole = await tables.plans.whole(plan.id);
  const rows = Object.entries(await tables.tasks.countsByState(plan.id));
  const { counts } = summaryOf(rows.map(([state, count]) => ({ state: state as TaskStateName, count })));
  const terms = whole === undefined ? undefined : planTerms(whole);
  return {
    id: plan.id,
    name: plan.name,
    productId: terms?.settings.productId ?? "",
    purpose: plan.purpose,
    state: plan.state as PlanStateName,
    reason: reasonOf(plan),
    counts,
    settings: terms === undefined ? {} : planInput(terms),
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
