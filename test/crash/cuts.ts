import { settle } from "./run.js";
import type { Scene } from "./scenes.js";
import { type CutMode, modesOf, type Operation, tear } from "./tears.js";
import { changeSlot, LINE_LENGTH, type World } from "./world.js";

/** In how many ways the power can go inside an operation of a scene, and what may happen while it is off. */
export function cutModesOf(scene: Scene, operation: Operation): readonly CutMode[] {
  const floorless = scene.wipes === true ? (["floorless"] as const) : [];
  const reflashed = scene.reflash === undefined ? [] : (["reflashed"] as const);
  return [...modesOf(operation), ...floorless, ...reflashed];
}

/** The power goes inside an operation. @param world as it was before it; changed */
export function cut(scene: Scene, world: World, operation: Operation, mode: CutMode): void {
  const { records } = world;
  const before = { ...records };
  if (mode === "reflashed") reflash(scene, world);
  else tear(world, operation, mode);
  if (mode === "after") settle(world, operation, before);
}

/** Somebody flashes another build of the factory's image by a cable, as long as that is in its slot. */
function reflash({ firmware, reflash: from }: Scene, world: World): void {
  const [old, other] = [firmware[from?.from ?? ""]?.image, firmware[from?.to ?? ""]?.image];
  if (old === undefined || other === undefined || !old.every((byte, index) => byte === world.slots[0].bytes[index]))
    return;
  const slot = changeSlot(world, 0);
  slot.bytes.fill(0xff).set(other);
  slot.lines.fill(0).fill(1, 0, Math.ceil(other.byteLength / LINE_LENGTH));
  slot.weak.fill(0);
}
