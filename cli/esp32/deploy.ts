import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../command-line.js";
import { applicationOf, type BuildRequest, environmentOf, mcconfigArguments } from "./sdk.js";
import type { Sdk } from "../sdk.js";

/** ESP-IDF's tool for one partition of a board. ESP-IDF's export.sh supplies the Python that runs it. */
const PARTTOOL = join("components", "partition_table", "parttool.py");

/** Signals by which a user or the system ends a program. */
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Firmware extends BuildRequest {
  readonly sdk: Sdk;
  readonly env: NodeJS.ProcessEnv;
  /** Whether to build for the debugger xsbug. */
  readonly debug: boolean;
  /**
   * The serial port, if it is flashed. mcconfig writes it into the settings of ESP-IDF, which is configured anew, for
   * minutes, when one step is given another one than the step before.
   */
  readonly port: string | undefined;
}

/** A tool of the SDK or of ESP-IDF has failed, and has printed the reason itself. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/**
 * Finds the serial port for flashing. A given one must be a device, because the SDK would ignore any other without a
 * message and use another port. If none is given, the SDK searches each port for a board.
 *
 * @throws UsageError
 */
export function findPort({ sdk, env }: Pick<Firmware, "sdk" | "env">, given: string | undefined): string {
  if (given !== undefined) {
    if (!isDevice(given)) throw new UsageError(`${given} is no serial port: connect the board, or leave out --port`);
    return given;
  }
  // The script stores what it finds in this folder, but does not make the folder.
  mkdirSync(join(sdk.folder, "build", "tmp", "esp32"), { recursive: true });
  const script = join(sdk.folder, "build", "devices", "esp32", "config", "idfSerialPort");
  const { stdout } = spawnSync("bash", [script], {
    env: environmentOf(sdk, env),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = stdout?.trim().split("\n").at(-1) ?? "";
  if (!isDevice(port))
    throw new UsageError("no board was found on a serial port: connect it, or name its port with --port");
  return port;
}

function isDevice(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isCharacterDevice() === true;
}

/** @throws UsageError if the ESP-IDF lacks what flashing needs */
export function checkPartitionTool(env: NodeJS.ProcessEnv): void {
  const path = join(env["IDF_PATH"] as string, PARTTOOL);
  if (!existsSync(path)) throw new UsageError(`${path} is missing: install ESP-IDF again`);
  if (spawnSync("python", [path, "--help"], { env, stdio: "ignore" }).status !== 0) {
    throw new UsageError(`${path} does not run: source ${join(env["IDF_PATH"] as string, "export.sh")} first`);
  }
}

/** @returns the path of the application image @throws ToolError */
export function build(firmware: Firmware): string {
  const image = join(builtFolder(firmware), "xs_esp32.bin");
  // mcconfig ignores some failures of ESP-IDF's build. The image of an earlier build would then still be there.
  for (const stale of [image, ...linkedImages(firmware)]) rmSync(stale, { force: true });
  mcconfig(firmware, "build");
  if (!existsSync(image)) throw new ToolError("mcconfig built no image, see above");
  return image;
}

/** Flashes boot loader, partition table, empty otadata and the application. @throws ToolError */
export function deploy(firmware: Firmware): void {
  mcconfig(firmware, "deploy");
}

/** Shows the output of the firmware until the user ends it. @throws ToolError */
export function openDebugger(firmware: Firmware): void {
  mcconfig(firmware, "xsbug");
}

/**
 * Replaces the whole partition `nvs`, with everything that the board has stored there.
 *
 * @throws ToolError, also if a signal ends the tool
 */
export async function writeNvs(firmware: Firmware, port: string, nvs: Uint8Array): Promise<void> {
  const table = join(builtFolder(firmware), "partition-table.bin");
  let python: ChildProcess | undefined;
  // A signal would end this process before it has removed the secret. So it is passed on to the tool, whose failure
  // then ends this process. The terminal itself sends SIGINT to both.
  const passOn = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT") python?.kill(signal);
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, passOn);
  // The file holds the device's secret, so it is not put into the build folder.
  const folder = mkdtempSync(join(tmpdir(), "moddable-ota-nvs-"));
  try {
    const input = join(folder, "nvs.bin");
    writeFileSync(input, nvs, { mode: 0o600 });
    const tool = join(firmware.env["IDF_PATH"] as string, PARTTOOL);
    const source = existsSync(table) ? ["--partition-table-file", table] : [];
    const operation = ["write_partition", "--partition-name", "nvs", "--input", input];
    python = spawn("python", [tool, "--port", port, ...source, ...operation], { env: firmware.env, stdio: "inherit" });
    const [status] = await once(python, "close").catch((error: Error) => {
      throw new ToolError(`python does not run: ${error.message}`);
    });
    if (status !== 0) {
      throw new ToolError(
        "parttool.py failed, see above: the board runs the firmware, but without identity and network. Run the command again",
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    for (const signal of ENDING_SIGNALS) process.off(signal, passOn);
  }
}

function mcconfig(firmware: Firmware, target: string): void {
  const { sdk, debug, env, port } = firmware;
  const args = ["-m", ...(debug ? ["-d"] : []), "-t", target, ...mcconfigArguments(firmware)];
  const withPort = port === undefined ? env : { ...env, UPLOAD_PORT: port };
  const { status, error } = spawnSync("mcconfig", args, { env: environmentOf(sdk, withPort), stdio: "inherit" });
  if (error !== undefined) throw new ToolError(`mcconfig does not run: ${error.message}`);
  if (status !== 0) throw new ToolError(`mcconfig failed in its target ${target}, see above`);
}

/** @returns the folder into which mcconfig puts the result of a build */
function builtFolder({ output, board, debug, manifest }: Firmware): string {
  return join(output, "bin", "esp32", board, debug ? "debug" : "release", applicationOf(manifest));
}

/** @returns the images that ESP-IDF has linked and that mcconfig copies */
function linkedImages({ output, board, debug, manifest }: Firmware): string[] {
  const folder = join(output, "tmp", "esp32", board, debug ? "debug" : "release", applicationOf(manifest));
  const projects = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("xsProj-")) : [];
  return projects.map((project) => join(folder, project, "build", "xs_esp32.bin"));
}
