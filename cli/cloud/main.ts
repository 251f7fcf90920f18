#!/usr/bin/env node
import { Command, Option } from "commander";
import { firmwareAdd, status, upgrade } from "./admin.js";
import { deviceAdd, deviceBind, deviceUnbind } from "./devices.js";
import { faultAdd, faultClear, FAULTS_HELP, faultList, url } from "./faults.js";
import { GATEWAY_FAULTS_HELP, gatewayFaults } from "./gateway-faults.js";
import { productSet } from "./products.js";
import { serve } from "./serve.js";
import { REGISTRATION_MODES } from "../../cloud/types.js";
import { count, headerField, integer, names, positiveCount, runProgram, seconds } from "../command-line.js";

const program = new Command("ota-cloud").description("A local stand-in for Tencent Cloud IoT's OTA platform.");

const state = (): Option => new Option("--state <dir>", "folder of the cloud's state").default("cloud-state");
const product = (): Option => new Option("--product <id>", "product id, 10 of [A-Z0-9]").makeOptionMandatory();

program
  .command("serve")
  .description("Run the MQTT broker and the file server until SIGINT or SIGTERM.")
  .addOption(state())
  .option("--listen <address>", "address to listen on", "127.0.0.1")
  .option("--public-host <host>", "host in the URLs that devices get; default: the address listened on")
  .option("--mqtt-port <n>", "0 takes any free port", count, 1883)
  .option("--http-port <n>", "0 takes any free port", count, 8080)
  .option("--broker <url>", "use this MQTT broker instead of the built-in one")
  .option("--tls-cert <file>", "PEM: serve mqtts and https")
  .option("--tls-key <file>", "PEM, belongs to --tls-cert")
  .option("--client-ca <file>", "PEM: accept device certificates that it signed")
  .option("--url-lifetime <s>", "how long a signed URL is valid, in seconds", seconds, 86400)
  .option("--gateway-faults <list>", GATEWAY_FAULTS_HELP, gatewayFaults)
  .option("--faults <file>", "faults from the start, as a list in JSON: those of `fault add --help`")
  .option("--verbose", "print every message, request and warning")
  .action(serve);

const device = program.command("device").description("The devices that may connect.");
device
  .command("add")
  .description("Register a device and write its device_info.json, or register an existing one.")
  .addOption(state())
  .option("--product <id>", "product id, 10 of [A-Z0-9]")
  .option("--name <name>", "device name, 1 to 48 of [A-Za-z0-9_-]")
  .option("--output <file>", "file for the identity; default: device_info.json, or no file with --gateway")
  .option("--device-info <file>", "register the device of this file instead")
  .option("--gateway <gateway>", "bind it to this gateway: PRODUCT/NAME, or its device_info.json, which then lists it")
  .action(deviceAdd);
for (const [name, description, action] of [
  ["bind", "Bind a registered device to a gateway, as its sub-device.", deviceBind],
  ["unbind", "Unbind a sub-device from its gateway.", deviceUnbind],
] as const) {
  device
    .command(name)
    .description(description)
    .addOption(state())
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

const products = program.command("product").description("The products whose devices register themselves.");
products
  .command("set")
  .description("Say which devices of a product may register themselves by its secret; the first time makes the secret.")
  .addOption(state())
  .addOption(product())
  .addOption(
    new Option("--registration <mode>", "off: none; listed: those of `device add`; any: every name")
      .choices([...REGISTRATION_MODES])
      .default("listed"),
  )
  .option("--device-limit <n>", "most devices that may make themselves known with --registration any", positiveCount)
  .option("--name <name>", "write a device_info.json for the device of this name")
  .option("--output <file>", "that file", "device_info.json")
  .action(productSet);

const firmware = program.command("firmware").description("The firmware that devices can be updated to.");
firmware
  .command("add")
  .description("Add a file as a version of a product.")
  .argument("<file>", "the image")
  .addOption(state())
  .addOption(product())
  .requiredOption("--version <v>", "1 to 32 of [A-Za-z0-9._-]")
  .option("--from <version>", "a delta: only for devices that run this version")
  .option("--min-battery <percent>", "least battery level to install it", count)
  .option("--min-signal <dBm>", "least signal to download it", integer)
  .option("--space <bytes>", "room that the installation needs", count)
  .option("--component <id>", "the component that it is for, if the product has several")
  .addOption(new Option("--kind <kind>", "kind of the component").choices(["module", "mcu"]))
  .action(firmwareAdd);

program
  .command("upgrade")
  .description(
    "Update devices to a version, in the console's three ways: --from, --from with --device, or --devices-file.",
  )
  .addOption(state())
  .addOption(product())
  .requiredOption("--version <v>", "the version to update them to; it must have been added")
  .option("--from <versions>", "all devices that run, or will run, one of these versions, separated by commas", names)
  .option("--device <names>", "only these devices, separated by commas", names)
  .option("--devices-file <file>", "the devices named in this file, one a line, for any version that they run")
  .action(upgrade);

program
  .command("status")
  .description("Show which version each device runs and how far its upgrade is.")
  .addOption(state())
  .option("--json", "as one JSON object")
  .action(status);

const fault = program
  .command("fault")
  .description("Faults of a running cloud: what it does wrong, for whom and how often.");
fault
  .command("add")
  .description("Add a fault. Of several that fit, the first one strikes.")
  .argument("<fault>", "one of those below")
  .addOption(state())
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
  .addHelpText("after", FAULTS_HELP)
  .action(faultAdd);
fault
  .command("list")
  .description("Show the faults, how often each has struck and how often it still will.")
  .addOption(state())
  .option("--json", "as one JSON list")
  .action(faultList);
fault
  .command("clear")
  .description("Remove a fault, or all of them.")
  .argument("[id]", "its number in the list; default: all", count)
  .addOption(state())
  .action(faultClear);

program
  .command("url")
  .description("Print a signed URL of a firmware, as a device gets it: for curl. Whoever has it can download the file.")
  .addOption(state())
  .addOption(product())
  .option("--version <v>", "the version; default: the one that the device is to be updated to")
  .option("--device <name>", "sign it for this device: it meets the faults for that device")
  .option("--lifetime <s>", "how long it is valid, in seconds; default: as --url-lifetime of serve", seconds)
  .action(url);

await runProgram(program);
