import type { Kysely } from "kysely";
import { CloudError } from "../../types.js";
import type { Engine } from "../engine.js";
import { tables } from "./0001-tables.js";
import type { Migration } from "./migration.js";

export const MIGRATIONS: readonly Migration[] = [tables];

interface Versioned {
  schemaVersion: { version: number };
}

/**
 * Brings the schema to the version of this program, all steps in one transaction.
 *
 * @throws CloudError if the database was written by a later version of the program
 */
export async function migrate({ writer, words }: Engine, migrations = MIGRATIONS): Promise<void> {
  const database = writer as unknown as Kysely<Versioned>;
  await database.transaction().execute(async (transaction) => {
    await transaction.schema.createTable("schemaVersion").ifNotExists().addColumn("version", "bigint").execute();
    const [known] = await transaction.selectFrom("schemaVersion").select("version").execute();
    const from = known === undefined ? 0 : Number(known.version);
    const to = migrations.length;
    if (from > to) {
      throw new CloudError(
        `the database has schema ${from}, and this program knows up to ${to}: run the version that wrote it, or a later one`,
      );
    }
    for (const { up } of migrations.slice(from)) await up(transaction as unknown as Kysely<unknown>, words);
    if (from === to) return;
    if (known === undefined) await transaction.insertInto("schemaVersion").values({ version: to }).execute();
    else await transaction.updateTable("schemaVersion").set({ version: to }).execute();
  });
}
