import { CHIP_ESP32 } from "../hal/boards/sim/app-image.js";
import { buildAppImage } from "../hal/boards/sim/app-image-builder.js";
import { inspectSlots, readPartition, readRecord } from "../hal/boards/sim/inspect.js";
import { lockFolder } from "../hal/boards/sim/lock.js";
import type { NorFlash } from "../hal/boards/sim/nor-flash.js";
import { createBoard, factoryFlash, holdsBoard, snapshotFlash } from "../hal/boards/sim/state-dir.js";
import { installedSubDevices } from "../hal/boards/sim/sub-devices.js";
import { idOf, readLedger } from "../src/gateway/ledger.js";
import { decodeRecord } from "../src/update/checkpoint.js";
import type { Checkpoint } from "../src/update/types.js";
import { UsageError } from "./command-line.js";
import { COMPONENT_PRODUCT } from "./components.js";
import { readBytes, writeBytes } from "./files.js";
import { describeProvisioning, inspectProvisioning } from "./nvs-image.js";
import { describePlan, planReports } from "./plan-report.js";

/** `ota-device inspect` */
export function inspect({ state, json }: { state: string; json?: boolean }): void {
  const flash = snapshotFlash(state);
  const record = readRecord(flash, "ota", "job");
  const checkpoint = record === undefined ? undefined : decodeRecord(record)?.checkpoint;
  const report = {
    ...inspectSlots(flash, CHIP_ESP32),
    provisioning: inspectProvisioning(flash),
    checkpoint: checkpoint === undefined ? null : describe(checkpoint),
    subdevices: subDevicesOf(state, flash),
    plans: planReports(readRecord(flash, "ota", "plans"), Date.now() / 1000),
    components: installedSubDevices(state)
      .filter(({ productId }) => productId === COMPONENT_PRODUCT)
      .map(({ deviceName, version, md5 }) => ({ id: deviceName, version, md5 })),
  };
  if (json === true) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const { running, slots } = report;
  const lines = [`running     ${running.slot}  version ${running.version ?? "none"}  ${running.state}`];
  for (const [label, slot] of Object.entries(slots)) {
    lines.push(`${label.padEnd(11)} at 0x${slot.offset.toString(16)}, ${slot.size} bytes, version ${slot.version ?? "none"}`);
  }
  lines.push(`provisioned ${describeProvisioning(report.provisioning)}`);
  lines.push(`checkpoint  ${report.checkpoint === null ? "none" : JSON.stringify(report.checkpoint)}`);
  for (const { productId, deviceName, version, state } of report.subdevices) {
    lines.push(`sub-device  ${productId}/${deviceName}  version ${version}  ${state}`);
  }
  for (const { id, version } of report.components) lines.push(`component   ${id}  version ${version}`);
  for (const plan of report.plans) lines.push(`plan        ${describePlan(plan)}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** What runs on each, and where it is with its update. */
function subDevicesOf(state: string, flash: NorFlash): (ReturnType<typeof installedSubDevices>[number] & { readonly state: string })[] {
  const found = installedSubDevices(state).filter(({ productId }) => productId !== COMPONENT_PRODUCT);
  if (found.length === 0) return [];
  const marks = readLedger({ read: (key) => readRecord(flash, "ota", key) });
  return found.map((one) => {
    const mark = marks.get(idOf(`${one.productId}/${one.deviceName}`)) ?? "none";
    return { ...one, state: mark === "none" ? "idle" : mark };
  });
}

function describe(checkpoint: Checkpoint): object {
  const { phase, slot, image } = checkpoint;
  const stored = "stored" in checkpoint ? checkpoint.stored : undefined;
  return {
    phase,
    slot,
    ...image,
    ...(stored?.regionOffset === undefined ? {} : { regionOffset: stored.regionOffset }),
    ...(checkpoint.phase === "reporting" ? { result: checkpoint.result } : {}),
  };
}

/** `ota-device read` */
export function read({ state, slot, length, output }: { state: string; slot: string; length: number; output: string }): void {
  const bytes = readPartition(snapshotFlash(state), slot, length);
  if (bytes === undefined) throw new UsageError(`no partition ${slot} with ${length} bytes: see ota-device inspect`);
  writeBytes(output, bytes);
}

/** `ota-device flash` */
export async function flash({ state, image: path }: { state: string; image: string }): Promise<void> {
  holdsBoard(state);
  const chip = factoryFlash(readBytes(path));
  const release = await lockFolder(state);
  try {
    createBoard(state, chip);
  } finally {
    release();
  }
}

/** `ota-device image` */
export function image(options: { version: string; size: number; seed: number; output: string }): void {
  let bytes: Uint8Array;
  try {
    bytes = buildAppImage({ version: options.version, byteLength: options.size, seed: options.seed });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  writeBytes(options.output, bytes);
}
