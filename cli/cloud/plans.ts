import type { Actor, Operator, PlanInput, PlanView, Preview } from "../../cloud/operator/types.js";
import { UsageError } from "../command-line.js";
import { readJson, writeBytes } from "../files.js";
import { readNames } from "./device-batch.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { countsText, planJson, planWithTasksJson } from "./plan-json.js";
import { all, counted, say, sayJson, spell, table, timeText } from "./text.js";

interface Options extends CloudChoice {
  readonly json?: boolean;
}

/** Devices of each list that are printed one by one; `--json` has all. */
const DEVICES_SHOWN = 20;
/** Most devices that a part of a preview lists. */
const PAGE_LIMIT = 1000;

/** What a plan can be told by one word. */
export const PLAN_ACTIONS: {
  readonly [name: string]: {
    readonly description: string;
    readonly act: (operator: Operator, id: number, actor: Actor) => Promise<PlanView>;
  };
} = {
  activate: {
    description: "Activate a draft: from now on it updates devices.",
    act: (operator, ...request) => operator.activatePlan(...request),
  },
  pause: {
    description: "Pause a plan: what runs goes on, and no further device is offered the update.",
    act: (operator, ...request) => operator.pausePlan(...request),
  },
  resume: {
    description: "Go on with a plan that is paused or halted.",
    act: (operator, ...request) => operator.resumePlan(...request),
  },
  cancel: {
    description: "Cancel a plan for good.",
    act: (operator, ...request) => operator.cancelPlan(...request),
  },
  stop: {
    description: "Stop a plan in an emergency: offers are taken back, and running downloads end.",
    act: (operator, ...request) => operator.stopPlan(...request),
  },
};

/** `ota-cloud plan create` */
export async function planCreate({
  file,
  namesFile,
  json,
  ...choice
}: Options & { file: string; namesFile?: string }): Promise<void> {
  const input = planOf(file, namesFile);
  await withOperator(choice, "plan create", async ({ operator, actor }) => {
    const plan = await operator.createPlan(input, actor);
    if (json === true) {
      sayJson(planJson(plan));
      return;
    }
    // Scripts take the first line.
    say(String(plan.id));
    say(`${plan.name} is a draft: ota-cloud plan preview ${plan.id}, then ota-cloud plan activate ${plan.id}`);
  });
}

/** `ota-cloud plan edit` */
export async function planEdit(
  id: number,
  { file, namesFile, json, ...choice }: Options & { file: string; namesFile?: string },
): Promise<void> {
  const input = planOf(file, namesFile);
  await withOperator(choice, "plan edit", async ({ operator, actor }) => {
    sayPlan(await operator.editPlan(id, input, actor), json);
  });
}

/** `ota-cloud plan preview` */
export async function planPreview(
  id: number | undefined,
  {
    file,
    rejected,
    reason,
    limit,
    json,
    ...choice
  }: Options & { file?: string; rejected?: string; reason?: string; limit?: number },
): Promise<void> {
  if ((id === undefined) === (file === undefined)) throw new UsageError("give the id of a plan, or --file");
  if (limit !== undefined && limit > PAGE_LIMIT) throw new UsageError(`--limit is at most ${PAGE_LIMIT}`);
  const asked = id ?? readPlan(file ?? "");
  // The text shows so many; files are for all.
  const most = limit ?? (json === true || rejected !== undefined ? undefined : DEVICES_SHOWN);
  const part = { ...(most === undefined ? {} : { limit: most }), ...(reason === undefined ? {} : { reason }) };
  await withOperator(choice, "plan preview", async ({ operator }) => {
    const preview = await operator.preview(asked, part);
    if (rejected !== undefined) {
      writeBytes(rejected, preview.left.map(({ deviceName, reason }) => `${deviceName} ${reason}\n`).join(""));
    }
    if (json === true) sayJson(previewJson(preview));
    else sayPreview(preview, reason, limit ?? DEVICES_SHOWN);
  });
}

/** `ota-cloud plan activate`, and the others of one word */
export async function planAction(name: string, id: number, { json, ...choice }: Options): Promise<void> {
  const action = PLAN_ACTIONS[name];
  if (action === undefined) throw new UsageError(`no such action: ${name}`);
  await withOperator(choice, `plan ${name}`, async ({ operator, actor }) => {
    sayPlan(await action.act(operator, id, actor), json);
  });
}

