import { type Command, Option } from "commander";
import { REGISTRATION_MODES } from "../../../cloud/types.js";
import { positiveCount } from "../../command-line.js";
import { productSet } from "../products.js";
import { database, databaseFile, product, state } from "./options.js";

/** `ota-cloud product` */
export function productCommands(program: Command): void {
  const products = program.command("product").description("The products whose devices register themselves.");
  products
    .command("set")
    .description(
      "Say which devices of a product may register themselves by its secret; the first time makes the secret.",
    )
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .addOption(product())
    .addOption(
      new Option("--registration <mode>", "off: none; listed: those of `device add`; any: every name")
        .choices([...REGISTRATION_MODES])
        .default("listed"),
    )
    .option("--device-limit <n>", "most devices that may make themselves known with --registration any", positiveCount)
    .option("--chip <chip>", "chip of its boards, such as esp32s3: an image for another one is refused")
    .option("--time-zone <zone>", "IANA name, for the push windows of its devices")
    .option("--name <name>", "write a device_info.json for the device of this name")
    .option("--output <file>", "that file", "device_info.json")
    .action(productSet);
}
