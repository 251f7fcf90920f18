import { sql } from "kysely";
import type { NewTask, Task, TaskPatch } from "../schema.js";
import { type Connection, inChunks, PAGE_ROWS, type Page } from "./chunks.js";
import { compiledOnce, type Parameter } from "./compiled-once.js";
import { TaskCounts } from "./task-counts.js";

export interface TaskFilter {
  readonly states?: readonly string[];
  readonly component?: string;
  readonly open?: 0 | 1;
}

/** States in which a device works on a task, so that it counts toward the most in flight. */
export const IN_FLIGHT: readonly string[] = ["offered", "asked", "downloading", "burning", "trial"];

const SLOT_MS = 300_000;

const BY_ID = compiledOnce((database, id: number) => database.selectFrom("task").selectAll().where("id", "=", id));

const OPEN_OF_DEVICE = compiledOnce((database, deviceId: number) =>
  database.selectFrom("task").selectAll().where("deviceId", "=", deviceId).where("open", "=", sql.lit(1)).orderBy("id"),
);

const OF_DEVICE_LATELY = compiledOnce((database, deviceId: number, limit: number) =>
  database.selectFrom("task").selectAll().where("deviceId", "=", deviceId).orderBy("id", "desc").limit(limit),
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

  /** @returns all tasks that a device has ever had, the newest first */
  ofDevice(deviceId: number, { after, limit = PAGE_ROWS }: Page = {}): Promise<Task[]> {
    let query = this.#database
      .selectFrom("task")
      .selectAll()
      .where("deviceId", "=", deviceId)
      .orderBy("id", "desc")
      .limit(limit);
    if (after !== undefined) query = query.where("id", "<", after);
    return query.execute();
  }

  /** @returns a page in the order of `id` */
  ofPlan(planId: number, { after, limit = PAGE_ROWS }: Page = {}, filter: TaskFilter = {}): Promise<Task[]> {
    let query = this.#database.selectFrom("task").selectAll().where("planId", "=", planId).orderBy("id").limit(limit);
    if (filter.states !== undefined) query = query.where("state", "in", filter.states);
    if (filter.component !== undefined) query = query.where("component", "=", filter.component);
    if (filter.open !== undefined) query = query.where("open", "=", filter.open);
    if (after !== undefined) query = query.where("id", ">", after);
    return query.execute();
  }

  /** @returns the tasks that a plan has given to these devices, open or not */
  ofPlanAndDevices(planId: number, deviceIds: readonly number[]): Promise<Task[]> {
    return inChunks(deviceIds, (some) =>
      this.#database
        .selectFrom("task")
        .selectAll()
        .where("deviceId", "in", some)
        // By the devices' index: the plan's one would be read whole for each chunk.
        .where(sql<boolean>`plan_id + 0 = ${planId}`)
        .orderBy("id")
        .execute(),
    );
  }

  /** @param task as it was read in this transaction, if it was: its state is counted otherwise then */
  async update(id: number, patch: TaskPatch, task?: Pick<Task, "planId" | "state">): Promise<void> {
    const { state, deadlineAt } = patch;
    const before = state === undefined ? undefined : (task ?? (await this.byId(id)));
    await updateColumns(
      this.#database,
      id,
      deadlineAt === undefined ? patch : { ...patch, deadlineSlot: slotOf(deadlineAt) },
    );
    if (before === undefined || state === undefined || before.state === state) return;
    await this.#counts.add(before.planId, before.state, -1);
    await this.#counts.add(before.planId, state, 1);
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
      .where("deadlineSlot", "<=", Math.floor(now / SLOT_MS))
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

  /** @returns a page in the order of `id` */
  list(
    filter: { readonly planId?: number; readonly deviceId?: number; readonly state?: string },
    { after, limit = PAGE_ROWS }: Page = {},
  ): Promise<Task[]> {
    let query = this.#database.selectFrom("task").selectAll().orderBy("id").limit(limit);
    if (filter.planId !== undefined) query = query.where("planId", "=", filter.planId);
    if (filter.deviceId !== undefined) query = query.where("deviceId", "=", filter.deviceId);
    if (filter.state !== undefined) query = query.where("state", "=", filter.state);
    if (after !== undefined) query = query.where("id", ">", after);
    return query.execute();
  }

  /** @returns one task of each of these devices: an open one before those that have ended, then the latest plan's */
  latestOf(deviceIds: readonly number[]): Promise<Task[]> {
    return inChunks(deviceIds, (some) =>
      this.#database
        .selectFrom("task")
        .selectAll()
        .where("id", "in", (where) =>
          where
            .selectFrom(
              where
                .selectFrom("task as each")
                .select(({ fn }) => [
                  "each.id",
                  fn
                    .agg<number>("row_number")
                    .over((over) =>
                      over
                        .partitionBy("each.deviceId")
                        .orderBy("each.open", "desc")
                        .orderBy("each.planId", "desc")
                        .orderBy("each.id", "desc"),
                    )
                    .as("place"),
                ])
                .where("each.deviceId", "in", some)
                .as("placed"),
            )
            .select("placed.id")
            .where("placed.place", "=", 1),
        )
        .execute(),
    );
  }

  /** @returns the newest tasks of a device, open or not */
  ofDeviceLately(deviceId: number, limit: number): Promise<Task[]> {
    return OF_DEVICE_LATELY(this.#database, deviceId, limit);
  }
}

type Columns = { readonly [column: string]: Parameter | undefined };

/** By the names of their columns: there are few that change together. */
const UPDATES = new Map<string, (database: Connection, ...given: Parameter[]) => Promise<unknown>>();

async function updateColumns(database: Connection, id: number, columns: Columns): Promise<void> {
  const given = Object.entries(columns).filter((entry): entry is [string, Parameter] => entry[1] !== undefined);
  const names = given.map(([name]) => name);
  const key = names.join();
  let update = UPDATES.get(key);
  if (update === undefined) {
    update = compiledOnce((connection, taskId: Parameter, ...values: Parameter[]) =>
      connection
        .updateTable("task")
        .set(Object.fromEntries(names.map((name, index) => [name, values[index]])))
        .where("id", "=", taskId as number),
    );
    UPDATES.set(key, update);
  }
  await update(database, id, ...given.map(([, value]) => value));
}

function slotOf(deadlineAt: number | null | undefined): number | null {
  return deadlineAt === null || deadlineAt === undefined ? null : Math.floor(deadlineAt / SLOT_MS);
}
