import { flashOf, MAX_FLASH_LENGTH } from "../../hal/boards/sim/flash-image.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { snapshotFlash, StateError } from "../../hal/boards/sim/state-dir.js";
import { UsageError } from "../command-line.js";
import { readWholeFile } from "../files.js";

/** The source of a flash: the folder of a simulated board, or a file with the whole flash of any board. */
export interface FlashSource {
  readonly state?: string;
  readonly flash?: string;
}

/** @returns a copy; changes to it reach neither folder nor file @throws UsageError, StateError */
export function readFlash({ state, flash }: FlashSource): NorFlash {
  if (state !== undefined && flash === undefined) return snapshotFlash(state);
  if (flash === undefined || state !== undefined) {
    throw new UsageError("one of --state DIR and --flash FILE is needed, and not both");
  }
  return wholeFlash(flash, readWholeFile(flash, MAX_FLASH_LENGTH));
}

/** @throws UsageError that names the file */
export function wholeFlash(path: string, bytes: Uint8Array): NorFlash {
  try {
    return flashOf(bytes);
  } catch (error) {
    if (error instanceof StateError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}
