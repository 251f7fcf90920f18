import { bootLoader } from "./boot.js";
import type { Scene } from "./scenes.js";
import { AREA_KEY } from "./subs.js";
import { perform } from "./tears.js";
import { AREA, cloneWorld, LINE_LENGTH, type World } from "./world.js";

/**
 * How many blocks from the start of the target slot hold the image that is offered now, up to the last that was
 * programmed. Nobody can know whether blank blocks behind it were received.
 */
export function wholeBlocksOf(world: World, scene: Scene, recordKey: string): number {
  const own = recordKey !== AREA_KEY;
  const offered = scene.firmware[(own ? world.cloud.task : scene.subs?.file) ?? ""]?.image;
  if (offered === undefined || world.records[recordKey] === undefined) return 0;
  const copy = cloneWorld(world);
  const running = bootLoader(copy, (operation) => perform(copy, operation));
  const slot = world.slots[own || scene.subs?.slot === true ? 1 - running : AREA];
  if (slot === undefined) return 0;
  const { blockLength, slotBlocks } = world.geometry;
  let whole = 0;
  for (let block = 0; block < slotBlocks; block++) {
    const [from, to] = [block * blockLength, Math.min((block + 1) * blockLength, offered.byteLength)];
    if (from >= offered.byteLength) break;
    const same = offered.subarray(from, to).every((byte, index) => byte === slot.bytes[from + index]);
    const lines = slot.lines.subarray(from / LINE_LENGTH, (from + blockLength) / LINE_LENGTH);
    if (!same || lines.includes(2)) break;
    if (lines.every((line) => line === 1)) whole = block + 1;
  }
  return whole;
}
