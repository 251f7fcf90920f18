import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { parsePartitionsCsv } from "../../hal/boards/sim/partition-table.js";
import { factoryFlashOf, type FlashLayout } from "../../hal/boards/sim/state-dir.js";

/** Bytes of each image of the demo. */
export const IMAGE_LENGTH = 128 * 1024;
/** A version whose self test fails on every board. */
export const BAD_VERSION = "0.2.1";

/** A small flash, as there are many boards: two slots of 192 KiB. */
const LAYOUT: FlashLayout = {
  byteLength: 512 * 1024,
  partitions: parsePartitionsCsv(`
nvs,      data, nvs,   0x9000,  0x6000
otadata,  data, ota,   0xf000,  0x2000
ota_0,    app,  ota_0, 0x20000, 192K
ota_1,    app,  ota_1, 0x50000, 192K
`),
};

/** A firmware of the demo: the same bytes at each call. */
export function imageOf(version: string): Uint8Array {
  return buildAppImage({ version, byteLength: IMAGE_LENGTH, seed: 7 });
}

export function demoFlash(image: Uint8Array): NorFlash {
  return factoryFlashOf(image, LAYOUT);
}

/**
 * The self test that a firmware of the demo has.
 *
 * @param broken whether a part of the board is broken
 * @throws Error with the reason that the board reports
 */
export function selfTest(version: string | undefined, broken: boolean): boolean {
  if (version === BAD_VERSION) throw new Error(`firmware ${BAD_VERSION} finds no dimmer`);
  if (broken) throw new Error("the LED driver does not answer");
  return true;
}
