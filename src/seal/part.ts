/**
 * Signed firmware, and no way back to an older one.
 *
 * @module moddable-ota/seal
 */
import type { Guards } from "../update/guard.js";
import { type SealOptions, Seals } from "./seals.js";

/**
 * What an application imports as `moddable-ota/seal`: images are taken only if a trusted key has sealed them. A board
 * that trusts its server and broker does not carry this code.
 */
export type SealPart = (options: SealOptions) => Guards;

export const seal: SealPart = (options) => new Seals(options);
