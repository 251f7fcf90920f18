import { type Command, Option } from "commander";
import { ROLES } from "../../../cloud/operator/types.js";
import { count, positiveCount } from "../../command-line.js";
import { audit } from "../audit.js";
import { events, purge } from "../events.js";
import { tokenList, tokenNew, tokenRevoke } from "../tokens.js";
import { withCloud } from "./options.js";

/** `ota-cloud events` and `ota-cloud audit` */
export function historyCommands(program: Command): void {
  withCloud(program.command("events"))
    .description("Show what devices have sent, what they were offered and what was decided, the oldest first.")
    .option("--product <id>", "only those of this product")
    .option("--device <name>", "only those of this device")
    .option("--plan <id>", "only those of this plan", count)
    .option("--kind <kind>", "only those of this kind")
    .option("--newest", "the newest first")
    .option("--limit <n>", "at most so many", positiveCount)
    .option("--follow", "go on with new ones until SIGINT")
    .option("--json", "as JSON lines")
    .action(events);
  withCloud(program.command("purge"))
    .description("Remove old events: those before a time, or those of a plan. The audit stays.")
    .option("--older-than <days>", "events that are older than this", positiveCount)
    .option("--plan <id>", "events of this plan", count)
    .option("--json", "as one JSON object")
    .action(purge);
  withCloud(program.command("audit"))
    .description("Show who did what, when and from where.")
    .option("--json", "as JSON lines")
    .action(audit);
}

/** `ota-cloud token` */
export function tokenCommands(program: Command): void {
  const token = program.command("token").description("The tokens that let others use the API.");
  withCloud(token.command("new"))
    .description("Make a token, and print it. It is shown this once.")
    .addOption(
      new Option("--role <role>", "viewer reads; operator changes devices, packages and plans; admin may do all")
        .choices([...ROLES])
        .makeOptionMandatory(),
    )
    .option("--name <name>", "name of the token in the audit", "token")
    .option("--days <n>", "how long it is valid; default: until it is revoked", positiveCount)
    .option("--output <file>", "write it to this file, which only the user can read, instead of printing it")
    .option("--json", "as one JSON object")
    .action(tokenNew);
  withCloud(token.command("list"))
    .description("Show the tokens, without their text.")
    .option("--json", "as one JSON list")
    .action(tokenList);
  withCloud(token.command("revoke"))
    .description("Revoke a token: it is refused from now on.")
    .argument("<id>", "the token", count)
    .action(tokenRevoke);
}
