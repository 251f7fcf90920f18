import { resolve } from "node:path";
import type {
  CloudService,
  CloudStatus,
  DeviceName,
  DeviceStatus,
  FirmwareManifest,
  FirmwareRecord,
  Selection,
  TaskRecord,
} from "../../cloud/types.js";
import { UsageError } from "../command-line.js";
import { readBytes } from "../files.js";
import type { CloudChoice } from "./operator.js";
import { withService } from "./service.js";
import { timeText } from "./text.js";

/** `ota-cloud firmware add` */
export async function firmwareAdd(
  file: string,
  options: CloudChoice & {
    product: string;
    version: string;
    replace?: boolean;
    from?: string;
    minBattery?: number;
    minSignal?: number;
    space?: number;
    kind?: "module" | "mcu";
    component?: string;
  },
): Promise<void> {
  const { from, minBattery, minSignal, space, kind, component } = options;
  const manifest: FirmwareManifest = {
    ...(from === undefined ? {} : { sourceVersion: from }),
    ...(minBattery === undefined ? {} : { minBatteryPercent: minBattery }),
    ...(minSignal === undefined ? {} : { minSignalDbm: minSignal }),
    ...(space === undefined ? {} : { space }),
    ...(kind === undefined ? {} : { kind }),
    ...(component === undefined ? {} : { component }),
  };
  const path = resolve(file);
  await withService(
    options,
    "firmware add",
    async (service) => {
      const request = { productId: options.product, version: options.version, path, manifest };
      const added = await service.addFirmware({ ...request, ...(options.replace === true ? { replace: true } : {}) });
      say(`added version ${added.version} of ${added.productId}: ${added.size} bytes, MD5 ${added.md5}`);
      await warnOfSecrets(service, file, added.id);
    },
    { mayMake: true },
  );
}

/**
 * Warns if the file holds a device's secret. If the search fails, this only warns too, because the file was added.
 *
 * @param file path as the user named it
 */
async function warnOfSecrets(service: CloudService, file: string, id: number): Promise<void> {
  let holders: readonly DeviceName[] = [];
  try {
    holders = await service.secretsIn({ id });
  } catch (error) {
    process.stderr.write(`warning: ${file} was not searched for secrets: ${(error as Error).message}\n`);
  }
  for (const { productId, deviceName } of holders) {
    if (deviceName === "") {
      process.stderr.write(
        `warning: ${file} holds the secret of product ${productId}: whoever has the file can register devices; ` +
          "put the secret only into the image that is flashed by cable, and build updates without it\n",
      );
      continue;
    }
    process.stderr.write(
      `warning: ${file} holds the secret of ${productId}/${deviceName}: a device that takes this update becomes that device; ` +
        "build the image without it, and put identity and network into the board's NVS by ota-device provision or npm run flash\n",
    );
  }
}

/** `ota-cloud upgrade` */
export async function upgrade(
  options: CloudChoice & {
    product: string;
    version: string;
    from?: string[];
    device?: string[];
    devicesFile?: string;
  },
): Promise<void> {
  const selection = selectionOf(options);
  await withService(options, "upgrade", async (service) => {
    const { product: productId, version } = options;
    const { devices, online } = await service.upgrade({ productId, version, selection });
    const away = devices === online ? " now" : `, ${online} of them online: the others get it when they connect`;
    say(`version ${version} goes to ${devices} ${devices === 1 ? "device" : "devices"}${away}`);
  });
}

function selectionOf(options: { from?: string[]; device?: string[]; devicesFile?: string }): Selection {
  const { from, device, devicesFile } = options;
  if (devicesFile !== undefined) {
    if (from !== undefined || device !== undefined) {
      throw new UsageError("--devices-file cannot be used with --from or --device");
    }
    const deviceNames = readBytes(devicesFile)
      .toString("utf8")
      .split(/[\s,]+/)
      .filter((name) => name !== "");
    if (deviceNames.length === 0) throw new UsageError(`${devicesFile} names no device`);
    return { kind: "list", deviceNames };
  }
  if (from === undefined) throw new UsageError("name the devices: --from, --from with --device, or --devices-file");
  if (device === undefined) return { kind: "versions", fromVersions: from };
  return { kind: "versions-and-devices", fromVersions: from, deviceNames: device };
}

/** `ota-cloud status` */
export async function status(options: CloudChoice & { json?: boolean }): Promise<void> {
  const report = await withService(options, "status", (service) => service.status());
  say(options.json === true ? JSON.stringify(report) : describe(report));
}

function describe({ devices, firmwares }: CloudStatus): string {
  const lines = [...firmwares.map(describeFirmware), ...devices.map(describeDevice)];
  return lines.length === 0 ? "no firmware and no devices" : lines.join("\n");
}

function describeFirmware({ productId, version, size, manifest }: FirmwareRecord): string {
  return `firmware ${productId} ${version}  ${size} bytes${manifest === undefined ? "" : `  ${JSON.stringify(manifest)}`}`;
}

function describeDevice(device: DeviceStatus): string {
  const { productId, deviceName, version, online, gateway, task, overRate, unansweredChanges, lastSeenAt } = device;
  const behind = gateway === undefined ? "" : `  behind ${gateway.productId}/${gateway.deviceName}`;
  const upgrade = task === undefined ? "" : `  -> ${task.version} ${describeTask(task)}`;
  const tooFast = overRate === undefined ? "" : `  messages beyond the rate: ${overRate}`;
  const changes = unansweredChanges === undefined ? "" : `  changes not acknowledged: ${unansweredChanges}`;
  const state = `${online ? "online" : "offline"}  ${version ?? "version unknown"}`;
  const lastReport = lastSeenAt === undefined ? "" : `  last report ${timeText(lastSeenAt)}`;
  return `device   ${productId}/${deviceName}  ${state}${upgrade}${behind}${tooFast}${changes}${lastReport}`;
}

function describeTask({ state, percent, resultCode, resultMessage }: TaskRecord): string {
  if (state === "downloading") return `downloading ${percent ?? 0}%`;
  if (state === "failed") return `failed ${resultCode} ${resultMessage}`;
  return state;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
