import type { ChipMaker } from "./run.js";
import { SimChip } from "./sim-chip.js";
import { SmallChip } from "./small-chip.js";

/** The boards that a scenario can run on. */
export const CHIPS: { readonly [name in "small" | "sim"]: ChipMaker } = {
  small: (options) => new SmallChip(options),
  sim: (options) => new SimChip(options),
};
export type ChipName = keyof typeof CHIPS;
