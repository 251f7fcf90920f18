import { chipName } from "../family/chips.js";
import { slotSecureVersion, verifyAppImage } from "./app-image.js";
import { type BootCandidates, bootCandidates, chipIdOf } from "./flash-chip.js";
import type { NorFlash } from "./nor-flash.js";
import { mountNvs } from "./nvs/nvs.js";
import {
  describePartitionTable,
  type Partition,
  readPartitionTable,
  SUBTYPE_DATA_NVS,
  SUBTYPE_DATA_OTA,
  TYPE_DATA,
} from "./partition-table.js";
import { slotVersion } from "./platform.js";

const OTADATA_ENTRIES = 2;
const OTADATA_SECTOR_LENGTH = 4096;
const OTADATA_ENTRY_LENGTH = 32;

export interface FlashReport {
  readonly chip: { readonly name: string; readonly id: number };
  readonly flashBytes: number;
  readonly partitionTable: { readonly partitions: number; readonly md5: boolean };
  /** Both entries, or none if there is no such partition. An entry that selects no slot is `blank` or `damaged`. */
  readonly otadata: readonly { readonly sequence?: number; readonly slot?: string; readonly state: string }[];
}

export interface BoardReport {
  readonly running: { readonly slot: string; readonly version: string | null; readonly state: string };
  readonly slots: {
    readonly [label: string]: {
      readonly offset: number;
      readonly size: number;
      readonly version: string | null;
      /** `secure_version` of the image's descriptor. */
      readonly secureVersion: number | null;
    };
  };
}

/**
 * Describes a flash of any chip of the family, without writing to it.
 *
 * @throws Error if it holds no sound partition table
 */
export function inspectFlash(flash: NorFlash): FlashReport {
  const { partitions, hasMd5 } = describePartitionTable(flash);
  const id = chipIdOf(flash);
  return {
    chip: { name: chipName(id), id },
    flashBytes: flash.byteLength,
    partitionTable: { partitions: partitions.length, md5: hasMd5 },
    otadata: otaDataEntries(flash, partitions),
  };
}

function otaDataEntries(flash: NorFlash, partitions: readonly Partition[]): FlashReport["otadata"] {
  const { otaData, slots } = bootCandidates(flash);
  const offset = partitions.find(({ type, subtype }) => type === TYPE_DATA && subtype === SUBTYPE_DATA_OTA)?.offset;
  if (otaData === undefined || offset === undefined) return [];
  return Array.from({ length: OTADATA_ENTRIES }, (_, index) => {
    const entry = otaData.read(index);
    if (entry !== undefined) {
      return { sequence: entry.sequence, slot: (slots[otaData.slotOf(entry)] as Partition).label, state: entry.state };
    }
    return { state: flash.isBlank(offset + index * OTADATA_SECTOR_LENGTH, OTADATA_ENTRY_LENGTH) ? "blank" : "damaged" };
  });
}

/** Describes the slots of a flash, without booting it or writing to it. */
export function inspectSlots(flash: NorFlash, chipId: number): BoardReport {
  const candidates = bootCandidates(flash);
  const { applications, slots, otaData } = candidates;
  if (applications.length === 0) throw new Error("no slot in the partition table");
  const running = runningSlot(flash, candidates, chipId);
  const entry = otaData?.entryOf(slots.indexOf(running)) ?? -1;
  return {
    running: {
      slot: running.label,
      version: slotVersion(flash, running) ?? null,
      state: (entry < 0 ? undefined : otaData?.read(entry)?.state) ?? "undefined",
    },
    slots: Object.fromEntries(
      applications.map((slot) => [
        slot.label,
        {
          offset: slot.offset,
          size: slot.size,
          version: slotVersion(flash, slot) ?? null,
          secureVersion: slotSecureVersion(flash, slot) ?? null,
        },
      ]),
    ),
  };
}

/** @returns the application that otadata selects, or the one before it if the selected one was not booted yet */
function runningSlot(flash: NorFlash, candidates: BootCandidates, chipId: number): Partition {
  const { applications } = candidates;
  const boots = (application: Partition): boolean => verifyAppImage(flash, application, chipId) === undefined;
  const chosen = chosenApplication(candidates);
  return boots(chosen) ? chosen : (applications.find(boots) ?? chosen);
}

function chosenApplication({ applications, slots, otaData }: BootCandidates): Partition {
  const first = applications[0] as Partition;
  const active = otaData?.active() ?? -1;
  const entry = active < 0 ? undefined : otaData?.read(active);
  if (otaData === undefined || entry === undefined) return first;
  const selected = otaData.slotOf(entry);
  if (entry.state !== "new") return slots[selected] as Partition;
  const hasFactory = applications.length > slots.length;
  if (!hasFactory) return slots[(selected + 1) % slots.length] as Partition;
  const before = otaData.read(1 - active);
  return before === undefined ? first : (slots[otaData.slotOf(before)] as Partition);
}

/**
 * Reads a record of the application's key-value store. The result is `undefined` if there is no partition for the
 * store.
 *
 * @param flash a snapshot, because mounting may repair what a power cut has left
 */
export function readRecord(flash: NorFlash, namespace: string, key: string): Uint8Array | undefined {
  const partition = readPartitionTable(flash).find(
    ({ type, subtype }) => type === TYPE_DATA && subtype === SUBTYPE_DATA_NVS,
  );
  return partition === undefined ? undefined : mountNvs(flash, partition).get(namespace, key);
}

/**
 * @param byteLength how many bytes; the whole partition if absent
 * @returns the bytes at the start of a partition, or `undefined` if no partition has that label or it is shorter
 */
export function readPartition(flash: NorFlash, label: string, byteLength?: number): Uint8Array | undefined {
  const partition = readPartitionTable(flash).find((candidate) => candidate.label === label);
  if (partition === undefined || (byteLength ?? 0) > partition.size) return undefined;
  return flash.slice(partition.offset, byteLength ?? partition.size);
}
