import { type Core, openAtRest } from "../../cloud/core.js";
import { checkSettings } from "../../cloud/fleet/settings.js";
import { planRows } from "../../cloud/rollout/plan-records.js";
import type { Tables } from "../../cloud/store/tables/tables.js";
import { addFleet, type SmallFleet } from "../unit/cloud/store/open-store.js";
import { withFolder } from "./folder.js";

export interface RestingCloud {
  readonly core: Core;
  readonly operator: Core["operator"];
  write<Result>(body: (tables: Tables) => Promise<Result>): Promise<Result>;
  /** Adds a product with devices, a package and an active plan without tasks. */
  fleet(devices: number): Promise<SmallFleet>;
}

/** A state that no cloud runs on, with its operator. @param database URL of one; absent: it is in a folder */
export function withRestingCloud(body: (cloud: RestingCloud) => Promise<void>, database?: string): Promise<void> {
  return withFolder(async (folder) => {
    const core = await openAtRest(folder, { database });
    const write: RestingCloud["write"] = (work) => core.state.transactions.run(({ tables }) => work(tables));
    try {
      await body({
        core,
        operator: core.operator,
        write,
        fleet: (devices) => write((tables) => realFleet(tables, devices)),
      });
    } finally {
      await core.close();
    }
  });
}

/** The plan of a small fleet with settings that it could have been given. */
async function realFleet(tables: Tables, devices: number): Promise<SmallFleet> {
  const fleet = await addFleet(tables, devices);
  const { product, target, plan } = fleet;
  const checked = checkSettings({ name: "all", product: product.productId, version: "2.0.0", all: true });
  if (!("ok" in checked)) throw new Error(JSON.stringify(checked.errors));
  const rows = planRows(checked.ok, { productId: product.id, purpose: "update", createdAt: plan.createdAt }, [
    target.id,
  ]);
  const { settings } = rows.plan;
  await tables.plans.update(plan.id, { settings });
  await tables.plans.replaceParts(plan.id, rows.parts);
  return { ...fleet, plan: { ...plan, settings } };
}
