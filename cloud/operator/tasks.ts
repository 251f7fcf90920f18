import { WAITING_CAUSES } from "../fleet/task-types.js";
import type { WaitingReason } from "../fleet/waiting-reason.js";
import { nameAll } from "../rollout/named-device.js";
import { type NamedDevice, versionOf } from "../rollout/task-dispatch.js";
import type { PackageVariant, Task } from "../store/schema.js";
import { audit, type OperatorContext, productOf } from "./context.js";
import { mustExist as deviceMustExist } from "./devices.js";
import { nextOf, rowsOf } from "./pages.js";
import { mustExist as planMustExist } from "./plans.js";
import {
  type Actor,
  type Page,
  type Paged,
  type ReasonCount,
  Refusal,
  TASK_STATES,
  type TaskFilter,
  type TaskStateName,
  type TaskView,
} from "./types.js";

export class TaskRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async list({ planId, productId, device: name, state, reason }: TaskFilter, page: Page): Promise<Paged<TaskView>> {
    const { tables } = this.#context.transactions;
    const device = name === undefined ? undefined : await deviceMustExist(tables, name);
    const product = productId === undefined ? undefined : await productOf(tables, productId);
    const rows = rowsOf(page);
    const tasks = await tables.taskLists.list(
      { planId, deviceId: device?.id, productId: product?.id, state, reason: reason === "" ? null : reason },
      rows,
    );
    return { items: await this.views(tasks), ...nextOf(tasks, rows) };
  }

  async reasons(planId: number): Promise<ReasonCount[]> {
    const { tables } = this.#context.transactions;
    await planMustExist(tables, planId);
    const counts = (await tables.taskLists.reasonsOf(planId, WAITING_CAUSES)).map(
      ({ state, reason, tasks }): ReasonCount => ({ state: state as TaskStateName, reason: reason ?? "", tasks }),
    );
    const place = ({ state }: ReasonCount): number => TASK_STATES.indexOf(state);
    return counts.sort(
      (one, other) =>
        place(one) - place(other) || other.tasks - one.tasks || one.reason.localeCompare(other.reason, "en"),
    );
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
    const offered = tasks.flatMap(({ variantId }) => (variantId === null ? [] : [variantId]));
    const variants = new Map((await tables.variants.byIds([...new Set(offered)])).map((each) => [each.id, each]));
    const shown = tasks.flatMap((task) => {
      const device = devices.get(task.deviceId);
      return device === undefined ? [] : [{ task, device }];
    });
    const causes = await this.#causes(shown.filter(({ task }) => task.state === "waiting"));
    const views: TaskView[] = [];
    for (const { task, device } of shown) {
      views.push(await this.#view(task, device, variants.get(task.variantId ?? 0), causes.get(task.id)));
    }
    return views;
  }

  async #view(
    task: Task,
    device: NamedDevice,
    variant: PackageVariant | undefined,
    cause: WaitingReason | undefined,
  ): Promise<TaskView> {
    const { transactions, rollout } = this.#context;
    const terms = await rollout.terms.of(transactions.tables, task.planId);
    const { state, detail, percent, deadlineAt, nextTryAt, variantRefusal } = task;
    const isFailed = state === "failed" || state === "declined";
    return {
      id: task.id,
      planId: task.planId,
      productId: device.productId,
      deviceName: device.deviceName,
      component: task.component,
      state: state as TaskStateName,
      reason: reasonOf(task, cause),
      version: versionOf(terms, task),
      ...(percent === null ? {} : { percent }),
      attempt: task.attempt,
      ...(variant === undefined ? {} : { variant: offeredView(variant) }),
      ...(variantRefusal === null ? {} : { variantRefusal }),
      ...(isFailed ? { resultCode: state === "failed" ? (task.reason ?? "") : "-5", resultMessage: detail ?? "" } : {}),
      ...(deadlineAt === null ? {} : { deadlineAt }),
      ...(nextTryAt === null || nextTryAt === 0 ? {} : { nextTryAt }),
      updatedAt: task.updatedAt,
    };
  }

  #causes(waiting: readonly { readonly task: Task; readonly device: NamedDevice }[]) {
    const { transactions, rollout } = this.#context;
    const work = { tables: transactions.tables, nowMs: transactions.nowMs(), after: () => {} };
    return rollout.turns.reasonsOf(work, waiting);
  }
}

/** @param cause why a waiting task waits */
function reasonOf(task: Task, cause: WaitingReason | undefined): string {
  // The code of a refusal stands in its message too.
  if (task.state === "declined") return task.detail ?? "";
  const { reason, detail } = task.state === "waiting" ? { reason: undefined, detail: undefined, ...cause } : task;
  return [reason, detail].filter((part) => part).join(" ");
}

function offeredView({ form, sourceVersion, size }: PackageVariant): NonNullable<TaskView["variant"]> {
  return { form, ...(sourceVersion === "" ? {} : { sourceVersion }), size: size ?? 0 };
}
