import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { chipIdOf } from "../../hal/boards/sim/flash-chip.js";
import { bootFault, MAX_FLASH_LENGTH, seemsFlash } from "../../hal/boards/sim/flash-image.js";
import { readPartition } from "../../hal/boards/sim/inspect.js";
import { lockFolder } from "../../hal/boards/sim/lock.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { createBoard, factoryFlash, holdsBoard } from "../../hal/boards/sim/state-dir.js";
import { UsageError } from "../command-line.js";
import { readWholeFile, writeBytes, writeSecret } from "../files.js";
import { chipOfOption, requireChipOf } from "./chip.js";
import { type FlashSource, readFlash, wholeFlash } from "./flash-source.js";

export interface ReadOptions extends FlashSource {
  /** Label of the partition. If absent, the whole flash is read. */
  readonly slot?: string;
  /** Bytes to read. If absent, the whole partition is read. */
  readonly length?: number;
  readonly output: string;
}

/** `ota-device read` */
export function read({ slot, length, output, ...source }: ReadOptions): void {
  if (slot === undefined && length !== undefined) {
    throw new UsageError("--length needs --slot: without --slot the whole flash is read");
  }
  const flash = readFlash(source);
  const bytes = slot === undefined ? flash.slice(0, flash.byteLength) : readPartition(flash, slot, length);
  if (bytes === undefined) {
    const size = length === undefined ? "" : ` with ${length} bytes`;
    throw new UsageError(`no partition ${slot}${size}: see ota-device inspect`);
  }
  // The partition nvs holds the device's secret, and an application may keep secrets in other partitions.
  writeSecret(output, bytes);
}

/** `ota-device flash` */
export async function flash({ state, image: path }: { state: string; image: string }): Promise<void> {
  const isHeld = holdsBoard(state);
  const bytes = readWholeFile(path, MAX_FLASH_LENGTH);
  const chip = seemsFlash(bytes) ? bootableFlash(path, bytes) : factoryFlash(bytes);
  if (isHeld) requireChipOf(state, chipIdOf(chip));
  const release = await lockFolder(state);
  try {
    createBoard(state, chip);
  } finally {
    release();
  }
}

function bootableFlash(path: string, bytes: Uint8Array): NorFlash {
  const chip = wholeFlash(path, bytes);
  const fault = bootFault(chip);
  if (fault !== undefined) {
    throw new UsageError(`${path} is a whole flash that the simulated board cannot run: ${fault}`);
  }
  return chip;
}

/** `ota-device image` */
export function image(options: {
  version: string;
  size: number;
  seed: number;
  chip: string;
  secureVersion: number;
  output: string;
}): void {
  const { version, size: byteLength, seed, secureVersion } = options;
  const chip = chipOfOption(options.chip);
  let bytes: Uint8Array;
  try {
    bytes = buildAppImage({ version, byteLength, seed, chipId: chip.id, secureVersion });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  writeBytes(options.output, bytes);
}
