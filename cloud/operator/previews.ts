import { matchAll } from "../rollout/matching-run.js";
import { readyPlan } from "../rollout/matchers.js";
import type { Reachable } from "../rollout/offers.js";
import type { PlanTerms } from "../rollout/plan-records.js";
import type { Tables } from "../store/tables/tables.js";
import type { DeviceName, Reach } from "../types.js";
import type { Preview, PreviewPart } from "./types.js";

/** Called for each device that a plan may concern: with the reason if it is left out. */
type OnDevice = (device: DeviceName & Pick<Reachable, "gatewayId">, reason: string | undefined) => void;

/** @returns which devices match a plan now, all of them or a part, and why the others do not */
export async function previewOf(
  tables: Tables,
  terms: PlanTerms,
  { limit = Number.POSITIVE_INFINITY, reason: wanted }: PreviewPart,
): Promise<Preview> {
  const matches: DeviceName[] = [];
  const left: (DeviceName & { readonly reason: string })[] = [];
  const counts = { matches: 0, left: 0 };
  const byReason = new Map<string, number>();
  await eachDevice(tables, terms, ({ productId, deviceName }, reason) => {
    if (reason === undefined) {
      counts.matches++;
      if (matches.length < limit) matches.push({ productId, deviceName });
      return;
    }
    counts.left++;
    byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
    if (left.length < limit && (wanted === undefined || wanted === reason))
      left.push({ productId, deviceName, reason });
  });
  return { matches, left, counts: { ...counts, byReason: Object.fromEntries(byReason) } };
}

/** @returns the devices that match a plan now, and how many do not, by the reason */
export async function matchesOf(
  tables: Tables,
  terms: PlanTerms,
): Promise<{ readonly matches: readonly Reachable[]; readonly byReason: Reach["byReason"] }> {
  const matches: Reachable[] = [];
  const byReason: { [reason: string]: number } = {};
  await eachDevice(tables, terms, (device, reason) => {
    if (reason === undefined) matches.push(device);
    else byReason[reason] = (byReason[reason] ?? 0) + 1;
  });
  return { matches, byReason };
}

async function eachDevice(tables: Tables, terms: PlanTerms, onDevice: OnDevice): Promise<void> {
  const unseen = new Set(terms.settings.selection.deviceNames);
  for await (const piece of matchAll(tables, terms, await readyPlan(tables, terms))) {
    for (const { device, facts, wanted, reason } of piece) {
      const { productId, deviceName } = facts;
      unseen.delete(deviceName);
      onDevice({ productId, deviceName, gatewayId: device.gatewayId }, wanted.length > 0 ? undefined : (reason ?? ""));
    }
  }
  for (const deviceName of unseen) {
    onDevice({ productId: terms.settings.productId, deviceName, gatewayId: null }, "no-such-device");
  }
}
