import type { PlanState } from "../fleet/plan-types.js";
import { toRow } from "../fleet/task-row.js";
import type { TaskState } from "../fleet/task-types.js";
import { IMPORTED_UPGRADES } from "../store/json-import.js";
import type { JsonRule, JsonTask } from "../store/json-state.js";
import type { NewTask, Package, Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { planRows, stateColumns } from "./plan-records.js";
import { columnsOf } from "./task-dispatch.js";
import { UPGRADE_COMMAND, UPGRADE_SILENCE_SECONDS, upgradeSettings } from "./upgrade-settings.js";
import { readWireVersion } from "./wire-version.js";
import type { Transactions, Work } from "./work.js";

interface Imported {
  readonly tasks: readonly JsonTask[];
  readonly rules: readonly JsonRule[];
}

/** What becomes one plan: the rules for a version with the tasks that they made, or the other tasks of a version. */
interface Upgrade {
  readonly productId: string;
  readonly version: string;
  /** Absent if no rule has made it. */
  readonly fromVersions?: readonly string[];
  readonly tasks: JsonTask[];
}

const ACTIVE: PlanState = { name: "active", seen: { ended: 0, bad: 0 } };

/**
 * Makes plans of the upgrades that an earlier version has kept, in the transaction that also forgets them. The rules
 * for a version become an active plan that takes later devices in; it has the tasks that they have made, so that no
 * device gets the same once more. Other tasks become a plan of the devices that they name: it is active while one of
 * them is open, and a part of the history after that. What names a version that has no
 * firmware could never be offered, and is left out.
 *
 * @throws StorageError if it cannot be stored
 */
export async function importUpgrades(transactions: Transactions): Promise<void> {
  if ((await transactions.tables.settings.get(IMPORTED_UPGRADES)) === undefined) return;
  await transactions.run(async (work) => {
    const text = await work.tables.settings.get(IMPORTED_UPGRADES);
    if (text === undefined) return;
    for (const upgrade of await upgradesOf(work.tables, JSON.parse(text) as Imported)) await makePlan(work, upgrade);
    await work.tables.settings.remove(IMPORTED_UPGRADES);
  });
}

/**
 * A later plan replaces an earlier one. So the rules come first, because a device that has a task keeps it before any
 * rule; and of the rules the oldest, which is the last in the file, because the newest that fits a device counts.
 */
async function upgradesOf(tables: Tables, { tasks, rules }: Imported): Promise<Upgrade[]> {
  const byRule = new Map<string, Upgrade>();
  for (const { productId, version, fromVersions } of rules) {
    const known = byRule.get(`${productId} ${version}`)?.fromVersions ?? [];
    byRule.set(`${productId} ${version}`, {
      productId,
      version,
      fromVersions: [...new Set([...known, ...fromVersions])],
      tasks: [],
    });
  }
  const byName = new Map<string, Upgrade>();
  for (const task of tasks) {
    const { productId, version } = task;
    const key = `${productId} ${version}`;
    const rule = byRule.get(key);
    if (rule !== undefined && (await isOfRule(tables, task, rule))) {
      rule.tasks.push(task);
      continue;
    }
    const named = byName.get(key) ?? { productId, version, tasks: [] };
    byName.set(key, named);
    named.tasks.push(task);
  }
  return [...[...byRule.values()].reverse(), ...byName.values()];
}

/** A task that waits gets its turn from a rule only while its device runs one of the rule's versions. */
async function isOfRule(
  tables: Tables,
  { productId, deviceName, state }: JsonTask,
  { fromVersions = [] }: Upgrade,
): Promise<boolean> {
  if (state !== "to-push") return true;
  const device = await tables.devices.findOnWire(productId, deviceName);
  const known = device === undefined ? [] : await tables.components.of(device.id);
  return known.some(({ version }) => fromVersions.includes(version));
}

async function makePlan(work: Work, { productId, version, fromVersions, tasks }: Upgrade): Promise<void> {
  const { tables, nowMs } = work;
  const product = await tables.products.find(productId);
  const target = product === undefined ? undefined : await packageOf(tables, product, version);
  if (product === undefined || target === undefined) return;
  const known = await taskRows(work, product, target, tasks);
  if (fromVersions === undefined && known.length === 0) return;
  const isActive = fromVersions !== undefined || known.some(({ open }) => open === 1);
  const { plan, parts } = planRows(
    upgradeSettings({
      productId,
      target,
      selection:
        fromVersions === undefined
          ? { deviceNames: known.map(({ deviceName }) => deviceName), deny: [] }
          : { fromVersions, deny: [] },
      dynamic: fromVersions !== undefined,
    }),
    { productId: product.id, purpose: "update", createdAt: nowMs, command: UPGRADE_COMMAND },
    [target.id],
  );
  const { id: planId } = await tables.plans.insert(
    {
      ...plan,
      ...stateColumns(isActive ? ACTIVE : { name: "finished", seen: { ended: known.length, bad: 0 } }),
      activatedAt: nowMs,
      // A rule is matched with all devices at the next start; the devices of a list have their tasks here.
      matchedAt: fromVersions === undefined ? nowMs : null,
      endedAt: isActive ? null : nowMs,
    },
    parts,
  );
  await tables.tasks.insertMany(known.map(({ deviceName: _name, ...task }): NewTask => ({ ...task, planId })));
}

async function packageOf(tables: Tables, { id }: Product, text: string): Promise<Package | undefined> {
  const { component, version } = readWireVersion(text, await tables.packages.componentsOf(id));
  const found = await tables.packages.byVersion(id, version);
  return found.find((one) => one.component === component) ?? found[0];
}

type ImportedTask = Omit<NewTask, "planId"> & { readonly deviceName: string };

/** @returns the rows of those tasks whose device there is, without the plan that is still to be made */
async function taskRows(
  { tables, nowMs }: Work,
  product: Product,
  target: Package,
  tasks: readonly JsonTask[],
): Promise<ImportedTask[]> {
  const devices = await tables.devices.findMany(
    product.id,
    tasks.map(({ deviceName }) => deviceName),
  );
  const ids = new Map(devices.map(({ id, deviceName }) => [deviceName, id]));
  return tasks.flatMap((task): ImportedTask[] => {
    const deviceId = ids.get(task.deviceName);
    const state = stateOf(task, nowMs);
    if (deviceId === undefined || state === undefined) return [];
    return [
      {
        deviceName: task.deviceName,
        position: 0,
        deviceId,
        packageId: target.id,
        component: target.component,
        ...(columnsOf(toRow(state)) as Pick<NewTask, "state" | "open" | "inFlight">),
        offeredAt: "deadlineMs" in state ? nowMs : null,
        createdAt: nowMs,
        updatedAt: nowMs,
      },
    ];
  });
}

/**
 * Devices whose task is in flight have as long to report as those of an upgrade that begins now.
 *
 * @returns `undefined` if no earlier version has written this state
 */
function stateOf({ state, percent, resultCode, resultMessage }: JsonTask, nowMs: number): TaskState | undefined {
  const running = { attempt: 1, deadlineMs: nowMs + UPGRADE_SILENCE_SECONDS * 1000 };
  switch (state) {
    case "to-push":
      return { name: "waiting", attempt: 0, cause: "new", notBeforeMs: 0, detail: "" };
    case "pushed":
      return { name: "offered", ...running };
    case "downloading":
      return { name: "downloading", ...running, percent: Number.isSafeInteger(percent) ? (percent ?? 0) : 0 };
    case "burning":
      return { name: "burning", ...running };
    case "success":
      return { name: "succeeded", attempt: 1, reason: "done-reported" };
    case "failed":
      return { name: "failed", attempt: 1, reason: textOf(resultCode), detail: textOf(resultMessage) };
    default:
      return undefined;
  }
}

/** The file may hold anything. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value.replaceAll("\0", "") : "";
}
