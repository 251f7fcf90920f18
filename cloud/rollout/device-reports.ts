import { match } from "../fleet/matching.js";
import { type Addressee, taskOfProgress, tasksOfVersion } from "../fleet/routing.js";
import { OPEN_STATES, type TaskEvent } from "../fleet/task-types.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import type { Task } from "../store/schema.js";
import { fleetDevice } from "./fleet-facts.js";
import type { Journal } from "./journal.js";
import type { Matchers } from "./matchers.js";
import { newTasks, taskOfPlan } from "./matching-run.js";
import type { ActivePlans } from "./active-plans.js";
import type { PlanTermsCache } from "./plan-records.js";
import type { ProductComponents } from "./product-components.js";
import type { Report } from "./reports.js";
import { type NamedDevice, type TaskDispatch, versionOf } from "./task-dispatch.js";
import type { Turns } from "./turns.js";
import { type ComponentVersion, readWireVersion } from "./wire-version.js";
import type { Work } from "./work.js";

export interface DeviceReportsOptions {
  readonly journal: Journal;
  readonly terms: PlanTermsCache;
  readonly matchers: Matchers;
  readonly components: ProductComponents;
  readonly active: ActivePlans;
  readonly dispatch: TaskDispatch;
  readonly turns: Turns;
}

type Addressed = Addressee & { readonly task: Task };

/** The newest tasks of a device: besides those that are open, these may still learn of a later truth. */
const LATE_TASKS = 20;

/** Most characters of a device's message that the history keeps: 1 KiB in bytes at most. */
const MESSAGE_LENGTH = 256;

/** The same version, reported again within this time, is not written again. */
const SAME_VERSION_STEP_MS = 3_600_000;

/** What reports of devices do to the fleet. */
export class DeviceReports {
  readonly #options: DeviceReportsOptions;

  constructor(options: DeviceReportsOptions) {
    this.#options = options;
  }

  async take(work: Work, device: NamedDevice, report: Exclude<Report, { kind: "no-version" }>): Promise<void> {
    await this.#record(work, device, report);
    if (report.kind === "version") await this.#onVersion(work, device, report.text);
    else await this.#onProgress(work, device, report.version, report.event);
  }

  /** A device's connection has begun. If it was burning, it has restarted. */
  async onConnected(work: Work, device: NamedDevice): Promise<void> {
    for (const task of await work.tables.tasks.openOfDevice(device.id)) {
      if (task.state !== "burning" && task.state !== "trial") continue;
      await this.#options.dispatch.dispatch(work, task, device, { type: "restart-seen" });
    }
  }

