import type { Plan } from "../store/schema.js";
import { type OperatorContext, productOf } from "./context.js";
import { type Condition, healthOf } from "./health.js";
import { planSummary } from "./plan-views.js";
import type { Attention, Overview } from "./types.js";

const MOST_PLANS = 50;
const MOST_VERSIONS = 200;
const MOST_FAILURES = 200;
/** Most plans of each kind that want attention. */
const MOST_ATTENTION = 100;
const ENDED_LATELY_MS = 30 * 86_400_000;

const RUNNING = ["active", "paused", "halted"];
const PACKAGE_STATES = ["uploaded", "verifying", "verified", "rejected", "withdrawn"] as const;

type StateCount = { readonly state: string; readonly tasks: number };

/** @throws Refusal if there is no such product */
export async function overviewOf(
  context: OperatorContext,
  condition: Condition,
  { productId }: { readonly productId?: string },
): Promise<Overview> {
  const { transactions, presence } = context;
  const { tables } = transactions;
  const at = transactions.nowMs();
  const product = productId === undefined ? undefined : await productOf(tables, productId);
  const filter = product === undefined ? {} : { productId: product.id };
  const plans = await tables.plans.list({ ...filter, states: RUNNING }, { limit: MOST_PLANS });
  const counts = new Map<number, StateCount[]>();
  for (const { planId, ...count } of await tables.summaries.tasksOfRunningPlans(product?.id)) {
    const known = counts.get(planId);
    if (known === undefined) counts.set(planId, [count]);
    else known.push(count);
  }
  const wholes = await tables.plans.withoutDevices(plans);
  const packages = await tables.summaries.packagesByState(product?.id);
  const unsuccessful = await tables.summaries.unsuccessful(at - ENDED_LATELY_MS, { ...filter, limit: MOST_FAILURES });
  const refused = await tables.summaries.refused(at - ENDED_LATELY_MS, { ...filter, limit: MOST_ATTENTION });
  const variantsRefused = await tables.summaries.variantsRefused(at - ENDED_LATELY_MS, {
    ...filter,
    limit: MOST_ATTENTION,
  });
  const halted = await tables.plans.list({ ...filter, states: ["halted"] }, { limit: MOST_ATTENTION });
  const paused = await tables.plans.list({ ...filter, states: ["paused"] }, { limit: MOST_ATTENTION });
  return {
    at,
    devices: await tables.devices.count(filter),
    online: presence.count(productId),
    versions: await tables.components.counts.frequent(product?.id, MOST_VERSIONS),
    packages: Object.fromEntries(PACKAGE_STATES.map((state) => [state, packages[state] ?? 0])) as Overview["packages"],
    plans: wholes.map((whole) => planSummary(whole, counts.get(whole.plan.id) ?? [], context)),
    failures: unsuccessful.map(({ state, ...rest }) => ({ ...rest, state: state as "failed" | "declined" | "silent" })),
    attention: [
      ...problemsOf(context, condition),
      ...halted.map(haltedPlan),
      ...refused.map(({ planId, tasks }): Attention => ({ kind: "plan-refused", planId, count: tasks })),
      ...variantsRefused.map(
        ({ planId, tasks }): Attention => ({ kind: "plan-variant-refused", planId, count: tasks }),
      ),
      ...silentPlans(counts),
      ...paused.map(({ id }): Attention => ({ kind: "plan-paused", planId: id })),
    ],
  };
}

function problemsOf(context: OperatorContext, condition: Condition): Attention[] {
  return healthOf(context, condition).problems.map(({ code, message }) => ({ kind: "problem", code, message }));
}

function haltedPlan({ id, reason, data }: Plan): Attention {
  const { detail = "" } = JSON.parse(data) as { readonly detail?: string };
  return {
    kind: "plan-halted",
    planId: id,
    ...(reason === null ? {} : { code: reason }),
    ...(detail === "" ? {} : { message: detail }),
  };
}

function silentPlans(counts: ReadonlyMap<number, readonly StateCount[]>): Attention[] {
  const silent = [...counts].flatMap(([planId, states]): Attention[] => {
    const count = states.find(({ state }) => state === "silent")?.tasks ?? 0;
    return count === 0 ? [] : [{ kind: "plan-silent", planId, count }];
  });
  return silent.reverse().slice(0, MOST_ATTENTION);
}
