import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
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
import { reasonsText } from "../../cloud/operator/reach.js";
import { Desk } from "../../cloud/operator/desk.js";
import { OWN_FIRMWARE } from "../../cloud/fleet/types.js";
import { SEAL_REFUSALS } from "../../cloud/rollout/reports.js";
import { readWireVersion } from "../../cloud/rollout/wire-version.js";
import { UsageError } from "../command-line.js";
import { readBytes } from "../files.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { inspectFile, signed } from "./seal.js";
import { describeSeal } from "./seal-text.js";
import { withService } from "./service.js";
import { onlineText, timeText } from "./text.js";
import { makeVariants, mustHaveSources, type VariantOptions, wantedOf } from "./variants.js";

interface AddOptions extends CloudChoice, VariantOptions {
  readonly product: string;
  readonly version: string;
  readonly replace?: boolean;
  readonly sourceVersion?: string;
  readonly from?: string;
  readonly minBattery?: number;
  readonly minSignal?: number;
  readonly space?: number;
  readonly kind?: "module" | "mcu";
  readonly component?: string;
  /** Keys of which one must have sealed the file. */
  readonly trust?: readonly string[];
  /** Keys that seal the file first. */
  readonly sign?: readonly string[];
  readonly signWith?: string;
  readonly securityVersion?: number;
}

/** `ota-cloud firmware add` */
export async function firmwareAdd(file: string, options: AddOptions): Promise<void> {
  if (options.sign === undefined) {
    if (options.signWith !== undefined || options.securityVersion !== undefined) {
      throw new UsageError("--sign-with and --security-version need --sign");
    }
    await addFile(file, resolve(file), options);
    return;
  }
  const sealed = sealedFor(file, options.sign, options);
  const folder = mkdtempSync(join(tmpdir(), "moddable-ota-"));
  try {
    const path = join(folder, basename(file));
    writeFileSync(path, sealed, { mode: 0o600 });
    await addFile(file, path, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the image with a seal for what it is added as */
function sealedFor(file: string, key: readonly string[], options: AddOptions): Buffer {
  const { signWith, securityVersion, component = OWN_FIRMWARE, product } = options;
  return signed(file, {
    key,
    product: component === OWN_FIRMWARE ? product : component,
    // On the wire the component stands before the version: both spellings mean the same.
    version: readWireVersion(options.version, [component]).version,
    ...(signWith === undefined ? {} : { signWith }),
    ...(securityVersion === undefined ? {} : { securityVersion }),
  });
}

/**
 * @param file path as the user named it
 * @param path of what is added
 */
async function addFile(file: string, path: string, options: AddOptions): Promise<void> {
  const { from, sourceVersion = from, minBattery, minSignal, space, kind, component } = options;
  if (from !== undefined && from !== sourceVersion)
    throw new UsageError("--from is --source-version: give one of them");
  const manifest: FirmwareManifest = {
    ...(sourceVersion === undefined ? {} : { sourceVersion }),
    ...(minBattery === undefined ? {} : { minBatteryPercent: minBattery }),
    ...(minSignal === undefined ? {} : { minSignalDbm: minSignal }),
    ...(space === undefined ? {} : { space }),
    ...(kind === undefined ? {} : { kind }),
    ...(component === undefined ? {} : { component }),
  };
  const { seal } = await inspectFile(path, options.trust ?? options.sign ?? []);
  if (seal.problem !== undefined) throw new UsageError(`${file} is not added: ${seal.problem}`);
  if (options.trust !== undefined && seal.state === "none") {
    throw new UsageError(`${file} is not added: it has no seal, and --trust demands one`);
  }
  const wanted = wantedOf(options);
  if (wanted !== undefined && sourceVersion !== undefined) {
    throw new UsageError(`${file} is a delta itself: --delta-from and --compress are for whole images`);
  }
  await withOperator(
    options,
    "firmware add",
    async ({ operator, actor }) => {
      const service = new Desk(operator, actor);
      if (wanted !== undefined) {
        const named = { productId: options.product, component: component ?? OWN_FIRMWARE, version: options.version };
        await mustHaveSources(operator, named, wanted);
      }
      const request = { productId: options.product, version: options.version, path, manifest };
      const added = await service.addFirmware({ ...request, ...(options.replace === true ? { replace: true } : {}) });
      say(`added version ${added.version} of ${added.productId}: ${added.size} bytes, MD5 ${added.md5}`);
      if (seal.state !== "none") for (const line of describeSeal(seal)) say(line);
      await warnOfSecrets(service, file, added.id);
      if (wanted !== undefined) await makeVariants(operator, added.id, wanted, actor);
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
    const { devices, online, byReason, planId } = await service.upgrade({ productId, version, selection });
    if (devices === 0) {
      say(`version ${version} goes to 0 devices now: ${reasonsText(byReason)}`);
      say(`plan ${planId} waits for devices that fit later; ota-cloud plan cancel ${planId} ends it`);
      return;
    }
    const away =
      online === null
        ? ": those that are connected get it now, the others when they report"
        : devices === online
          ? " now"
          : `, ${online} of them online: the others get it when they connect`;
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
  const state = `${onlineText(online)}  ${version ?? "version unknown"}`;
  const lastReport = lastSeenAt === undefined ? "" : `  last report ${timeText(lastSeenAt)}`;
  return `device   ${productId}/${deviceName}  ${state}${upgrade}${behind}${tooFast}${changes}${lastReport}`;
}

/** Whether the device refused the image by its seal: that is no failure of the device. */
function isRefusal(message = ""): boolean {
  return SEAL_REFUSALS.some((code) => message.startsWith(`${code}:`));
}

function describeTask({ state, percent, resultCode, resultMessage }: TaskRecord): string {
  if (state === "downloading") return `downloading ${percent ?? 0}%`;
  if (state === "failed" && isRefusal(resultMessage)) return `refused ${resultMessage}`;
  if (state === "failed") return `failed ${resultCode} ${resultMessage}`;
  return state;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
