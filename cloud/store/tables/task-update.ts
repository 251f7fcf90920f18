import type { TaskPatch } from "../schema.js";
import type { Connection } from "./chunks.js";
import { compiledOnce, type Parameter } from "./compiled-once.js";

const SLOT_MS = 300_000;

type Columns = { readonly [column: string]: Parameter | undefined };

/** By the names of their columns: there are few that change together. */
const UPDATES = new Map<string, (database: Connection, ...given: Parameter[]) => Promise<unknown>>();

/** Changes columns of one task. A new deadline moves its slot too. */
export async function updateTask(database: Connection, id: number, patch: TaskPatch): Promise<void> {
  const { deadlineAt } = patch;
  const columns: Columns = deadlineAt === undefined ? patch : { ...patch, deadlineSlot: slotOf(deadlineAt) };
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

/** @returns the step of five minutes that a deadline is in */
export function slotOf(deadlineAt: number | null | undefined): number | null {
  return deadlineAt === null || deadlineAt === undefined ? null : Math.floor(deadlineAt / SLOT_MS);
}
