import {
  type BoardReport,
  type FlashReport,
  inspectFlash,
  inspectSlots,
  readRecord,
} from "../../hal/boards/sim/inspect.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { installedSubDevices } from "../../hal/boards/sim/sub-devices.js";
import type { DeviceName } from "../../src/index.js";
import { idOf, readMarks } from "../../src/gateway/update-marks.js";
import { decodeRegistrationRecord, REGISTRATION_KEY } from "../../src/registration/record.js";
import { decodeFloor, floorKey } from "../../src/seal/floor.js";
import { decodeRecord } from "../../src/update/checkpoint.js";
import type { Checkpoint } from "../../src/update/machine/types.js";
import { UsageError } from "../command-line.js";
import { COMPONENT_PRODUCT } from "./components.js";
import { type FlashSource, readFlash } from "./flash-source.js";
import { describeProvisioning, inspectProvisioning } from "../nvs-image.js";
import { describePlan, planReports } from "./plan-report.js";

/** `ota-device inspect` */
export function inspect({ json, ...source }: FlashSource & { readonly json?: boolean }): void {
  const flash = readFlash(source);
  const record = readRecord(flash, "ota", "job");
  const checkpoint = record === undefined ? undefined : decodeRecord(record)?.checkpoint;
  const table = inspectTable(flash, source);
  const report = {
    ...table,
    security: securityOf(flash, table),
    provisioning: inspectProvisioning(flash),
    registration: registrationOf(flash),
    checkpoint: checkpoint === undefined ? null : describe(checkpoint),
    // The images of sub-devices and components lie beside the flash, in the folder.
    subdevices: source.state === undefined ? [] : subDevicesOf(source.state, flash),
    plans: planReports(readRecord(flash, "ota", "plans"), Date.now() / 1000),
    components: source.state === undefined ? [] : componentsOf(source.state),
  };
  if (json === true) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const { running, slots } = report;
  const lines = [
    `running     ${running.slot}  version ${running.version ?? "none"}  ${describeRunning(report)}`,
    `chip        ${report.chip.name}, ${report.flashBytes} bytes of flash`,
    `partitions  ${report.partitionTable.partitions}, ${report.partitionTable.md5 ? "with" : "without"} an MD5`,
  ];
  for (const [label, slot] of Object.entries(slots)) {
    lines.push(
      `${label.padEnd(11)} at 0x${slot.offset.toString(16)}, ${slot.size} bytes, version ${slot.version ?? "none"}` +
        (slot.secureVersion === null ? "" : `, secure version ${slot.secureVersion}`),
    );
  }
  for (const [index, { sequence, slot, state }] of report.otadata.entries()) {
    lines.push(`otadata ${index}   ${sequence === undefined ? state : `sequence ${sequence}, ${slot}, ${state}`}`);
  }
  lines.push(`security    ${describeSecurity(report.security)}`);
  lines.push(`provisioned ${describeProvisioning(report.provisioning)}`);
  if (report.registration !== null) {
    const { productId, deviceName } = report.registration;
    lines.push(`registered  ${productId}/${deviceName}  has its secret`);
  }
  lines.push(`checkpoint  ${report.checkpoint === null ? "none" : JSON.stringify(report.checkpoint)}`);
  for (const { productId, deviceName, version, state } of report.subdevices) {
    lines.push(`sub-device  ${productId}/${deviceName}  version ${version}  ${state}`);
  }
  for (const { id, version } of report.components) lines.push(`component   ${id}  version ${version}`);
  for (const plan of report.plans) lines.push(`plan        ${describePlan(plan)}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** @throws UsageError that names the file, if its table has no application slot or its otadata is too short */
function inspectTable(flash: NorFlash, { state, flash: file }: FlashSource): FlashReport & BoardReport {
  try {
    const found = inspectFlash(flash);
    return { ...found, ...inspectSlots(flash, found.chip.id) };
  } catch (error) {
    throw new UsageError(`${file ?? state}: ${(error as Error).message}`);
  }
}

interface Security {
  /** Least security version that a board which demands seals takes. */
  readonly floor: number;
  /** What NVS holds of it; a firmware that demands no seal stores nothing. */
  readonly stored: number | null;
  /** Of the running firmware, which counts once it has confirmed itself. */
  readonly running: number | null;
}

function securityOf(flash: NorFlash, { running: { slot, state }, slots }: BoardReport): Security {
  const record = readRecord(flash, "ota", floorKey(""));
  const stored = record === undefined ? undefined : decodeFloor(record);
  const running = slots[slot]?.secureVersion ?? null;
  const confirmed = state === "pending-verify" ? 0 : (running ?? 0);
  return { floor: Math.max(stored ?? 0, confirmed), stored: stored ?? null, running };
}

function describeSecurity({ floor, stored, running }: Security): string {
  return `floor ${floor}  stored ${stored ?? "none"}  running ${running ?? "none"}`;
}

/** @returns who the board has registered itself as; its secret is left out */
function registrationOf(flash: NorFlash): DeviceName | null {
  const record = readRecord(flash, "ota", REGISTRATION_KEY);
  const found = record === undefined ? undefined : decodeRegistrationRecord(record);
  return found === undefined ? null : { productId: found.productId, deviceName: found.deviceName };
}

/** @returns the running image's state from otadata, in words; an image that was flashed by cable has none there */
export function describeRunning({
  running,
  otadata,
}: Pick<BoardReport, "running"> & Pick<FlashReport, "otadata">): string {
  if (running.state !== "undefined") return running.state;
  return otadata.some(({ slot }) => slot === running.slot) ? "selected without a trial" : "as flashed, no update yet";
}

/** @returns the version that runs on each sub-device, and the progress of its update */
function subDevicesOf(
  state: string,
  flash: NorFlash,
): (ReturnType<typeof installedSubDevices>[number] & { readonly state: string })[] {
  const found = installedSubDevices(state).filter(({ productId }) => productId !== COMPONENT_PRODUCT);
  if (found.length === 0) return [];
  const marks = readMarks({ read: (key) => readRecord(flash, "ota", key) });
  return found.map((one) => {
    const mark = marks.get(idOf(`${one.productId}/${one.deviceName}`)) ?? "none";
    return { ...one, state: mark === "none" ? "idle" : mark };
  });
}

function componentsOf(state: string): { readonly id: string; readonly version: string; readonly md5: string | null }[] {
  return installedSubDevices(state)
    .filter(({ productId }) => productId === COMPONENT_PRODUCT)
    .map(({ deviceName, version, md5 }) => ({ id: deviceName, version, md5 }));
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
