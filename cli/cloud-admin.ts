import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { connectService } from "../cloud/admin.js";
import type { CloudStatus, Selection, TaskRecord } from "../cloud/types.js";
import { UsageError } from "./command-line.js";
import { readBytes, readIdentity, writeBytes } from "./files.js";

/** `ota-cloud device add` */
export async function deviceAdd(options: {
  state: string;
  product?: string;
  name?: string;
  output: string;
  deviceInfo?: string;
}): Promise<void> {
  if (options.deviceInfo !== undefined) {
    const { productId, deviceName, authentication } = readIdentity(options.deviceInfo);
    const service = await connectService(options.state);
    await service.addDevice({
      productId,
      deviceName,
      ...(authentication.mode === "KEY" ? { deviceSecret: authentication.deviceSecret } : {}),
    });
    say(`registered ${productId}/${deviceName}`);
    return;
  }
  const { product: productId, name: deviceName } = options;
  if (productId === undefined || deviceName === undefined) throw new UsageError("give --product and --name, or --device-info");
  const deviceSecret = randomBytes(16).toString("base64");
  const service = await connectService(options.state);
  await service.addDevice({ productId, deviceName, deviceSecret });
  const info = { auth_mode: "KEY", productId, deviceName, key_deviceinfo: { deviceSecret }, region: "china" };
  writeBytes(options.output, `${JSON.stringify(info, null, 2)}\n`, 0o600);
  say(`registered ${productId}/${deviceName}; its identity is in ${options.output}`);
}

/** `ota-cloud firmware add` */
export async function firmwareAdd(file: string, options: { state: string; product: string; version: string }): Promise<void> {
  const service = await connectService(options.state);
  const path = resolve(file);
  const added = await service.addFirmware({ productId: options.product, version: options.version, path });
  say(`added version ${added.version} of ${added.productId}: ${added.size} bytes, MD5 ${added.md5}`);
}

/** `ota-cloud upgrade` */
export async function upgrade(options: {
  state: string;
  product: string;
  version: string;
  from?: string[];
  device?: string[];
  devicesFile?: string;
}): Promise<void> {
  const selection = selectionOf(options);
  const service = await connectService(options.state);
  const { devices } = await service.upgrade({ productId: options.product, version: options.version, selection });
  say(`version ${options.version} goes to ${devices} ${devices === 1 ? "device" : "devices"} now`);
}

function selectionOf(options: { from?: string[]; device?: string[]; devicesFile?: string }): Selection {
  const { from, device, devicesFile } = options;
  if (devicesFile !== undefined) {
    if (from !== undefined || device !== undefined) throw new UsageError("--devices-file goes without --from and --device");
    const deviceNames = readBytes(devicesFile).toString("utf8").split(/[\s,]+/).filter((name) => name !== "");
    if (deviceNames.length === 0) throw new UsageError(`${devicesFile} names no device`);
    return { kind: "list", deviceNames };
  }
  if (from === undefined) throw new UsageError("say which devices: --from, --from with --device, or --devices-file");
  if (device === undefined) return { kind: "versions", fromVersions: from };
  return { kind: "versions-and-devices", fromVersions: from, deviceNames: device };
}

/** `ota-cloud status` */
export async function status(options: { state: string; json?: boolean }): Promise<void> {
  const service = await connectService(options.state);
  const report = await service.status();
  say(options.json === true ? JSON.stringify(report) : describe(report));
}

function describe({ devices, firmwares }: CloudStatus): string {
  const lines = firmwares.map(({ productId, version, size }) => `firmware ${productId} ${version}  ${size} bytes`);
  for (const { productId, deviceName, version, online, task } of devices) {
    const upgrade = task === undefined ? "" : `  -> ${task.version} ${describeTask(task)}`;
    lines.push(`device   ${productId}/${deviceName}  ${online ? "online" : "offline"}  ${version ?? "version unknown"}${upgrade}`);
  }
  return lines.length === 0 ? "no firmware and no devices" : lines.join("\n");
}

function describeTask({ state, percent, resultCode, resultMessage }: TaskRecord): string {
  if (state === "downloading") return `downloading ${percent ?? 0}%`;
  if (state === "failed") return `failed ${resultCode} ${resultMessage}`;
  return state;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
