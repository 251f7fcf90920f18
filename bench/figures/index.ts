import type { Figure } from "./figure.js";
import { FLASH_FIGURES } from "./flash.js";
import { LINKS } from "./links.js";
import { LOOPBACK } from "./loopback.js";
import { PACKAGES } from "./packages.js";
import { POWER_CUTS } from "./power-cuts.js";
import { UPDATES } from "./updates.js";
import { WIRE } from "./wire.js";
import { XS } from "./xs.js";

/** Figures in virtual time. They are the same on every machine. */
export const MODEL_FIGURES: readonly Figure[] = [
  ...UPDATES,
  ...LINKS,
  ...FLASH_FIGURES,
  WIRE,
  ...POWER_CUTS,
  ...PACKAGES,
];

export const FIGURES: readonly Figure[] = [...MODEL_FIGURES, XS, LOOPBACK];
