import type { Command } from "commander";
import { count, headerField, seconds } from "../../command-line.js";
import { FAULTS_HELP, faultAdd, faultClear, faultList, url } from "../faults.js";
import { database, databaseFile, product, state } from "./options.js";

/** `ota-cloud fault` and `ota-cloud url` */
export function faultCommands(program: Command): void {
  const fault = program
    .command("fault")
    .description("Faults of a running cloud: what it does wrong, for whom and how often.");
  fault
    .command("add")
    .description("Add a fault. Of several that fit, the first one strikes.")
    .argument("<fault>", "one of those below")
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .option("--product <id>", "only for this product")
    .option("--device <name>", "only for this device of the product")
    .option("--times <n>", "how often it strikes; default: until it is cleared", count)
    .option("--bytes <n>", "bytes of the answer's body", count)
    .option("--bytes-per-second <n>", "rate of the body", count)
    .option("--status <n>", "status of the answer", count)
    .option("--header <field>", "a field of the answer; may be given several times", headerField)
    .option("--body <text>", "body of the answer")
    .option("--shift <n>", "bytes between the range asked for and the one sent", count)
    .option("--offset <n>", "offset in the file", count)
    .option("--hops <n>", "count of redirects", count)
    .option("--alert <n>", "a TLS alert", count)
    .option("--code <n>", "return code of CONNACK", count)
    .option("--ms <n>", "milliseconds", count)
    .option("--type <type>", "only messages of this type")
    .option("--at <moment>", "when the power goes off: now, offer or burning")
    .option("--percent <n>", "charge of the battery", count)
    .addHelpText("after", FAULTS_HELP)
    .action(faultAdd);
  fault
    .command("list")
    .description("Show the faults, how often each has struck and how often it still will.")
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .option("--json", "as one JSON list")
    .action(faultList);
  fault
    .command("clear")
    .description("Remove a fault, or all of them.")
    .argument("[id]", "its number in the list; default: all", count)
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .action(faultClear);

  program
    .command("url")
    .description(
      "Print a signed URL of a firmware, as a device gets it: for curl. Whoever has it can download the file.",
    )
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .addOption(product())
    .option("--version <v>", "the version; default: the one that the device is to be updated to")
    .option("--device <name>", "sign it for this device: it meets the faults for that device")
    .option("--lifetime <s>", "how long it is valid, in seconds; default: as --url-lifetime of serve", seconds)
    .action(url);
}
