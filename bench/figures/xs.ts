import { findWorker, XsMissing } from "../../hal/boards/xs/files.js";
import { measureSlotsPerBlock, measureUpdate } from "../../test/support/update-cost.js";
import type { Figure, Row } from "./figure.js";
import { MIB } from "./updates.js";

const KIB = 1024;
const PEAK_HEAP_BYTES = 16 * KIB;
const BYTECODES_PER_BYTE = 1;
const SLOTS_PER_BLOCK = 24;
/** Allocations between two forced collections. */
const STRIDE = 7;

/** The most important values of `npm run bench:xs`. */
export const XS: Figure = { name: "xs", slow: true, measure };

/** @throws XsMissing if the engine could not be built */
async function measure(): Promise<Row[]> {
  findWorker();
  const live: number[] = [];
  for (const byteLength of [256 * KIB, MIB]) live.push((await measureUpdate({ byteLength, stride: STRIDE })).liveBytes);
  const { bytecodes } = await measureUpdate({ byteLength: MIB, stride: 0 });
  const [small = 0, large = 0] = live;
  return [
    { name: "XS bytecodes per byte of firmware", value: bytecodes / MIB, unit: "bytecodes", goal: BYTECODES_PER_BYTE },
    { name: "XS peak heap over idle, 1 MiB", value: large, unit: "bytes", goal: PEAK_HEAP_BYTES },
    { name: "the same, over that of 256 KiB", value: large - small, unit: "bytes", goal: KIB },
    {
      name: "XS slots made per 4 KiB block",
      value: await measureSlotsPerBlock(),
      unit: "slots",
      goal: SLOTS_PER_BLOCK,
    },
  ];
}

export { XsMissing };
