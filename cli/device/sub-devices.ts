import { type Installation, INSTALLATIONS, type SimulatedSubDeviceOptions } from "../../hal/boards/sim/sub-devices.js";
import { type DeviceName, OtaError } from "../../src/index.js";
import { checkDeviceName } from "../../src/protocol/identity.js";
import { isVersion } from "../../src/protocol/messages.js";
import { UsageError } from "../command-line.js";
import { readJson } from "../files.js";

/** Version of a sub-device that only device_info.json names. */
const DEFAULT_VERSION = "0.1.0";

/**
 * Lists the simulated sub-devices of a gateway: those of the file, and those that only device_info.json names.
 *
 * @param path a JSON array of `{productId, deviceName, version, install?}`
 * @throws UsageError that names the entry
 */
export function readSubDevices(path: string | undefined, named: readonly DeviceName[]): SimulatedSubDeviceOptions[] {
  const listed = path === undefined ? [] : parse(path, readJson(path));
  const has = ({ productId, deviceName }: DeviceName): boolean =>
    listed.some((other) => other.productId === productId && other.deviceName === deviceName);
  named.forEach(({ productId, deviceName }, index) => {
    const first = named.findIndex((other) => other.productId === productId && other.deviceName === deviceName);
    if (first !== index) throw new UsageError(`subDev names ${productId}/${deviceName} twice`);
  });
  return [
    ...listed,
    ...named
      .filter((name) => !has(name))
      .map((name) => ({ ...name, version: DEFAULT_VERSION, install: "ok" as const })),
  ];
}

function parse(path: string, list: unknown): SimulatedSubDeviceOptions[] {
  if (!Array.isArray(list)) throw new UsageError(`${path} is not a JSON array`);
  const parsed = (list as unknown[]).map((entry, index) => parseEntry(entry, `${path}: entry ${index}`));
  parsed.forEach(({ productId, deviceName }, index) => {
    const first = parsed.findIndex((other) => other.productId === productId && other.deviceName === deviceName);
    if (first !== index) throw new UsageError(`${path}: entry ${index} is ${productId}/${deviceName} again`);
  });
  return parsed;
}

function parseEntry(entry: unknown, where: string): SimulatedSubDeviceOptions {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    throw new UsageError(`${where} is not an object`);
  }
  const { productId, deviceName, version, install = "ok" } = entry as { readonly [key: string]: unknown };
  if (typeof productId !== "string" || typeof deviceName !== "string") {
    throw new UsageError(`${where}: productId or deviceName is no text`);
  }
  try {
    checkDeviceName({ productId, deviceName });
  } catch (error) {
    throw error instanceof OtaError ? new UsageError(`${where}: ${error.message}`) : error;
  }
  if (typeof version !== "string" || !isVersion(version)) {
    throw new UsageError(`${where}: version is not 1 to 32 of [A-Za-z0-9._-]`);
  }
  if (!INSTALLATIONS.includes(install as Installation)) {
    throw new UsageError(`${where}: install is none of ${INSTALLATIONS.join(", ")}`);
  }
  return { productId, deviceName, version, install: install as Installation };
}
