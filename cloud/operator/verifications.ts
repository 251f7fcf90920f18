import { match, matcherOf, type MatchReason } from "../fleet/matching.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import { fleetDevice, fleetPackage } from "../rollout/fleet-facts.js";
import type { Device, Package, Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { audit, type OperatorContext, productOf, spell } from "./context.js";
import { mustExist } from "./devices.js";
import { planView } from "./plan-views.js";
import { type Actor, type Operator, type PlanView, Refusal } from "./types.js";

/** Begins the verification of a package on one device. @returns its plan. @throws Refusal */
export async function beginVerification(
  { transactions, rollout, urls, urlLifetimeSec }: OperatorContext,
  { productId, component = OWN_FIRMWARE, version, deviceName }: Parameters<Operator["verify"]>[0],
  actor: Actor,
): Promise<PlanView> {
  const planId = await transactions.run(async (work) => {
    const product = await productOf(work.tables, productId);
    const found = (await work.tables.packages.byVersion(product.id, version)).find(
      (one) => one.component === component,
    );
    if (found === undefined) {
      throw new Refusal("not-found", `product ${productId} has no package ${component} ${version}: add it first`);
    }
    const device = await mustExist(work.tables, { productId, deviceName });
    const misfit = await misfitOf(work.tables, product, found, device.row);
    if (misfit !== undefined) {
      throw new Refusal("conflict", `${deviceName} would not get the package (${misfit}): verify it on another device`);
    }
    const { answer } = await rollout.packages.dispatch(work, found, { type: "verification-commanded", deviceName });
    if (answer.kind === "refused") {
      throw new Refusal("conflict", `the package cannot be verified now: ${answer.because.replace(/-/g, " ")}`);
    }
    await audit(work, actor, "package-verify", String(found.id), { device: spell({ productId, deviceName }) });
    const [plan] = (await work.tables.packages.usedBy(found.id)).slice(-1);
    return plan?.id ?? 0;
  });
  await rollout.idle();
  const plan = await transactions.tables.plans.byId(planId);
  if (plan === undefined) throw new Refusal("not-found", `there is no plan ${planId}`);
  return planView({ transactions, rollout, urls, urlLifetimeSec }, plan);
}

/** @returns why a device would get no task for a package; `undefined` if it would get one */
async function misfitOf(
  tables: Tables,
  product: Product,
  found: Package,
  device: Device,
): Promise<MatchReason | undefined> {
  const { component, version } = found;
  const { productId } = product;
  const plan = { productId, selection: { deny: [] }, packages: [{ component, version }] };
  const facts = fleetDevice(product, device, await tables.components.of(device.id));
  const result = match(matcherOf(plan, [fleetPackage(product, found)]), facts, []);
  return result.matches ? undefined : result.reason;
}
