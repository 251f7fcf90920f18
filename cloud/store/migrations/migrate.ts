import type { Kysely, Transaction } from "kysely";
import { CloudError } from "../../types.js";
import type { Engine } from "../engine.js";
import type { Schema } from "../schema.js";
import { tables } from "./0001-tables.js";
import { taskResults } from "./0002-task-results.js";
import { samples } from "./0003-samples.js";
import { browserSessions } from "./0004-browser-sessions.js";
import { tellings } from "./0005-tellings.js";
import { packageSeals } from "./0006-package-seals.js";
import { processes } from "./0007-processes.js";
import { packageVariants } from "./0008-package-variants.js";
import { variantRemovals } from "./0009-variant-removals.js";
import { offeredVariants } from "./0010-offered-variants.js";
import type { Migration } from "./migration.js";

export const MIGRATIONS: readonly Migration[] = [
  tables,
  taskResults,
  samples,
  browserSessions,
  tellings,
  packageSeals,
  processes,
  packageVariants,
  variantRemovals,
  offeredVariants,
];

/** From this version of the schema on, the transactions of all processes on a server go one after another. */
const WITH_TURNS = 7;

interface Versioned {
  schemaVersion: { version: number };
}

/**
 * Brings the schema to the version of this program, all steps in one transaction.
 *
 * @returns from which version, and to which; 0 is a database without tables
 * @throws CloudError if the database was written by a later version of the program
 */
export async function migrate(
  { writer, words, lockSchema, enter }: Engine,
  migrations = MIGRATIONS,
): Promise<{ readonly from: number; readonly to: number }> {
  const database = writer as unknown as Kysely<Versioned>;
  return database.transaction().execute(async (transaction) => {
    await lockSchema?.(transaction as unknown as Transaction<unknown>);
    await transaction.schema.createTable("schemaVersion").ifNotExists().addColumn("version", "bigint").execute();
    const [known] = await transaction.selectFrom("schemaVersion").select("version").execute();
    const from = known === undefined ? 0 : Number(known.version);
    const to = migrations.length;
    refuseLater(from, to);
    // A step locks tables one by one: a transaction that has begun could hold the next one, and wait for this one.
    if (from >= WITH_TURNS && from < to) await enter?.(transaction as unknown as Transaction<Schema>);
    for (const { up } of migrations.slice(from)) await up(transaction as unknown as Kysely<unknown>, words);
    if (from === to) return { from, to };
    if (known === undefined) await transaction.insertInto("schemaVersion").values({ version: to }).execute();
    else await transaction.updateTable("schemaVersion").set({ version: to }).execute();
    return { from, to };
  });
}

/** @throws CloudError if a later version of the program has written the database */
export function refuseLater(found: number, known: number): void {
  if (found <= known) return;
  throw new CloudError(
    `the database has schema ${found}, and this program knows up to ${known}: run the version that wrote it, or a later one`,
  );
}
