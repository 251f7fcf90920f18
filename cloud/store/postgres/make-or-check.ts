import { type Kysely, sql } from "kysely";
import { CloudError } from "../../types.js";
import type { Engine } from "../engine.js";
import { MIGRATIONS, migrate, refuseLater } from "../migrations/migrate.js";

/**
 * Makes the tables if there are none. Processes of an earlier version may work on the database, so that its schema is
 * changed only by a command.
 *
 * @throws CloudError if the database has another schema than this program needs
 */
export async function makeOrCheck(engine: Engine): Promise<void> {
  const known = await schemaVersionOf(engine);
  const to = MIGRATIONS.length;
  if (known === 0) await migrate(engine);
  else if (known < to) {
    throw new CloudError(`the database has schema ${known}, and this program needs ${to}: run ota-cloud migrate`);
  } else refuseLater(known, to);
}

/** @returns 0 if there are no tables */
export async function schemaVersionOf({ reader }: Engine): Promise<number> {
  const { rows: tables } = await sql<{ name: string | null }>`
    select to_regclass('schema_version')::text as name`.execute(reader);
  if ((tables[0]?.name ?? null) === null) return 0;
  const database = reader as unknown as Kysely<{ schemaVersion: { version: number } }>;
  const [known] = await database.selectFrom("schemaVersion").select("version").execute();
  return known === undefined ? 0 : Number(known.version);
}
