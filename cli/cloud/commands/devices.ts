import { type Command, Option } from "commander";
import { positiveCount, UsageError } from "../../command-line.js";
import { deviceAddMany } from "../device-batch.js";
import { deviceList, deviceLog, deviceRemove, deviceSet } from "../device-list.js";
import { deviceAdd, deviceBind, deviceUnbind } from "../devices.js";
import { database, databaseFile, product, state, withCloud } from "./options.js";

const MANY_HELP = `
Many devices at once:
  --count N --prefix X     N devices X1, X2, … by one request
  --names-file FILE        the names of FILE, one a line
Their secrets go to --output (default: devices.jsonl, one device_info.json a line), or to --output-folder.
Only the user can read these files.`;

/** `ota-cloud device` */
export function deviceCommands(program: Command): void {
  const device = program.command("device").description("The devices that may connect.");
  device
    .command("add")
    .description("Register a device and write its device_info.json, or register an existing one.")
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .option("--product <id>", "product id, 10 of [A-Z0-9]")
    .option("--name <name>", "device name, 1 to 48 of [A-Za-z0-9_-]")
    .option("--output <file>", "file for the identity; default: device_info.json, or no file with --gateway")
    .option("--device-info <file>", "register the device of this file instead")
    .option(
      "--gateway <gateway>",
      "bind it to this gateway: PRODUCT/NAME, or its device_info.json, which then lists it",
    )
    .option("--count <n>", "register so many devices, named PREFIX and a number", positiveCount)
    .option("--prefix <text>", "what their names begin with")
    .option("--names-file <file>", "register the devices named in this file, one a line")
    .option(
      "--output-folder <dir>",
      "with --count or --names-file: NAME/device_info.json for each, instead of one file",
    )
    .option("--api <url>", "with --count or --names-file: a cloud on another machine")
    .option("--token-file <file>", "file with a token of that cloud")
    .addHelpText("after", MANY_HELP)
    .action(addOneOrMany);
  for (const [name, description, action] of [
    ["bind", "Bind a registered device to a gateway, as its sub-device.", deviceBind],
    ["unbind", "Unbind a sub-device from its gateway.", deviceUnbind],
  ] as const) {
    device
      .command(name)
      .description(description)
      .addOption(state())
      .addOption(database())
      .addOption(databaseFile())
      .addOption(product())
      .requiredOption("--name <name>", "the sub-device")
      .addOption(
        new Option(
          "--gateway <gateway>",
          "PRODUCT/NAME, or its device_info.json, whose list of sub-devices is updated",
        ).makeOptionMandatory(name === "bind"),
      )
      .action(action);
  }

  withCloud(device.command("list"))
    .description("Show the devices that are registered.")
    .option("--product <id>", "only those of this product")
    .option("--text <text>", "only those whose names hold this")
    .option("--version <v>", "only those that run this version")
    .option("--online", "only those that are connected")
    .option("--no-online", "only those that are not")
    .option("--json", "as one JSON list")
    .action((options: Parameters<typeof deviceList>[0]) => deviceList(options));
  withCloud(device.command("set"))
    .description("Say in which time zone a device is, which language its person reads, or a note about it.")
    .addOption(product())
    .requiredOption("--name <name>", "the device")
    .option("--time-zone <zone>", "IANA name, such as Asia/Shanghai, for the push window of plans")
    .option("--language <tag>", "such as zh or en, for the texts of plans that ask")
    .option("--note <text>", "at most 256 characters")
    .option("--json", "as one JSON object")
    .action(deviceSet);
  withCloud(device.command("remove"))
    .description("Remove a device: it can connect no more.")
    .addOption(product())
    .requiredOption("--name <name>", "the device")
    .action(deviceRemove);
  withCloud(device.command("log"))
    .description("Show all that is known of a device: its messages, its offers, and what was decided.")
    .addOption(product())
    .requiredOption("--name <name>", "the device")
    .option("--json", "as JSON lines")
    .action(deviceLog);
}

type AddOptions = Parameters<typeof deviceAdd>[0] & Parameters<typeof deviceAddMany>[0];

function addOneOrMany(options: AddOptions): Promise<void> {
  const { count, namesFile, prefix, outputFolder, api, tokenFile, name, deviceInfo, gateway } = options;
  if (count === undefined && namesFile === undefined) {
    const only = Object.entries({ prefix, outputFolder, api, tokenFile }).find(([, value]) => value !== undefined);
    if (only !== undefined) throw new UsageError("--prefix, --output-folder and --api are for --count or --names-file");
    return deviceAdd(options);
  }
  if (name !== undefined || deviceInfo !== undefined || gateway !== undefined) {
    throw new UsageError("--name, --device-info and --gateway are for one device");
  }
  return deviceAddMany(options);
}
