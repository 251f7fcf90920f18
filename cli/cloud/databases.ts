import { existsSync } from "node:fs";
import { join } from "node:path";
import { openState } from "../../cloud/state.js";
import { importFolder } from "../../cloud/store/import/import-folder.js";
import { migrateServer } from "../../cloud/store/postgres/migrate-server.js";
import { CloudError } from "../../cloud/types.js";
import { UsageError } from "../command-line.js";
import { type DatabaseChoice, databaseOf } from "./database.js";
import { STATE_FILES } from "./operator.js";

/** `ota-cloud migrate` */
export async function migrateDatabase(choice: DatabaseChoice): Promise<void> {
  const { from, to } = await migrateServer(urlOf(choice));
  say(from === to ? `the database has schema ${to} already` : `the database went from schema ${from} to ${to}`);
}

/** `ota-cloud import` */
export async function importState({ from, ...choice }: DatabaseChoice & { readonly from: string }): Promise<void> {
  const url = urlOf(choice);
  if (!STATE_FILES.some((name) => existsSync(join(from, name)))) {
    throw new CloudError(`${from} is no folder of a cloud: name the one of the cloud by --from`);
  }
  // The state of an earlier version becomes tables first.
  await (await openState(from)).store.close();
  let rows = 0;
  let tables = 0;
  await importFolder({
    folder: from,
    url,
    onTable: (name, sum) => {
      rows += sum.rows;
      tables += 1;
      say(`${name.padEnd(16)} ${String(sum.rows).padStart(9)} rows  sha256 ${sum.sha256}`);
    },
  });
  say(`${rows} rows of ${tables} tables are in the database, and the same as in ${from}`);
  say(`start the cloud with --database and with --state ${from}, which still has the packages' files`);
}

/** @throws UsageError if no database is named */
function urlOf(choice: DatabaseChoice): string {
  const url = databaseOf(choice);
  if (url === undefined) throw new UsageError("name the database by --database or --database-file");
  return url;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
