import { chipName } from "../family/chips.js";
import { FLASH_MEGABYTES } from "../family/flash.js";
import { appVersion, imageChipId } from "./app-image.js";
import { bootLoader } from "./boot-loader.js";
import { bootCandidates, chipIdOf } from "./flash-chip.js";
import { NO_MEDIUM, NorFlash, SECTOR_LENGTH } from "./nor-flash.js";
import { dataPartition, readPartitionTable, SUBTYPE_DATA_NVS, TABLE_ADDRESS } from "./partition-table.js";
import { StateError } from "./state-dir.js";

const MIB = 1024 * 1024;
const MOST_MEGABYTES = Math.max(...FLASH_MEGABYTES);
export const MAX_FLASH_LENGTH = MOST_MEGABYTES * MIB;

const TABLE_MAGIC = [0xaa, 0x50];
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const HOW_TO_READ =
  "esptool's read_flash 0 ALL FILE reads a whole flash; its merge_bin makes one, with --fill-flash-size SIZE (--pad-to-size in esptool 5)";

/**
 * Whether a file is meant to be a whole flash, even a damaged one, and not an application. An application has its
 * descriptor at the beginning.
 */
export function seemsFlash(bytes: Uint8Array): boolean {
  return appVersion(bytes) === undefined && (holdsTable(bytes) || isFlashLength(bytes.byteLength));
}

function holdsTable(bytes: Uint8Array): boolean {
  return beginsWith(bytes.subarray(TABLE_ADDRESS), TABLE_MAGIC);
}

function isFlashLength(byteLength: number): boolean {
  return FLASH_MEGABYTES.some((size) => byteLength === size * MIB);
}

/**
 * Makes a flash from a file that holds all of its bytes, as esptool reads them, and writes them from address 0 on.
 *
 * @param bytes the file; the flash owns it from now on
 * @throws StateError that names what the file seems to be and what to do
 */
export function flashOf(bytes: Uint8Array): NorFlash {
  if (bytes.byteLength > MAX_FLASH_LENGTH) {
    throw new StateError(`${bytes.byteLength} bytes are more than any flash has, ${MOST_MEGABYTES} MiB`);
  }
  if (appVersion(bytes) !== undefined || !holdsTable(bytes)) {
    throw new StateError(`no image of a whole flash: ${describeFile(bytes)}`);
  }
  if (bytes.byteLength % SECTOR_LENGTH !== 0) {
    throw new StateError(
      `${bytes.byteLength} bytes are part of a flash, not whole sectors of ${SECTOR_LENGTH}: ${HOW_TO_READ}`,
    );
  }
  // A plain Uint8Array is needed: a slice of a Buffer would be a view of the same bytes and not a copy.
  const flash = new NorFlash(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), NO_MEDIUM);
  try {
    readPartitionTable(flash);
  } catch (error) {
    throw new StateError(`${(error as Error).message} (a file of ${bytes.byteLength} bytes): ${HOW_TO_READ}`);
  }
  return flash;
}

/** @returns what a file that is no flash seems to be, and what to do with it */
function describeFile(bytes: Uint8Array): string {
  const version = appVersion(bytes);
  const chipId = imageChipId(bytes);
  if (bytes.byteLength === 0) return "it is empty";
  if (version !== undefined && chipId !== undefined) {
    return `it is an application image for ${chipName(chipId)}, version ${version}: ota-device flash makes a board of it`;
  }
  if (chipId !== undefined && !isFlashLength(bytes.byteLength)) {
    return `it seems to be a boot loader for ${chipName(chipId)}: ${HOW_TO_READ}`;
  }
  if (beginsWith(bytes, TABLE_MAGIC)) return `it seems to be a partition table alone: ${HOW_TO_READ}`;
  if (beginsWith(bytes, ELF_MAGIC)) return `it is an ELF file: ${HOW_TO_READ}`;
  return `it has no partition table at 0x8000 (an encrypted flash has none to be read): ${HOW_TO_READ}`;
}

/**
 * Checks whether the simulated board can boot from a flash. The agent needs two slots or more, otadata and NVS; it does
 * not support a factory application.
 *
 * @returns why the board cannot boot, or `undefined`
 */
export function bootFault(flash: NorFlash): string | undefined {
  const copy = new NorFlash(flash.slice(0, flash.byteLength), NO_MEDIUM);
  try {
    const { applications, slots } = bootCandidates(copy);
    if (applications.length > slots.length) return "it has a factory application, and the simulated board only slots";
    if (slots.length < 2) return `its partition table has ${slots.length} slots for updates, two are needed`;
    dataPartition(readPartitionTable(copy), SUBTYPE_DATA_NVS, "nvs");
    bootLoader(copy, chipIdOf(copy));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function beginsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
