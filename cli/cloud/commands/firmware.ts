import { type Command, Option } from "commander";
import { count, integer, names } from "../../command-line.js";
import { firmwareAdd, upgrade } from "../admin.js";
import { product, withCloud } from "./options.js";

/** `ota-cloud firmware` and `ota-cloud upgrade` */
export function firmwareCommands(program: Command): void {
  const firmware = program.command("firmware").description("The firmware that devices can be updated to.");
  withCloud(firmware.command("add"))
    .description("Add a file as a version of a product.")
    .argument("<file>", "the image")
    .addOption(product())
    .requiredOption("--version <v>", "1 to 32 of [A-Za-z0-9._-]")
    .option("--from <version>", "a delta: only for devices that run this version")
    .option("--min-battery <percent>", "least battery level to install it", count)
    .option("--min-signal <dBm>", "least signal to download it", integer)
    .option("--space <bytes>", "room that the installation needs", count)
    .option("--component <id>", "the component that it is for, if the product has several")
    .option("--replace", "put the file in the place of another one of this version, unless a plan uses that")
    .addOption(new Option("--kind <kind>", "kind of the component").choices(["module", "mcu"]))
    .action(firmwareAdd);

  withCloud(program.command("upgrade"))
    .description(
      "Update devices to a version, in the console's three ways: --from, --from with --device, or --devices-file.",
    )
    .addOption(product())
    .requiredOption("--version <v>", "the version to update them to; it must have been added")
    .option("--from <versions>", "all devices that run, or will run, one of these versions, separated by commas", names)
    .option("--device <names>", "only these devices, separated by commas", names)
    .option("--devices-file <file>", "the devices named in this file, one a line, for any version that they run")
    .action(upgrade);
}
