import type { Command } from "commander";
import { database, databaseFile } from "./options.js";
import type { DatabaseChoice } from "../database.js";

/** `ota-cloud migrate` and `ota-cloud import` */
export function databaseCommands(program: Command): void {
  program
    .command("migrate")
    .description("Bring the tables of a database to what this version of the program needs.")
    .addOption(database())
    .addOption(databaseFile())
    .action(async (options: DatabaseChoice) => {
      const { migrateDatabase } = await import("../databases.js");
      await migrateDatabase(options);
    });
  program
    .command("import")
    .description("Take the state of a folder over into an empty database, all of it or nothing.")
    .requiredOption("--from <dir>", "folder of the state, on which no cloud runs")
    .addOption(database())
    .addOption(databaseFile())
    .action(async (options: DatabaseChoice & { readonly from: string }) => {
      const { importState } = await import("../databases.js");
      await importState(options);
    });
}
