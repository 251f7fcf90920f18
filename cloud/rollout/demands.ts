import { OWN_FIRMWARE } from "../fleet/types.js";
import type { Package } from "../store/schema.js";
import type { FirmwareManifest } from "../types.js";
import type { PlanTerms } from "./plan-records.js";

/**
 * @param terms of the plan that offers the package, if one does
 * @returns what a device needs for a package: what the package requires, and what the plan does; `undefined` if nothing
 */
export function demandsOf(
  { requirements, component, kind }: Package,
  terms: PlanTerms | undefined,
): FirmwareManifest | undefined {
  const own = requirements === null ? {} : (JSON.parse(requirements) as FirmwareManifest);
  const named = component === OWN_FIRMWARE ? {} : { component, kind };
  const demands = { ...named, ...own, ...terms?.settings.strategy } as FirmwareManifest;
  return Object.keys(demands).length === 0 ? undefined : demands;
}
