import { migrate } from "../migrations/migrate.js";
import { openPostgres } from "./postgres-engine.js";

/**
 * Brings the tables of a database on a server to what this program needs.
 *
 * @returns from which version of the schema, and to which
 * @throws CloudError if a later version of the program has written it @throws StorageError if it cannot be reached
 */
export async function migrateServer(url: string): Promise<{ readonly from: number; readonly to: number }> {
  const engine = openPostgres({ url, answerTimeoutMs: 0 });
  try {
    return await migrate(engine);
  } finally {
    await engine.close();
  }
}
