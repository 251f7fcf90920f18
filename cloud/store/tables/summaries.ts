import { sql } from "kysely";
import type { Connection } from "./chunks.js";

export interface UnsuccessfulTasks {
  readonly planId: number;
  readonly state: string;
  readonly reason: string;
  readonly tasks: number;
}

/** Plans whose tasks may still change without an operator. */
const RUNNING = ["active", "paused", "halted"];

/** Counts over many plans and packages at once. None of them reads a row for each device or task. */
export class Summaries {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @param productId `product.id`; absent: of all products */
  async packagesByState(productId?: number): Promise<Record<string, number>> {
    let query = this.#database
      .selectFrom("package")
      .select(({ fn }) => ["state", fn.countAll().as("count")])
      .groupBy("state");
    if (productId !== undefined) query = query.where("productId", "=", productId);
    return Object.fromEntries((await query.execute()).map(({ state, count }) => [state, Number(count)]));
  }

  /**
   * @param productId `product.id`; absent: of all products
   * @returns how many tasks of each plan that runs are in each state
   */
  tasksOfRunningPlans(productId?: number): Promise<{ planId: number; state: string; tasks: number }[]> {
    let query = this.#database
      .selectFrom("taskCount")
      .innerJoin("plan", "plan.id", "taskCount.planId")
      .select(["taskCount.planId", "taskCount.state", "taskCount.tasks"])
      .where("plan.state", "in", RUNNING)
      .where("taskCount.tasks", ">", 0)
      .orderBy("taskCount.planId")
      .orderBy("taskCount.state");
    if (productId !== undefined) query = query.where("plan.productId", "=", productId);
    return query.execute();
  }

  /**
   * Why tasks failed or are silent, and why devices refused an image by its seal, in the plans that run and in those
   * that ended lately. It reads these tasks in an index, and no others.
   *
   * @returns the most frequent first
   */
  async unsuccessful(
    endedSince: number,
    { productId, limit }: { readonly productId?: number | undefined; readonly limit: number },
  ): Promise<UnsuccessfulTasks[]> {
    let query = this.#database
      .selectFrom("plan")
      .innerJoin("task", "task.planId", "plan.id")
      .select(({ fn }) => ["task.planId", "task.state", "task.reason", fn.countAll().as("tasks")])
      .where("task.state", "in", ["failed", "silent", "declined"])
      // Without a reason a person has said no.
      .where("task.reason", "is not", null)
      // As the index by result has it: an engine takes a partial index only if the query repeats its condition.
      .where("task.open", "=", sql.lit(0))
      .where((where) => where.or([where("plan.state", "in", RUNNING), where("plan.endedAt", ">=", endedSince)]))
      .groupBy(["task.planId", "task.state", "task.reason"])
      .orderBy("tasks", "desc")
      .orderBy("task.planId", "desc")
      .orderBy("task.state")
      .orderBy("task.reason")
      .limit(limit);
    if (productId !== undefined) query = query.where("plan.productId", "=", productId);
    return (await query.execute()).map(({ reason, tasks, ...rest }) => ({
      ...rest,
      reason: reason ?? "",
      tasks: Number(tasks),
    }));
  }

  /** @returns how many devices of each such plan refused a delta or a compressed image; the newest plan first */
  async variantsRefused(
    endedSince: number,
    { productId, limit }: { readonly productId?: number | undefined; readonly limit: number },
  ): Promise<{ readonly planId: number; readonly tasks: number }[]> {
    let query = this.#database
      .selectFrom("plan")
      .innerJoin("task", "task.planId", "plan.id")
      .select(({ fn }) => ["task.planId", fn.countAll().as("tasks")])
      .where("task.variantRefusal", "is not", null)
      .where((where) => where.or([where("plan.state", "in", RUNNING), where("plan.endedAt", ">=", endedSince)]))
      .groupBy("task.planId")
      .orderBy("task.planId", "desc")
      .limit(limit);
    if (productId !== undefined) query = query.where("plan.productId", "=", productId);
    return (await query.execute()).map(({ planId, tasks }) => ({ planId, tasks: Number(tasks) }));
  }

  /**
   * @returns how many devices of each such plan refused a package by its seal, unless the package is withdrawn; the
   *   newest plan first
   */
  async refused(
    endedSince: number,
    { productId, limit }: { readonly productId?: number | undefined; readonly limit: number },
  ): Promise<{ readonly planId: number; readonly tasks: number }[]> {
    let query = this.#database
      .selectFrom("plan")
      .innerJoin("task", "task.planId", "plan.id")
      .innerJoin("package", "package.id", "task.packageId")
      .select(({ fn }) => ["task.planId", fn.countAll().as("tasks")])
      .where("task.state", "=", "declined")
      .where("task.reason", "is not", null)
      .where("task.open", "=", sql.lit(0))
      .where("package.state", "!=", "withdrawn")
      .where((where) => where.or([where("plan.state", "in", RUNNING), where("plan.endedAt", ">=", endedSince)]))
      .groupBy("task.planId")
      .orderBy("task.planId", "desc")
      .limit(limit);
    if (productId !== undefined) query = query.where("plan.productId", "=", productId);
    return (await query.execute()).map(({ planId, tasks }) => ({ planId, tasks: Number(tasks) }));
  }
}
