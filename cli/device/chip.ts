import { type Chip, chipName, chipNamed, CHIPS, SDK_CHIPS } from "../../hal/boards/family/chips.js";
import { findChipId } from "../../hal/boards/sim/flash-chip.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { openFlash, StateError } from "../../hal/boards/sim/state-dir.js";
import { UsageError } from "../command-line.js";
import type { EngineName } from "../engine.js";

/** @returns the chip that an option names @throws UsageError */
export function chipOfOption(text: string): Chip {
  const chip = chipNamed(text);
  if (chip === undefined) throw new UsageError(`--chip ${text} is none of ${CHIPS.map(({ name }) => name).join(", ")}`);
  return chip;
}

/** @throws UsageError if the engine does not run on the chip */
export function checkEngine(engine: EngineName, chipId: number): void {
  if (engine === "node" || SDK_CHIPS.some(({ id }) => id === chipId)) return;
  const names = SDK_CHIPS.map(({ name }) => name).join(", ");
  throw new UsageError(`--engine xs has no ${chipName(chipId)}: the Moddable SDK has targets with ${names}`);
}

/**
 * A folder holds one chip for ever, as a soldered board does.
 *
 * @throws StateError with both names, if the folder's board is of another chip
 */
export function requireChip(state: string, flash: NorFlash, chipId: number): void {
  const held = findChipId(flash);
  if (held === undefined || held === chipId) return;
  throw new StateError(
    `${state} is a board with ${chipName(held)}, not with ${chipName(chipId)}: choose another folder`,
  );
}

/** The same for a folder that nobody has opened. A flash that cannot be read holds no chip. */
export function requireChipOf(state: string, chipId: number): void {
  let flash: NorFlash;
  try {
    flash = openFlash(state, "r");
  } catch (error) {
    if (error instanceof StateError) return;
    throw error;
  }
  try {
    requireChip(state, flash, chipId);
  } finally {
    flash.close();
  }
}
