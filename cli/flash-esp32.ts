#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { EXIT_FAILED, runProgram, UsageError } from "./command-line.js";
import { APPLICATION, checkBoard, checkIdf, environmentOf, findEsp32Sdk, mcconfigArguments } from "./esp32-sdk.js";
import { packageRoot } from "./sdk.js";
import { readIdentity } from "./files.js";

interface FlashOptions {
  readonly deviceInfo: string;
  readonly ssid: string;
  readonly password?: string;
  readonly firmwareVersion: string;
  readonly broker?: string;
  readonly board: string;
  readonly port?: string;
  readonly debug?: true;
  readonly build?: true;
}

const program = new Command("npm run flash --")
  .description("Builds examples/minimal by the Moddable SDK and ESP-IDF, and flashes it over USB.")
  .requiredOption("--device-info <file>", "the vendor's device_info.json, with auth_mode KEY")
  .requiredOption("--ssid <name>", "Wi-Fi network")
  .option("--password <text>", "of the Wi-Fi network")
  .option("--firmware-version <v>", "version that this firmware reports", "0.1.0")
  .option("--broker <url>", "mqtt://host[:port]; default: the platform's own")
  .option("--board <name>", "board of the SDK", "nodemcu")
  .option("--port <device>", "serial port; default: the one that the SDK finds")
  .option("--debug", "with the debugger xsbug, which shows what the firmware says")
  .option("--build", "build only: the image to upgrade to")
  .action(flash);

await runProgram(program);

function flash(options: FlashOptions): void {
  const sdk = findEsp32Sdk(process.env);
  checkBoard(sdk, options.board);
  const config = configOf(options);
  checkIdf(sdk, process.env);
  const output = join(packageRoot(), "dist", "esp32");
  mkdirSync(output, { recursive: true });
  const mode = ["-m", ...(options.debug ? ["-d"] : []), ...(options.build ? ["-t", "build"] : [])];
  const args = [...mode, ...mcconfigArguments({ board: options.board, output, config })];
  const env = { ...environmentOf(sdk, process.env), ...(options.port === undefined ? {} : { UPLOAD_PORT: options.port }) };
  const { status, error } = spawnSync("mcconfig", args, { env, stdio: "inherit" });
  if (error !== undefined) throw new Error(`mcconfig does not run: ${error.message}`);
  const image = join(output, "bin", "esp32", options.board, options.debug ? "debug" : "release", APPLICATION, "xs_esp32.bin");
  // mcconfig passes over some failures of ESP-IDF's build.
  if (status !== 0 || !existsSync(image)) {
    process.stderr.write(`${program.name()}: mcconfig failed, see above\n`);
    process.exitCode = EXIT_FAILED;
    return;
  }
  process.stdout.write(`image ${image}\n`);
}

/** What the application finds in mc/config. @throws UsageError */
function configOf(options: FlashOptions): { [name: string]: string } {
  const { productId, deviceName, authentication, region } = readIdentity(options.deviceInfo);
  if (authentication.mode !== "KEY") throw new UsageError(`${options.deviceInfo}: the example takes auth_mode KEY only`);
  return {
    productId,
    deviceName,
    deviceSecret: authentication.deviceSecret,
    version: options.firmwareVersion,
    ssid: options.ssid,
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(region === undefined ? {} : { region }),
    ...(options.broker === undefined ? {} : { broker: options.broker }),
  };
}
