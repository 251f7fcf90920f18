import type { Command } from "commander";
import { UsageError } from "../../command-line.js";
import { status } from "../admin.js";
import { statusWatch } from "../status-watch.js";
import { withCloud } from "./options.js";

/** `ota-cloud status` */
export function statusCommand(program: Command): void {
  withCloud(program.command("status"))
    .description("Show which version each device runs and how far its upgrade is.")
    .option("--json", "as one JSON object")
    .option("--watch", "show the cloud and its open plans, and go on showing what changes")
    .action(showOnceOrWatch);
}

type StatusOptions = Parameters<typeof status>[0] & Parameters<typeof statusWatch>[0] & { readonly watch?: boolean };

function showOnceOrWatch({ watch, ...options }: StatusOptions): Promise<void> {
  if (watch !== true) {
    if (options.api !== undefined || options.tokenFile !== undefined) throw new UsageError("--api is for --watch");
    return status(options);
  }
  if (options.json === true) throw new UsageError("--watch has no --json: see ota-cloud events --follow --json");
  return statusWatch(options);
}
