#!/usr/bin/env node
import { Command, Option } from "commander";
import { firmwareAdd, status, upgrade } from "./admin.js";
import { deviceAdd, deviceBind, deviceUnbind } from "./devices.js";
import { GATEWAY_FAULTS_HELP, gatewayFaults } from "./faults.js";
import { serve } from "./serve.js";
import { count, integer, names, runProgram, seconds } from "../command-line.js";

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

await runProgram(program);
