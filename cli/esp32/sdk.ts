import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { UsageError } from "../command-line.js";
import { findSdk, type Sdk } from "../sdk.js";

const SEE = "see docs/board.md, Build and flash";
const TOOL_NAMES = ["mcconfig", "xsc", "xsid", "xsl"];

export interface Esp32Sdk extends Sdk {
  /** Tag of the ESP-IDF that the SDK builds with. */
  readonly idfVersion: string;
}

export interface BuildRequest {
  /** Folder of the SDK's build/devices/esp32/targets. */
  readonly board: string;
  /** Folder for everything that is built. */
  readonly output: string;
  /** Path of the manifest. The name of its folder is the name of the application. */
  readonly manifest: string;
}

/** The application that is linked and flashed. */
export const APPLICATION = "minimal";

/**
 * Environment variables that override the sdkconfig and the partition table of a manifest. They are ignored, because
 * this application has its own.
 */
const IGNORED = ["SDKCONFIGPATH", "PARTITIONS_FILE"] as const;

/** @throws UsageError that names what to install */
export function findEsp32Sdk(env: NodeJS.ProcessEnv): Esp32Sdk {
  const sdk = findSdk(env, { see: SEE, tools: TOOL_NAMES, parts: [] });
  return { ...sdk, idfVersion: idfVersionOf(sdk.folder) };
}

/** @throws UsageError that names what to install */
export function checkIdf(sdk: Esp32Sdk, env: NodeJS.ProcessEnv): void {
  const folder = env["IDF_PATH"];
  if (folder === undefined || folder === "") {
    throw new UsageError(`IDF_PATH is not set: install ESP-IDF ${sdk.idfVersion} and source its export.sh; ${SEE}`);
  }
  if (!existsSync(join(folder, "components", "app_update", "include", "esp_ota_ops.h"))) {
    throw new UsageError(`IDF_PATH is ${folder}, which is no ESP-IDF; ${SEE}`);
  }
  if (spawnSync("idf.py", ["--version"], { env, stdio: "ignore" }).status !== 0) {
    throw new UsageError(`idf.py does not run: source ${join(folder, "export.sh")} first`);
  }
}

/** @returns the name of the application: that of the folder of its manifest */
export function applicationOf(manifest: string): string {
  return basename(dirname(manifest));
}

/** Arguments of mcconfig for the application, without its mode. */
export function mcconfigArguments({ board, output, manifest }: BuildRequest): string[] {
  return ["-p", `esp32/${board}`, "-o", output, manifest];
}

/**
 * @returns the environment with the folders in `first` and the SDK's tools at the front of PATH, and without the
 * variables that are ignored
 */
export function environmentOf(sdk: Sdk, env: NodeJS.ProcessEnv, first: readonly string[] = []): NodeJS.ProcessEnv {
  const ignored = Object.fromEntries(IGNORED.map((name) => [name, undefined]));
  return { ...env, ...ignored, MODDABLE: sdk.folder, PATH: [...first, sdk.tools, env["PATH"] ?? ""].join(delimiter) };
}

/** @returns one line about the variables that are ignored, or `undefined` if none is set */
export function describeIgnored(env: NodeJS.ProcessEnv): string | undefined {
  const set = IGNORED.filter((name) => env[name] !== undefined);
  return set.length === 0 ? undefined : `${set.join(" and ")} of the environment: they are for other applications`;
}

function idfVersionOf(folder: string): string {
  const manifest = readOr(join(folder, "build", "devices", "esp32", "manifest.json"), "{}");
  return /"EXPECTED_ESP_IDF"\s*:\s*"([^"]+)"/.exec(manifest)?.[1] ?? "v6.0";
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback;
  }
}
