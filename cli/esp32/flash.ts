#!/usr/bin/env node
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type Chip, chipName } from "../../hal/boards/family/chips.js";
import { appVersion, imageChipId } from "../../hal/boards/sim/app-image.js";
import { runProgram, UsageError } from "../command-line.js";
import { writeApplication } from "./application.js";
import { checkApplication, slotLengthOf } from "./application-check.js";
import { build, checkPartitionTool, deploy, findPort, type Firmware, openDebugger, writeNvs } from "./deploy.js";
import { addBoardOptions, type BoardChoice, chooseBoard } from "./board.js";
import { checkIdf, describeIgnored, findEsp32Sdk } from "./sdk.js";
import { checkRoom, type Room } from "./room.js";
import { makeNvsImage, nvsLength, type ProvisioningEntries } from "../nvs-image.js";
import {
  addProvisioningOptions,
  describeTrust,
  provisioningEntries,
  type ProvisioningOptions,
} from "../device/provision.js";
import { packageRoot } from "../sdk.js";

interface FlashOptions extends Omit<ProvisioningOptions, "deviceInfo">, BoardChoice {
  readonly deviceInfo?: string;
  readonly firmwareVersion: string;
  readonly partitions: string;
  readonly port?: string;
  readonly debug?: true;
  readonly build?: true;
}

const program = addBoardOptions(
  addProvisioningOptions(
    new Command("npm run flash --")
      .description(
        "Builds examples/minimal with the Moddable SDK and ESP-IDF, and flashes it over USB, together with the identity and the network of the board. If device_info.json has a productSecret and no deviceSecret, it is examples/registration: the board registers itself.",
      )
      .option("--device-info <file>", "the vendor's device_info.json; not needed with --build"),
  ),
)
  .option("--firmware-version <v>", "version of this firmware, as the image has it and the board reports it", "0.1.0")
  .option("--port <device>", "serial port; default: the one that the SDK finds")
  .option("--debug", "build for the debugger xsbug, which shows the firmware's log")
  .option(
    "--build",
    "only build the image that devices are updated to: it is the same for all, without identity and network",
  )
  .action(flash);

await runProgram(program);

/** Checks everything that can be checked before the build, because a build takes minutes. */
async function flash(options: FlashOptions): Promise<void> {
  const env = process.env;
  const sdk = findEsp32Sdk(env);
  const { board, chip } = chooseBoard(sdk, options);
  const entries = options.build ? undefined : entriesOf(options);
  const nvs = entries === undefined ? undefined : makeNvsImage(entries, nvsLength());
  checkIdf(sdk, env);
  const { firmwareVersion: version, partitions: table } = options;
  const debug = options.debug === true;
  const example = entries?.productSecret === undefined ? "minimal" : "registration";
  if (nvs !== undefined) checkPartitionTool(env);
  const port = nvs === undefined ? options.port : findPort({ sdk, env }, options.port);
  const ignored = describeIgnored(env);
  if (ignored !== undefined) say(`ignored: ${ignored}`);
  const trust = entries === undefined ? undefined : describeTrust(entries);
  if (trust !== undefined) process.stderr.write(`warning: ${trust}\n`);
  // This reports what the board lacks. Otherwise wrong settings would be errors in C, and a board with too little stack
  // would restart for ever.
  const { partitions, room } = checkApplication({ sdk, board, version, table, example, debug });
  say(`esp32/${board}: links; an image of about ${room.byteLength} bytes leaves ${room.freePercent} % of its slot`);
  const output = join(packageRoot(), "dist", "esp32");
  mkdirSync(output, { recursive: true });
  const manifest = writeApplication({ sdk, board, output, version, table, example, debug });
  const firmware: Firmware = { sdk, env, board, output, manifest, debug, port };
  const image = build(firmware);
  const built = checkImage(image, { version, chip, slotLength: slotLengthOf(partitions) });
  say(`version ${version}, ${built.byteLength} bytes, ${built.freePercent} % of its slot are free`);
  if (port === undefined || nvs === undefined) {
    say(`image ${image}`);
    say("the image is the same for every device: it holds no identity and no network");
    return;
  }
  deploy(firmware);
  await writeNvs(firmware, port, nvs);
  say(`image ${image}`);
  say(`the board at ${port} runs it, and has its identity and network`);
  if (firmware.debug) openDebugger(firmware);
}

/** @throws UsageError, OtaError `usage` */
function entriesOf({ deviceInfo, ...options }: FlashOptions): ProvisioningEntries {
  if (deviceInfo === undefined)
    throw new UsageError(
      "name the device that the board becomes with --device-info, or only build the image with --build",
    );
  if (options.ssid === undefined) throw new UsageError("the example uses Wi-Fi: name the network with --ssid");
  return provisioningEntries({ ...options, deviceInfo });
}

/** Checks the built image before it is flashed. @throws Error if it has another version or chip, or is too large */
function checkImage(path: string, wanted: { version: string; chip: Chip; slotLength: number }): Room {
  const image = readFileSync(path);
  const version = appVersion(image);
  if (version !== wanted.version) {
    throw new Error(
      `${path} has the version ${version ?? "none"}, not ${wanted.version}: remove its folder and build again`,
    );
  }
  const chipId = imageChipId(image) ?? NaN;
  if (chipId !== wanted.chip.id) {
    throw new Error(`${path} is an image for ${chipName(chipId)}, and the board has an ${wanted.chip.name}`);
  }
  return checkRoom({ byteLength: image.byteLength, slotLength: wanted.slotLength, isEstimate: false });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
