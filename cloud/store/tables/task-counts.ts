import { sql } from "kysely";
import type { Connection } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";

const ADD = compiledOnce((database, planId: number, state: string, tasks: number) =>
  database
    .insertInto("taskCount")
    .values({ planId, state, tasks })
    .onConflict((conflict) =>
      conflict.columns(["planId", "state"]).doUpdateSet({ tasks: sql`task_count.tasks + ${tasks}` }),
    ),
);

/** Each state is another row: one statement for both, since a report waits for each. */
const MOVE = compiledOnce((database, planId: number, from: string, to: string) =>
  database
    .insertInto("taskCount")
    .values([
      { planId, state: from, tasks: -1 },
      { planId, state: to, tasks: 1 },
    ])
    .onConflict((conflict) =>
      conflict.columns(["planId", "state"]).doUpdateSet({ tasks: sql`task_count.tasks + excluded.tasks` }),
    ),
);

/** How many tasks of a plan are in each state. Who changes a task's state counts it here, in the same transaction. */
export class TaskCounts {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @returns the states that tasks are in */
  async of(planId: number): Promise<Record<string, number>> {
    const rows = await this.#database
      .selectFrom("taskCount")
      .select(["state", "tasks"])
      .where("planId", "=", planId)
      .where("tasks", ">", 0)
      .orderBy("state")
      .execute();
    return Object.fromEntries(rows.map(({ state, tasks }) => [state, Number(tasks)]));
  }

  async add(planId: number, state: string, tasks: number): Promise<void> {
    await ADD(this.#database, planId, state, tasks);
  }

  /** One task goes over from a state to another one. */
  async move(planId: number, from: string, to: string): Promise<void> {
    await MOVE(this.#database, planId, from, to);
  }

  /** @param each what each of them adds: 1, or -1 if they are removed */
  async addAll(tasks: readonly { readonly planId: number; readonly state: string }[], each = 1): Promise<void> {
    const sums = new Map<string, { planId: number; state: string; count: number }>();
    for (const { planId, state } of tasks) {
      const key = `${planId} ${state}`;
      const sum = sums.get(key) ?? { planId, state, count: 0 };
      sum.count += each;
      sums.set(key, sum);
    }
    for (const { planId, state, count } of sums.values()) await this.add(planId, state, count);
  }
}
