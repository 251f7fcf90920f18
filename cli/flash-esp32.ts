#!/usr/bin/env node
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { runProgram, UsageError } from "./command-line.js";
import { build, checkPartitionTool, deploy, findPort, type Firmware, openDebugger, writeNvs } from "./esp32-deploy.js";
import { checkBoard, checkIdf, findEsp32Sdk } from "./esp32-sdk.js";
import { makeNvsImage, nvsLength } from "./nvs-image.js";
import { addProvisioningOptions, provisioningEntries, type ProvisioningOptions } from "./provision.js";
import { packageRoot } from "./sdk.js";

interface FlashOptions extends Omit<ProvisioningOptions, "deviceInfo"> {
  readonly deviceInfo?: string;
  readonly firmwareVersion: string;
  readonly board: string;
  readonly port?: string;
  readonly debug?: true;
  readonly build?: true;
}

const program = addProvisioningOptions(
  new Command("npm run flash --")
    .description(
      "Builds examples/minimal by the Moddable SDK and ESP-IDF and flashes it over USB, and beside it the board's identity and network.",
    )
    .option("--device-info <file>", "the vendor's device_info.json; not needed with --build"),
)
  .option("--firmware-version <v>", "version that this firmware reports", "0.1.0")
  .option("--board <name>", "board of the SDK", "nodemcu")
  .option("--port <device>", "serial port; default: the one that the SDK finds")
  .option("--debug", "with the debugger xsbug, which shows what the firmware says")
  .option("--build", "build only: the image to upgrade to, the same for all devices, without identity and network")
  .action(flash);

await runProgram(program);

/** All that can be wrong is found out before the minutes that a build takes. */
function flash(options: FlashOptions): void {
  const env = process.env;
  const sdk = findEsp32Sdk(env);
  checkBoard(sdk, options.board);
  const nvs = options.build ? undefined : nvsImageOf(options);
  checkIdf(sdk, env);
  const output = join(packageRoot(), "dist", "esp32");
  const config = { version: options.firmwareVersion };
  const firmware: Firmware = { sdk, env, board: options.board, output, config, debug: options.debug === true };
  if (nvs === undefined) {
    say(`image ${buildIn(firmware)}`);
    say("it is the same for every device: it holds no identity and no network");
    return;
  }
  checkPartitionTool(env);
  const port = findPort({ sdk, env }, options.port);
  const image = buildIn(firmware);
  deploy(firmware, port);
  writeNvs(firmware, port, nvs);
  say(`image ${image}`);
  say(`${port} runs it and is provisioned`);
  if (firmware.debug) openDebugger(firmware, port);
}

/** @throws UsageError, OtaError `usage` */
function nvsImageOf({ deviceInfo, ...options }: FlashOptions): Uint8Array {
  if (deviceInfo === undefined) throw new UsageError("say which device the board becomes: --device-info; or --build");
  if (options.ssid === undefined) throw new UsageError("the example has no network but Wi-Fi: say which by --ssid");
  return makeNvsImage(provisioningEntries({ ...options, deviceInfo }), nvsLength());
}

function buildIn(firmware: Firmware): string {
  mkdirSync(firmware.output, { recursive: true });
  return build(firmware);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