/** `ota-cloud plan retry` */
export async function planRetry(
  id: number,
  { task, json, ...choice }: Options & { task?: readonly string[] },
): Promise<void> {
  const tasks = task?.map(Number);
  if (tasks?.some((each) => !Number.isSafeInteger(each) || each < 1)) throw new UsageError("--task takes ids of tasks");
  await withOperator(choice, "plan retry", async ({ operator, actor }) => {
    sayPlan(await operator.retryPlan(id, tasks === undefined ? {} : { tasks }, actor), json);
  });
}

/** `ota-cloud plan delete` */
export async function planDelete(id: number, { json, ...choice }: Options): Promise<void> {
  await withOperator(choice, "plan delete", async ({ operator, actor }) => {
    await operator.deletePlan(id, actor);
    if (json === true) sayJson({ deleted: id });
    else say(`deleted plan ${id}`);
  });
}

/** `ota-cloud plan show` */
export async function planShow(id: number, { json, ...choice }: Options): Promise<void> {
  await withOperator(choice, "plan show", async ({ operator }) => {
    const plan = await operator.plan(id);
    const tasks = await all((page) => operator.tasks({ planId: id }, page));
    if (json === true) {
      sayJson(planWithTasksJson(plan, tasks));
      return;
    }
    sayPlan(plan, false);
    const rows = tasks.map((task) => [
      `  ${spell(task)}`,
      task.component,
      task.version,
      task.state,
      task.percent === undefined ? "" : `${task.percent} %`,
      task.attempt > 1 ? `try ${task.attempt}` : "",
      task.reason,
    ]);
    for (const line of table(rows, "  no tasks")) say(line);
  });
}

/** `ota-cloud plan list` */
export async function planList({ json, product, ...choice }: Options & { product?: string }): Promise<void> {
  await withOperator(choice, "plan list", async ({ operator }) => {
    const plans = await all((page) => operator.plans(product === undefined ? {} : { productId: product }, page));
    if (json === true) {
      sayJson(plans.map(planJson));
      return;
    }
    const rows = plans.map((plan) => [
      String(plan.id),
      plan.state,
      plan.productId,
      plan.name,
      timeText(plan.createdAt),
      countsText(plan.counts),
    ]);
    for (const line of table(rows, "no plans")) say(line);
  });
}

function previewJson({ matches, left, counts }: Preview): object {
  return {
    matches: matches.map(({ productId, deviceName }) => ({ productId, deviceName })),
    left: left.map(({ productId, deviceName, reason }) => ({ productId, deviceName, reason })),
    counts,
  };
}

/**
 * @param reason the one that was asked for, if it was one
 * @param shown most devices of each list
 */
function sayPreview({ matches, left, counts }: Preview, reason: string | undefined, shown: number): void {
  say(`${counted(counts.matches, "device")} would be updated, ${counts.left} would not`);
  for (const device of matches.slice(0, shown)) say(`  ${spell(device)}`);
  sayMore(counts.matches - Math.min(matches.length, shown));
  if (counts.left === 0) return;
  const reasons = Object.entries(counts.byReason).sort(([, one], [, other]) => other - one);
  say(`left out: ${reasons.map(([name, devices]) => `${devices} ${name}`).join(", ")}`);
  const rows = left.slice(0, shown).map((device) => [`  ${spell(device)}`, device.reason]);
  if (rows.length > 0) for (const line of table(rows, "")) say(line);
  const all = reason === undefined ? counts.left : (counts.byReason[reason] ?? 0);
  sayMore(all - Math.min(left.length, shown));
}

function sayMore(more: number): void {
  if (more > 0) say(`  and ${more} more: --json shows all`);
}

function planOf(file: string, namesFile: string | undefined): PlanInput {
  return { ...readPlan(file), ...(namesFile === undefined ? {} : { devices: readNames(namesFile) }) };
}

function sayPlan(plan: PlanView, json: boolean | undefined): void {
  if (json === true) {
    sayJson(planJson(plan));
    return;
  }
  const reason = plan.reason === "" ? "" : ` (${plan.reason})`;
  say(`plan ${plan.id} ${plan.name}: ${plan.state}${reason}; ${countsText(plan.counts)}`);
  const { urlsLiveUntil = 0 } = plan;
  if (urlsLiveUntil > Date.now()) {
    say(`its URLs are those of a store, and cannot be taken back: they live until ${timeText(urlsLiveUntil)}`);
  }
}

function readPlan(path: string): PlanInput {
  const value = readJson(path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${path}: a plan is a JSON object: see ota-cloud plan create --help`);
  }
  return value as PlanInput;
}
