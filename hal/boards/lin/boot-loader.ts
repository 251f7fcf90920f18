import type { DigestConstructor } from "../../ecma419/modules.js";
import { OtaData } from "../ota-data.js";
import { otaSlots, type Partition, readTable, SUBTYPE_DATA_OTA, TYPE_DATA } from "../partition-table.js";
import { verifyAppImage } from "./app-image.js";
import type { NorFile } from "./nor-file.js";

/** Chip id of the ESP32, whose images this board takes. */
export const CHIP_ESP32 = 0;

/** What the boot loader decided. */
export interface BootChoice {
  readonly partitions: readonly Partition[];
  readonly slots: readonly Partition[];
  readonly otaData: OtaData;
  /** Indexes into `slots`: of the image that runs, and of the next update. */
  readonly running: number;
  readonly target: number;
}

/**
 * ESP-IDF's second-stage boot loader with rollback and image validation on: an image still on trial is aborted, a new
 * one goes on trial, and an image that does not verify is passed over.
 *
 * @throws Error if no slot holds a bootable image
 */
export function bootLoader(flash: NorFile, Digest: DigestConstructor): BootChoice {
  const { partitions } = readTable({ flash, Digest });
  const slots = otaSlots(partitions);
  const partition = partitions.find(({ type, subtype }) => type === TYPE_DATA && subtype === SUBTYPE_DATA_OTA);
  if (partition === undefined || slots.length === 0) throw new Error("no otadata or no slot in the partition table");
  const otaData = new OtaData({ flash, partition, slotCount: slots.length });
  otaData.endTrials();
  const active = otaData.active();
  const entry = active < 0 ? undefined : otaData.read(active);
  if (entry?.state === "new") otaData.write(active, { sequence: entry.sequence, state: "pending-verify" });
  const selected = entry === undefined ? 0 : otaData.slotOf(entry);

  const running = bootOrder(selected, slots.length).find(
    (index) => verifyAppImage({ flash, slot: slots[index] as Partition, chipId: CHIP_ESP32, Digest }) === undefined,
  );
  if (running === undefined) throw new Error("no slot holds a bootable image");
  const initial = [0, 1].every((index) => otaData.asksForNone(index) && otaData.read(index) === undefined);
  if (initial) otaData.write(0, { sequence: running + 1, state: "valid" });
  return { partitions, slots, otaData, running, target: (running + 1) % slots.length };
}

/** From the selected slot down to the first, then upwards from it. */
function bootOrder(selected: number, count: number): number[] {
  const order: number[] = [];
  for (let index = selected; index >= 0; index--) order.push(index);
  for (let index = selected + 1; index < count; index++) order.push(index);
  return order;
}
