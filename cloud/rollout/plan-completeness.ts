import type { Tables } from "../store/tables/tables.js";
import type { PlanTerms } from "./plan-records.js";

/**
 * @returns whether a plan names its devices, and each of them has got its task for each package: nobody can match
 * later. A device that was removed, or that the plan could not be matched with yet, is waited for.
 */
export async function isComplete(tables: Tables, { id, productId, settings }: PlanTerms): Promise<boolean> {
  const { deviceNames } = settings.selection;
  if (deviceNames === undefined) return false;
  const names = new Set(deviceNames);
  const wanted = names.size * settings.packages.length;
  const counts = Object.values(await tables.tasks.countsByState(id));
  // The counts are at hand. They spare a long list most of the time.
  if (counts.reduce((sum, count) => sum + count, 0) < wanted) return false;
  const devices = await tables.devices.findMany(productId, [...names]);
  const tasks = await tables.taskLists.ofPlanAndDevices(
    id,
    devices.map((device) => device.id),
  );
  return new Set(tasks.map(({ deviceId, component }) => `${deviceId} ${component}`)).size === wanted;
}
