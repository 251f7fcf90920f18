import type { PlanSelection } from "../fleet/types.js";
import { UPGRADE_COMMAND, upgradeSettings } from "../rollout/upgrade-settings.js";
import { readWireVersion } from "../rollout/wire-version.js";
import type { Tables } from "../store/tables/tables.js";
import type { Reach, Selection, UpgradeRequest } from "../types.js";
import type { FleetOperator } from "./operator.js";
import { type Actor, Refusal } from "./types.js";
import { packageOnWire } from "./urls.js";

/**
 * An upgrade in one of the console's three ways: a plan that is active at once, and carries the override that lets a
 * package go to many devices without a verification.
 *
 * @throws Refusal
 */
export async function beginUpgrade(
  operator: FleetOperator,
  { productId, version, selection }: UpgradeRequest,
  actor: Actor,
): Promise<Reach & { readonly planId: number }> {
  const { transactions } = operator.context;
  const { tables } = transactions;
  const product = await tables.products.find(productId);
  const target = product === undefined ? undefined : await packageOnWire(tables, product.id, version);
  if (product === undefined || target === undefined) {
    throw new Refusal("not-found", `product ${productId} has no firmware ${version}: add it first`);
  }
  await check(tables, { id: product.id, productId }, selection, target.component);
  const settings = upgradeSettings({
    productId,
    target,
    selection: await planSelection(tables, product.id, selection),
    // The devices of the last way are those that run one of the versions now.
    dynamic: selection.kind !== "versions-and-devices",
  });
  const id = await transactions.run((work) => operator.plansAsked.insert(work, settings, actor, UPGRADE_COMMAND));
  try {
    return { planId: id, ...(await operator.plansAsked.begin(id, actor)) };
  } catch (error) {
    // Nobody has asked for a draft.
    await operator.plansAsked.remove(id, actor);
    throw error;
  }
}

async function planSelection(tables: Tables, productId: number, selection: Selection): Promise<PlanSelection> {
  if (selection.kind === "list") return { deviceNames: [...new Set(selection.deviceNames)], deny: [] };
  const fromVersions: string[] = [];
  for (const text of selection.fromVersions) {
    fromVersions.push((await packageOnWire(tables, productId, text))?.version ?? text);
  }
  if (selection.kind === "versions") return { fromVersions, deny: [] };
  return { fromVersions, deviceNames: [...new Set(selection.deviceNames)], deny: [] };
}

/** @throws Refusal if the selection names a version that was not added, or a device that does not fit */
async function check(
  tables: Tables,
  product: { readonly id: number; readonly productId: string },
  selection: Selection,
  component: string,
): Promise<void> {
  if (selection.kind !== "list") {
    for (const version of selection.fromVersions) {
      if ((await packageOnWire(tables, product.id, version)) !== undefined) continue;
      throw new Refusal(
        "not-found",
        `product ${product.productId} has no firmware ${version}: only versions that were added can be upgraded from`,
      );
    }
  }
  if (selection.kind === "versions") return;
  const known = new Map(
    (await tables.devices.findMany(product.id, selection.deviceNames)).map((row) => [row.deviceName, row]),
  );
  for (const name of new Set(selection.deviceNames)) {
    const row = known.get(name);
    if (row === undefined) throw new Refusal("not-found", `product ${product.productId} has no device ${name}`);
    if (selection.kind === "list") continue;
    const runs = (await tables.components.of(row.id)).find((entry) => entry.component === component)?.version;
    const from = selection.fromVersions.map((text) => readWireVersion(text, [component]).version);
    if (runs === undefined || !from.includes(runs)) {
      throw new Refusal("conflict", `device ${name} runs ${runs ?? "no known version"}, not one of those given`);
    }
  }
}
