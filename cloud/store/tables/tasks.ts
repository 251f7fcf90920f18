import { sql } from "kysely";
import type { NewTask, Task, TaskPatch } from "../schema.js";
import { type Connection, inChunks } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";
import { TaskCounts } from "./task-counts.js";
import { slotOf, updateTask } from "./task-update.js";

const BY_ID = compiledOnce((database, id: number) => database.selectFrom("task").selectAll().where("id", "=", id));

const OPEN_OF_DEVICE = compiledOnce((database, deviceId: number) =>
  database.selectFrom("task").selectAll().where("deviceId", "=", deviceId).where("open", "=", sql.lit(1)).orderBy("id"),
);

/** Conditions of partial indexes are literals: by a parameter the engine cannot know that the index has the row. */
export class Tasks {
  readonly #database: Connection;
  readonly #counts: TaskCounts;

  constructor(database: Connection) {
    this.#database = database;
    this.#counts = new TaskCounts(database);
  }

  /**
   * Leaves out a task if its device has an open one for the component already.
   *
   * @returns those that were added
   */
  async insertMany(tasks: readonly NewTask[]): Promise<Task[]> {
    const added = await inChunks(tasks, (some) =>
      this.#database
        .insertInto("task")
        .values(some.map((task) => ({ ...task, deadlineSlot: slotOf(task.deadlineAt) })))
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .execute(),
    );
    await this.#counts.addAll(added);
    return added;
  }

  async byId(id: number): Promise<Task | undefined> {
    return (await BY_ID(this.#database, id))[0];
  }

  openOf(deviceId: number, component: string): Promise<Task | undefined> {
    return this.#database
      .selectFrom("task")
      .selectAll()
      .where("deviceId", "=", deviceId)
      .where("component", "=", component)
      .where("open", "=", sql.lit(1))
      .executeTakeFirst();
  }

  /** @returns the open tasks of a device, in the order in which they were made */
  openOfDevice(deviceId: number): Promise<Task[]> {
    return OPEN_OF_DEVICE(this.#database, deviceId);
  }

  openOfDevices(deviceIds: readonly number[]): Promise<Task[]> {
    return inChunks(deviceIds, (some) =>
      this.#database
        .selectFrom("task")
        .selectAll()
        .where("deviceId", "in", some)
        .where("open", "=", sql.lit(1))
        .orderBy("deviceId")
        .orderBy("id")
        .execute(),
    );
  }

  /** @param task as it was read in this transaction, if it was: its state is counted otherwise then */
  async update(id: number, patch: TaskPatch, task?: Pick<Task, "planId" | "state">): Promise<void> {
    const { state } = patch;
    const before = state === undefined ? undefined : (task ?? (await this.byId(id)));
    await updateTask(this.#database, id, patch);
    if (before === undefined || state === undefined || before.state === state) return;
    await this.#counts.move(before.planId, before.state, state);
  }

  /** Removes the tasks of a device that is removed itself. */
  async removeOfDevice(deviceId: number): Promise<void> {
    const removed = await this.#database
      .deleteFrom("task")
      .where("deviceId", "=", deviceId)
      .returning(["planId", "state"])
      .execute();
    await this.#counts.addAll(removed, -1);
  }

  countsByState(planId: number): Promise<Record<string, number>> {
    return this.#counts.of(planId);
  }

  /** @returns how many tasks of active plans are in each state */
  async countsOfActivePlans(): Promise<Record<string, number>> {
    const rows = await this.#database
      .selectFrom("taskCount")
      .innerJoin("plan", "plan.id", "taskCount.planId")
      .select(({ fn }) => ["taskCount.state", fn.sum("taskCount.tasks").as("count")])
      .where("plan.state", "=", sql.lit("active"))
      .groupBy("taskCount.state")
      .execute();
    return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
  }

  /** @returns the open tasks whose deadline has come, the earliest first */
  due(now: number, limit: number): Promise<Task[]> {
    return this.#database
      .selectFrom("task")
      .selectAll()
      .where("open", "=", sql.lit(1))
      .where("deadlineSlot", "is not", null)
      .where("deadlineSlot", "<=", slotOf(now))
      .where("deadlineAt", "<=", now)
      .orderBy("deadlineAt")
      .orderBy("id")
      .limit(limit)
      .execute();
  }

  /**
   * @param after the last one of the page before
   * @returns the waiting tasks of a plan whose time has come, in the order of that time
   */
  waitingDue(
    planId: number,
    now: number,
    limit: number,
    after: { readonly nextTryAt: number; readonly id: number } = { nextTryAt: -1, id: 0 },
  ): Promise<Task[]> {
    return this.#database
      .selectFrom("task")
      .selectAll()
      .where("planId", "=", planId)
      .where("state", "=", sql.lit("waiting"))
      .where("nextTryAt", "<=", now)
      .where((where) =>
        where.or([
          where("nextTryAt", ">", after.nextTryAt),
          where.and([where("nextTryAt", "=", after.nextTryAt), where("id", ">", after.id)]),
        ]),
      )
      .orderBy("nextTryAt")
      .orderBy("id")
      .limit(limit)
      .execute();
  }

  /** @returns how many waiting tasks of a plan were never offered */
  async untried(planId: number): Promise<number> {
    const row = await this.#database
      .selectFrom("task")
      .select(({ fn }) => fn.countAll().as("count"))
      .where("planId", "=", planId)
      .where("state", "=", sql.lit("waiting"))
      .where("attempt", ">", sql.lit(0))
      .executeTakeFirstOrThrow();
    const { waiting = 0 } = await this.countsByState(planId);
    return waiting - Number(row.count);
  }

  /** @returns when the tasks of a plan were last offered, if that was at this time or later; the earliest first */
  async offersSince(planId: number, at: number): Promise<number[]> {
    const rows = await this.#database
      .selectFrom("task")
      .select("offeredAt")
      .where("planId", "=", planId)
      .where("offeredAt", "is not", null)
      .where("offeredAt", ">=", at)
      .orderBy("offeredAt")
      .execute();
    return rows.map(({ offeredAt }) => Number(offeredAt));
  }
}
