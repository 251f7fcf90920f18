import { OtaData } from "../ota-data.js";
import { verifyAppImage } from "./app-image.js";
import type { NorFlash } from "./nor-flash.js";
import { mountNvs } from "./nvs/nvs.js";
import { dataPartition, otaSlots, type Partition, readPartitionTable, SUBTYPE_DATA_NVS, SUBTYPE_DATA_OTA } from "./partition-table.js";
import { slotVersion } from "./platform.js";

export interface BoardReport {
  readonly running: { readonly slot: string; readonly version: string | null; readonly state: string };
  readonly slots: { readonly [label: string]: { readonly offset: number; readonly size: number; readonly version: string | null } };
}

/** What a flash says of its slots, without booting it: nothing is written. */
export function inspectSlots(flash: NorFlash, chipId: number): BoardReport {
  const partitions = readPartitionTable(flash);
  const slots = otaSlots(partitions);
  const otaData = new OtaData({ flash, partition: dataPartition(partitions, SUBTYPE_DATA_OTA, "otadata"), slotCount: slots.length });
  const running = runningSlot(flash, slots, otaData, chipId);
  const entry = otaData.entryOf(slots.indexOf(running));
  return {
    running: {
      slot: running.label,
      version: slotVersion(flash, running) ?? null,
      state: (entry < 0 ? undefined : otaData.read(entry)?.state) ?? "undefined",
    },
    slots: Object.fromEntries(
      slots.map((slot) => [slot.label, { offset: slot.offset, size: slot.size, version: slotVersion(flash, slot) ?? null }]),
    ),
  };
}

/** The slot that otadata selects; one that is selected but was not booted yet does not run. */
function runningSlot(flash: NorFlash, slots: readonly Partition[], otaData: OtaData, chipId: number): Partition {
  const active = otaData.active();
  const entry = active < 0 ? undefined : otaData.read(active);
  const selected = entry === undefined ? 0 : otaData.slotOf(entry);
  const index = entry?.state === "new" ? (selected + 1) % slots.length : selected;
  const chosen = slots[index] as Partition;
  if (verifyAppImage(flash, chosen, chipId) === undefined) return chosen;
  return slots.find((slot) => verifyAppImage(flash, slot, chipId) === undefined) ?? chosen;
}

/** Reads a record of the application's key-value store. @param flash a snapshot: mounting may clear up after a cut */
export function readRecord(flash: NorFlash, namespace: string, key: string): Uint8Array | undefined {
  const nvs = mountNvs(flash, dataPartition(readPartitionTable(flash), SUBTYPE_DATA_NVS, "nvs"));
  return nvs.get(namespace, key);
}

/** @returns the bytes at the start of a partition, or `undefined` where there is none of that name, or it is shorter */
export function readPartition(flash: NorFlash, label: string, byteLength: number): Uint8Array | undefined {
  const partition = readPartitionTable(flash).find((candidate) => candidate.label === label);
  if (partition === undefined || byteLength > partition.size) return undefined;
  return flash.slice(partition.offset, byteLength);
}
