import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CHIPS, chipWithId } from "../family/chips.js";
import { DEFAULT_TABLE } from "../family/flash.js";
import { appVersion, CHIP_ESP32, imageChipId, verifyAppImage } from "./app-image.js";
import { fileFault } from "./file-fault.js";
import { FileMedium, NO_MEDIUM, NorFlash } from "./nor-flash.js";
import {
  encodePartitionTable,
  otaSlots,
  type Partition,
  parsePartitionsCsv,
  readPartitionTable,
  TABLE_ADDRESS,
} from "./partition-table.js";

/** Bytes of flash of a new simulated board. */
const FLASH_LENGTH = DEFAULT_TABLE.megabytes * 1024 * 1024;
const FLASH_FILE = "flash.bin";
const UNFINISHED = `${FLASH_FILE}.new`;
/** Name of the file that is the folder's lock on macOS. */
export const LOCK_FILE = "board.lock";
/** Files that may lie in a folder that holds no board. */
const BESIDE_A_BOARD = [UNFINISHED, LOCK_FILE];

/** Something is wrong with the folder or the image, and the user can correct it. */
export class StateError extends Error {
  override readonly name = "StateError";

  /** @returns the error for an exception of node:fs */
  static of(what: string, error: unknown): StateError {
    return new StateError(`${what}: ${fileFault(error)}`);
  }
}

/**
 * @returns whether the folder holds a board; an empty or absent folder does not
 * @throws StateError if it holds anything else
 */
export function holdsBoard(folder: string): boolean {
  const files = existsSync(folder) ? list(folder) : [];
  if (files.includes(FLASH_FILE)) return true;
  if (files.some((file) => !BESIDE_A_BOARD.includes(file))) {
    throw new StateError(`${folder} is neither empty nor the state of a board: choose another folder`);
  }
  return false;
}

/** @throws StateError if there is no flash, or it cannot be read */
export function openFlash(folder: string, mode: "r" | "r+"): NorFlash {
  if (!holdsBoard(folder)) {
    throw new StateError(`${folder} holds no board: run \`ota-device run\` or \`ota-device flash\` first`);
  }
  const path = join(folder, FLASH_FILE);
  let flash: NorFlash | undefined;
  try {
    flash = FileMedium.open(path, mode);
    readPartitionTable(flash);
    return flash;
  } catch (error) {
    flash?.close();
    throw StateError.of(path, error);
  }
}

/** @returns a copy of the flash; changes to it do not reach the file @throws StateError */
export function snapshotFlash(folder: string): NorFlash {
  const flash = openFlash(folder, "r");
  const bytes = flash.slice(0, flash.byteLength);
  flash.close();
  return new NorFlash(bytes, NO_MEDIUM);
}

/** Size and partition table of a flash. */
export interface FlashLayout {
  readonly byteLength: number;
  readonly partitions: readonly Partition[];
}

/**
 * Makes the flash of a chip as it leaves the factory: the partition table, the image in the first slot, and all else
 * blank. The image determines which chip of the family it is.
 *
 * @throws StateError if the image cannot boot
 */
export function factoryFlash(image: Uint8Array): NorFlash {
  const partitions = parsePartitionsCsv(readFileSync(partitionsCsv(), "utf8"));
  return factoryFlashOf(image, { byteLength: FLASH_LENGTH, partitions });
}

/** The same for another layout than that of the real board. @throws StateError if the image cannot boot */
export function factoryFlashOf(image: Uint8Array, layout: FlashLayout): NorFlash {
  const { partitions } = layout;
  const flash = NorFlash.blank(layout.byteLength);
  flash.program(encodePartitionTable(partitions), TABLE_ADDRESS);
  const slot = otaSlots(partitions)[0] as Partition;
  if (image.byteLength > slot.size) {
    throw new StateError(`image of ${image.byteLength} bytes, a slot holds ${slot.size}`);
  }
  const chipId = imageChipId(image) ?? CHIP_ESP32;
  if (chipWithId(chipId) === undefined) {
    throw new StateError(`image for chip ${chipId}, which is none of ${CHIPS.map(({ name }) => name).join(", ")}`);
  }
  flash.program(image, slot.offset);
  const fault = verifyAppImage(flash, slot, chipId);
  if (fault !== undefined) throw new StateError(`not an ESP32 application image: ${fault}`);
  if (appVersion(image) === undefined) {
    throw new StateError(
      "image without an application descriptor, as a boot loader is one: flash the application, or a whole flash",
    );
  }
  return flash;
}

/**
 * Puts a board into a folder, in place of an earlier one. If this is interrupted at any moment, the folder holds the
 * old board, none, or the new one.
 *
 * @throws StateError
 */
export function createBoard(folder: string, flash: NorFlash): void {
  try {
    makeFolder(folder);
    writeFileSync(join(folder, UNFINISHED), flash.slice(0, flash.byteLength));
    renameSync(join(folder, UNFINISHED), join(folder, FLASH_FILE));
  } catch (error) {
    throw StateError.of(`cannot write to ${folder}`, error);
  }
}

/** Makes a folder, with those above it. @throws Error of node:fs */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    // On a read-only file system a recursive mkdir reports that the folder is missing. A test of the nearest folder
    // that exists reports the true reason.
    let above = resolve(folder);
    while (!existsSync(above)) above = dirname(above);
    accessSync(above, constants.W_OK);
    throw error;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw StateError.of(`cannot read ${folder}`, error);
  }
}

/** @returns the path of the partition table of the real board: it lies in the sources, beside the compiled code */
function partitionsCsv(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "hal", "boards", "esp32", DEFAULT_TABLE.folder, "partitions.csv");
    if (existsSync(path)) return path;
  }
  throw new Error("hal/boards/esp32/partitions.csv is missing");
}
