import { CloudError, type FirmwareManifest } from "../types.js";

/** With this at its end, a file's path becomes that of its manifest. */
export const MANIFEST_SUFFIX = ".json";

const VERSION = /^[A-Za-z0-9._-]{1,32}$/;
const COMPONENT = /^[A-Za-z0-9._-]{1,32}$/;

/** @returns the known fields, or `undefined` if there are none @throws CloudError if one is wrong */
export function checkManifest(manifest: FirmwareManifest | undefined): FirmwareManifest | undefined {
  const { sourceVersion, minBatteryPercent, minSignalDbm, space, kind, component } = manifest ?? {};
  if (sourceVersion !== undefined && !VERSION.test(sourceVersion)) {
    throw new CloudError("a source version is 1 to 32 of [A-Za-z0-9._-]");
  }
  if (!isWithin(minBatteryPercent, 0, 100)) throw new CloudError("a battery level is 0 to 100 percent");
  if (!isWithin(minSignalDbm, -200, 0)) throw new CloudError("a signal is -200 to 0 dBm");
  if (!isWithin(space, 0, Number.MAX_SAFE_INTEGER)) throw new CloudError("space is a whole number of bytes");
  if (kind !== undefined && kind !== "module" && kind !== "mcu") throw new CloudError("a kind is module or mcu");
  if (component !== undefined && !COMPONENT.test(component)) {
    throw new CloudError("a component is 1 to 32 of [A-Za-z0-9._-]");
  }
  const known = {
    ...(sourceVersion === undefined ? {} : { sourceVersion }),
    ...(minBatteryPercent === undefined ? {} : { minBatteryPercent }),
    ...(minSignalDbm === undefined ? {} : { minSignalDbm }),
    ...(space === undefined ? {} : { space }),
    ...(kind === undefined ? {} : { kind }),
    ...(component === undefined ? {} : { component }),
  };
  return Object.keys(known).length === 0 ? undefined : known;
}

function isWithin(value: number | undefined, least: number, most: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most);
}
