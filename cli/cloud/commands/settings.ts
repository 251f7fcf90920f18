import type { Command } from "commander";
import { settings } from "../settings.js";
import { percent } from "../../command-line.js";
import { keptDays, withCloud } from "./options.js";

/** `ota-cloud settings` */
export function settingsCommand(program: Command): void {
  withCloud(program.command("settings"))
    .description("Show the settings of the cloud, and change those that are given.")
    .option("--keep-events <days>", "for how many days the history is kept", keptDays)
    .option("--least-saving <percent>", "what a delta must save of the whole file to be offered", percent)
    .option("--json", "as one JSON object")
    .action(settings);
}
