import { match, type TaskOfPlan } from "../fleet/matching.js";
import { NEW_TASK } from "../fleet/task-machine.js";
import { toRow } from "../fleet/task-row.js";
import type { FleetDevice, FleetPackage } from "../fleet/types.js";
import type { Device, NewTask, Task } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { fleetDevices } from "./fleet-facts.js";
import type { ReadyPlan } from "./matchers.js";
import type { PlanTerms } from "./plan-records.js";
import { columnsOf } from "./task-dispatch.js";

/** Devices that are matched in one piece, so that the messages of others are served in between. */
const PIECE = 500;

export interface Matched {
  readonly device: Device;
  readonly facts: FleetDevice;
  /** Packages that the device is to get, in the plan's order; none if it is left out. */
  readonly wanted: readonly FleetPackage[];
  /** Why it is left out. */
  readonly reason: string | undefined;
}

/** Matches a plan with all devices that it may concern, piece by piece. */
export async function* matchAll(
  tables: Tables,
  terms: PlanTerms,
  { product, matcher }: ReadyPlan,
): AsyncGenerator<readonly Matched[]> {
  for await (const devices of candidates(tables, terms)) {
    const facts = await fleetDevices(tables, product, devices);
    const known = await tables.taskLists.ofPlanAndDevices(
      terms.id,
      devices.map(({ id }) => id),
    );
    const tasks = new Map<number, TaskOfPlan[]>();
    for (const task of known) tasks.set(task.deviceId, [...(tasks.get(task.deviceId) ?? []), taskOfPlan(task)]);
    yield devices.map((device, index): Matched => {
      const fact = facts[index] as FleetDevice;
      const result = match(matcher, fact, tasks.get(device.id) ?? []);
      return {
        device,
        facts: fact,
        wanted: result.matches ? result.wanted : [],
        reason: result.matches ? undefined : result.reason,
      };
    });
  }
}

/** A plan that names its devices concerns no others. */
async function* candidates(tables: Tables, { productId, settings }: PlanTerms): AsyncGenerator<readonly Device[]> {
  const names = settings.selection.deviceNames ?? settings.selection.allow;
  if (names !== undefined) {
    for (let at = 0; at < names.length; at += PIECE) {
      yield await tables.devices.findMany(productId, names.slice(at, at + PIECE));
    }
    return;
  }
  let after: number | undefined;
  for (;;) {
    const page = await tables.devices.list({ productId }, { limit: PIECE, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.id;
    if (page.length < PIECE) return;
  }
}

export function taskOfPlan({ component, state }: Task): TaskOfPlan {
  return { component, state: state as TaskOfPlan["state"] };
}

/** @returns the tasks for what a device is to get */
export function newTasks(
  terms: PlanTerms,
  { device, wanted }: Pick<Matched, "device" | "wanted">,
  nowMs: number,
): NewTask[] {
  return wanted.map(
    ({ component, packageId }): NewTask => ({
      planId: terms.id,
      position: terms.packages.find((entry) => entry.component === component)?.position ?? 0,
      deviceId: device.id,
      packageId: Number(packageId),
      component,
      ...(columnsOf(toRow(NEW_TASK)) as Pick<NewTask, "state" | "open" | "inFlight">),
      createdAt: nowMs,
      updatedAt: nowMs,
    }),
  );
}
