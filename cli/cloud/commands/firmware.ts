import { type Command, Option } from "commander";
import { count, files, integer, names } from "../../command-line.js";
import { firmwareAdd, upgrade } from "../admin.js";
import { firmwareDelta } from "../delta.js";
import { firmwareInspect, firmwareSign } from "../seal.js";
import { product, withCloud, withVariants } from "./options.js";

/** `ota-cloud firmware` and `ota-cloud upgrade` */
export function firmwareCommands(program: Command): void {
  const firmware = program.command("firmware").description("The firmware that devices can be updated to.");
  withVariants(withCloud(firmware.command("add")))
    .description("Add a file as a version of a product.")
    .argument("<file>", "the image")
    .addOption(product())
    .requiredOption("--version <v>", "1 to 32 of [A-Za-z0-9._-]")
    .option("--source-version <version>", "a delta: only for devices that run this version")
    .option("--from <version>", "the same as --source-version")
    .option("--min-battery <percent>", "least battery level to install it", count)
    .option("--min-signal <dBm>", "least signal to download it", integer)
    .option("--space <bytes>", "room that the installation needs", count)
    .option("--component <id>", "the component that it is for, if the product has several")
    .option("--replace", "put the file in the place of another one of this version, unless a plan uses that")
    .addOption(new Option("--kind <kind>", "kind of the component").choices(["module", "mcu"]))
    .option("--trust <file>", "refuse a file without a seal by this public key; repeat it: any of them", files)
    .option("--sign <key>", "seal the image first by this key; repeat it for further signatures", files)
    .option("--sign-with <command>", "with --sign NAME.pub: a command that signs, as for firmware sign")
    .option("--security-version <n>", "with --sign: as for firmware sign", count)
    .action(firmwareAdd);
  firmware
    .command("delta")
    .description("Make a delta: a package from which a board that runs the old image makes the new one.")
    .argument("<old>", "the image that the board runs")
    .argument("<new>", "the image that it shall run")
    .requiredOption("--output <file>", "the file for the package")
    .option("--from-version <v>", "version of the old image; what the image says, if absent")
    .option("--to-version <v>", "version of the new image; what the image says, if absent")
    .action(firmwareDelta);

  firmware
    .command("sign")
    .description("Put a seal behind an image: what it is for, which version it is, and its hash, signed by your keys.")
    .argument("<image>", "the image as it was built")
    .requiredOption("--key <file>", "key that signs, NAME.key; repeat it for further signatures, up to three", files)
    .option(
      "--sign-with <command>",
      "a command that signs for each --key that is only a public half (NAME.pub): it gets the bytes to sign on standard " +
        "input, their SHA-256 in OTA_SEAL_SHA256, and writes the signature: DER or r and s, as bytes or base64",
    )
    .requiredOption("--product <id>", "what the image is for: the product id, or the id of a component")
    .option("--version <v>", "default: the version in the image's descriptor")
    .option("--security-version <n>", "default: the secure version in the image's descriptor", count)
    .requiredOption("--output <file>", "file to write: the image and its seal")
    .action(firmwareSign);

  firmware
    .command("inspect")
    .description("Say what a firmware file is and what its seal says. The exit code is 1 if a device would refuse it.")
    .argument("<file>", "the image, with a seal or without")
    .option("--trust <file>", "public key to check the signatures with; repeat it: any of them", files)
    .option("--json", "print one JSON object")
    .action(firmwareInspect);

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