  async #record(work: Work, device: NamedDevice, report: Report): Promise<void> {
    const { journal } = this.#options;
    if (report.kind === "version") {
      await journal.record(work, "version-reported", { device }, { version: report.text });
    } else if (report.kind === "progress") {
      const { type, ...rest } = report.event as TaskEvent & { readonly message?: string };
      const detail = rest.message === undefined ? rest : { ...rest, message: rest.message.slice(0, MESSAGE_LENGTH) };
      await journal.record(work, type, { device }, { version: report.version, ...detail });
    }
  }

  async #onVersion(work: Work, device: NamedDevice, text: string): Promise<void> {
    const { tables } = work;
    const { component, version } = await this.#read(work, device, text);
    const known = await tables.components.of(device.id);
    const before = known.find((entry) => entry.component === component);
    const previous = before?.version ?? "";
    const tasks = await this.#tasksOf(work, device);
    if (previous !== version || work.nowMs - (before?.reportedAt ?? 0) >= SAME_VERSION_STEP_MS) {
      await tables.components.set(device.id, component, version, work.nowMs, 0);
    }
    let byPlan = false;
    for (const { task } of tasksOfVersion(tasks, component, version) as Addressed[]) {
      const event: TaskEvent = { type: "version-reported", version, previous, byPlan };
      const { step } = await this.#options.dispatch.dispatch(work, task, device, event);
      if (step.answer.kind === "taken" && step.state.name === "succeeded") byPlan = true;
    }
    const joined = await this.#joinPlans(work, device);
    // Most reports are of devices that nothing waits for.
    const mayWait = joined || tasks.some(({ state }) => OPEN_STATES.includes(state));
    if (mayWait) await this.#options.turns.ofDevice(work, device);
  }

  async #onProgress(work: Work, device: NamedDevice, wire: string, event: TaskEvent): Promise<void> {
    const { component, version } = await this.#read(work, device, wire);
    const tasks = (await this.#tasksOf(work, device)).filter(({ task }) => task.component === component);
    const found = taskOfProgress(tasks, version) as Addressed | undefined;
    if (found === undefined) return;
    const { step } = await this.#options.dispatch.dispatch(work, found.task, device, event);
    // A device that has ended one task may get the next.
    const isOver = step.answer.kind === "taken" && !(OPEN_STATES as readonly string[]).includes(step.state.name);
    if (isOver) await this.#options.turns.ofDevice(work, device);
  }

  /**
   * Which component a version on the wire belongs to. A component that has no package yet is told from the own firmware
   * by the text before its version, which the versions of the own firmware do not have.
   */
  async #read({ tables }: Work, { row }: NamedDevice, text: string): Promise<ComponentVersion> {
    const named = readWireVersion(text, await this.#options.components.of(tables, row.productId));
    if (named.component !== OWN_FIRMWARE || !text.includes("_")) return named;
    if ((await tables.packages.find(row.productId, OWN_FIRMWARE, text)) !== undefined) return named;
    const own = (await tables.components.of(row.id)).find(({ component }) => component === OWN_FIRMWARE)?.version;
    const [prefix = ""] = text.split("_", 1);
    if (own === undefined || prefix === "" || own.startsWith(`${prefix}_`)) return named;
    return readWireVersion(text, [prefix]);
  }

  async #tasksOf(work: Work, device: NamedDevice): Promise<Addressed[]> {
    const tasks: Addressed[] = [];
    const lately = await work.tables.taskLists.ofDeviceLately(device.id, LATE_TASKS);
    // A task that has waited for long may be older than those that have ended since.
    const oldest = lately.length < LATE_TASKS ? 0 : (lately.at(-1)?.id ?? 0);
    const older = oldest === 0 ? [] : await work.tables.tasks.openOfDevice(device.id);
    for (const task of [...lately, ...older.filter(({ id }) => id < oldest)]) {
      const terms = await this.#options.terms.of(work.tables, task.planId);
      tasks.push({
        taskId: String(task.id),
        component: task.component,
        targetVersion: versionOf(terms, task),
        state: task.state as Addressee["state"],
        order: task.id,
        task,
      });
    }
    return tasks;
  }

  /** Gives a device the tasks of dynamic plans that it matches now. @returns whether it got one */
  async #joinPlans(work: Work, device: NamedDevice): Promise<boolean> {
    let joined = false;
    const { active, terms: cache, matchers, turns } = this.#options;
    for (const planId of active.dynamicOf(device.row.productId)) {
      const terms = await cache.of(work.tables, planId);
      const { product, matcher } = await matchers.of(work.tables, terms);
      const tasks = await work.tables.taskLists.ofPlanAndDevices(planId, [device.id]);
      const facts = fleetDevice(product, device.row, await work.tables.components.of(device.id));
      const result = match(matcher, facts, tasks.map(taskOfPlan));
      if (!result.matches) continue;
      const added = await work.tables.tasks.insertMany(
        newTasks(terms, { device: device.row, wanted: result.wanted }, work.nowMs),
      );
      turns.run(planId).added(added.length);
      joined = true;
      await this.#options.journal.record(work, "task-created", { device, planId });
    }
    return joined;
  }
}
