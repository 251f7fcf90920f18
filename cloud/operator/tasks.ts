import { nameAll } from "../rollout/named-device.js";
import { type NamedDevice, versionOf } from "../rollout/task-dispatch.js";
import type { Task } from "../store/schema.js";
import type { DeviceName } from "../types.js";
import { audit, type OperatorContext } from "./context.js";
import { mustExist as deviceMustExist } from "./devices.js";
import { mustExist as planMustExist } from "./plans.js";
import { type Actor, type Page, type Paged, Refusal, type TaskStateName, type TaskView } from "./types.js";

const PAGE_LIMIT = 1000;

export class TaskRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async list(
    filter: { readonly planId?: number; readonly device?: DeviceName; readonly state?: TaskStateName },
    { after, limit = 100 }: Page,
  ): Promise<Paged<TaskView>> {
    const { tables } = this.#context.transactions;
    const device = filter.device === undefined ? undefined : await deviceMustExist(tables, filter.device);
    const most = Math.min(limit, PAGE_LIMIT);
    const tasks = await tables.tasks.list(
      {
        ...(filter.planId === undefined ? {} : { planId: filter.planId }),
        ...(device === undefined ? {} : { deviceId: device.id }),
        ...(filter.state === undefined ? {} : { state: filter.state }),
      },
      { limit: most, ...(after === undefined ? {} : { after }) },
    );
    const next = tasks.length === most ? tasks.at(-1)?.id : undefined;
    return { items: await this.views(tasks), ...(next === undefined ? {} : { next }) };
  }

  async cancel(id: number, actor: Actor): Promise<TaskView> {
    const { transactions, rollout } = this.#context;
    const cancelled = await transactions.run(async (work) => {
      const task = await work.tables.tasks.byId(id);
      const row = task === undefined ? undefined : await work.tables.devices.byId(task.deviceId);
      if (task === undefined || row === undefined) throw new Refusal("not-found", `there is no task ${id}`);
      const [device] = await nameAll(work.tables, [row]);
      const { step, task: stored } = await rollout.tasks.dispatch(work, task, device as NamedDevice, {
        type: "cancel-commanded",
      });
      if (step.answer.kind === "refused")
        throw new Refusal("conflict", `the task cannot be cancelled: ${step.answer.because}`);
      await audit(work, actor, "task-cancel", String(id));
      return stored;
    });
    return (await this.views([cancelled]))[0] as TaskView;
  }

  /** Lets the failed and silent ones of these tasks, which belong to a plan, be tried again. */
  async retry(planId: number, ids: readonly number[], actor: Actor): Promise<void> {
    const { transactions, rollout } = this.#context;
    await transactions.run(async (work) => {
      const plan = await planMustExist(work.tables, planId);
      const reopened = await rollout.plans.dispatch(work, plan, { type: "reopening-commanded" });
      if (reopened.answer.kind === "refused") {
        throw new Refusal("conflict", `the plan cannot be taken up again: ${reopened.answer.because}`);
      }
      for (const id of ids) {
        const task = await work.tables.tasks.byId(id);
        const row = task === undefined ? undefined : await work.tables.devices.byId(task.deviceId);
        if (task === undefined || row === undefined || task.planId !== planId) {
          throw new Refusal("not-found", `plan ${planId} has no task ${id}`);
        }
        const [device] = await nameAll(work.tables, [row]);
        const { step } = await rollout.tasks.dispatch(work, task, device as NamedDevice, { type: "retry-commanded" });
        if (step.answer.kind === "refused") {
          throw new Refusal("conflict", `task ${id} cannot be tried again: ${step.answer.because}`);
        }
      }
      await audit(work, actor, "plan-retry", String(planId), { tasks: ids });
    });
  }

  /** @returns what an operator sees of tasks, in the same order; why one waits is computed now */
  async views(tasks: readonly Task[]): Promise<TaskView[]> {
    const { tables } = this.#context.transactions;
    const rows = await tables.devices.byIds([...new Set(tasks.map(({ deviceId }) => deviceId))]);
    const devices = new Map((await nameAll(tables, rows)).map((device) => [device.id, device]));
    const views: TaskView[] = [];
    for (const task of tasks) {
      const device = devices.get(task.deviceId);
      if (device !== undefined) views.push(await this.#view(task, device));
    }
    return views;
  }

  async #view(task: Task, device: NamedDevice): Promise<TaskView> {
    const { transactions, rollout } = this.#context;
    const { tables } = transactions;
    const terms = await rollout.terms.of(tables, task.planId);
    const { state, detail, percent, deadlineAt, nextTryAt } = task;
    const isFailed = state === "failed" || state === "declined";
    return {
      id: task.id,
      planId: task.planId,
      productId: device.productId,
      deviceName: device.deviceName,
      component: task.component,
      state: state as TaskStateName,
      reason: await this.#reason(task, device),
      version: versionOf(terms, task),
      ...(percent === null ? {} : { percent }),
      attempt: task.attempt,
      ...(isFailed ? { resultCode: state === "failed" ? (task.reason ?? "") : "-5", resultMessage: detail ?? "" } : {}),
      ...(deadlineAt === null ? {} : { deadlineAt }),
      ...(nextTryAt === null || nextTryAt === 0 ? {} : { nextTryAt }),
      updatedAt: task.updatedAt,
    };
  }

  async #reason(task: Task, device: NamedDevice): Promise<string> {
    if (task.state !== "waiting") return [task.reason, task.detail].filter((part) => part).join(" ");
    const { transactions, rollout } = this.#context;
    const work = { tables: transactions.tables, nowMs: transactions.nowMs(), after: () => {} };
    const why = await rollout.turns.reasonOf(work, task, device);
    return [why?.reason, why?.detail].filter((part) => part).join(" ");
  }
}
