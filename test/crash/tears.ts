import { changeSlot, LINE_LENGTH, type Slot, type World } from "./world.js";

/** One change that the board makes to something that outlives a power cut. */
export type Operation =
  | { readonly kind: "program"; readonly slot: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "erase"; readonly slot: number; readonly offset: number; readonly byteLength: number }
  | { readonly kind: "record"; readonly key: string; readonly bytes: Uint8Array | undefined }
  /** An entry of otadata is rewritten: its sector is erased first. */
  | { readonly kind: "entry"; readonly index: number; readonly entry: World["entries"][number] }
  /**
   * Nothing of the board's changes, and the power may go just then: a report or its answer is lost, a sub-device or
   * component took bytes.
   */
  | { readonly kind: "moment" };

/**
 * How an operation ends if the power goes. `after`: it is complete, but the call did not return. `faint`: bits were
 * begun, and read as if they were not. `floorless`: as `before`, and the stored floor is lost while the power is off.
 * `reflashed`: as `before`, and another image is flashed by a cable, see `cut`.
 */
export type CutMode =
  | "before"
  | "after"
  | "early"
  | "late"
  | "faint"
  | "lines"
  | "bits"
  | "front"
  | "back"
  | "mixed"
  | "weak"
  | "blank"
  | "floorless"
  | "reflashed";

const MODES: { readonly [Kind in Operation["kind"]]: readonly CutMode[] } = {
  program: ["before", "after", "early", "late", "faint", "lines", "bits"],
  erase: ["before", "after", "front", "back", "mixed", "weak"],
  record: ["before", "after"],
  entry: ["before", "after", "blank"],
  moment: ["after"],
};

export function modesOf(operation: Operation): readonly CutMode[] {
  return MODES[operation.kind];
}

/** Key of the record that `floorless` loses. */
export const FLOOR_KEY = "floor";

/** @returns the operation as the chip does it when nothing goes wrong */
export function perform(world: World, operation: Operation): void {
  switch (operation.kind) {
    case "program": {
      const { bytes, lines } = changeSlot(world, operation.slot);
      const { offset, bytes: wanted } = operation;
      for (let index = 0; index < wanted.byteLength; index++) {
        bytes[offset + index] = (bytes[offset + index] as number) & (wanted[index] as number);
      }
      lines.fill(1, offset / LINE_LENGTH, (offset + wanted.byteLength) / LINE_LENGTH);
      return;
    }
    case "erase": {
      const { bytes, lines, weak } = changeSlot(world, operation.slot);
      const end = operation.offset + operation.byteLength;
      bytes.fill(0xff, operation.offset, end);
      lines.fill(0, operation.offset / LINE_LENGTH, end / LINE_LENGTH);
      const { blockLength } = world.geometry;
      weak.fill(0, operation.offset / blockLength, end / blockLength);
      return;
    }
    case "record":
      if (operation.bytes === undefined) delete world.records[operation.key];
      else world.records[operation.key] = operation.bytes.slice();
      return;
    case "entry":
      world.entries[operation.index] = operation.entry;
      return;
    case "moment":
      return;
  }
}

/**
 * What a cut inside the operation leaves: a fixed function of the operation and the mode, so that worlds repeat.
 * To the chip everything that a cut operation touched may be anything, even if it reads as if nothing had happened.
 */
export function tear(world: World, operation: Operation, mode: CutMode): void {
  if (mode === "before") return;
  if (mode === "floorless") {
    delete world.records[FLOOR_KEY];
    return;
  }
  if (mode === "after") {
    perform(world, operation);
    return;
  }
  if (operation.kind === "entry") world.entries[operation.index] = undefined;
  if (operation.kind === "program") {
    tearProgram(changeSlot(world, operation.slot), operation.offset, operation.bytes, mode);
  }
  if (operation.kind === "erase") {
    tearErase(world, operation, mode);
  }
}

function tearProgram(slot: Slot, offset: number, wanted: Uint8Array, mode: CutMode): void {
  const random = randomOf(offset * 31 + mode.length);
  const share = mode === "early" ? 0.05 : mode === "late" ? 0.95 : mode === "faint" ? 0 : random();
  const reached = mode === "bits" ? wanted.byteLength : Math.floor(share * wanted.byteLength);
  const end = mode === "lines" ? reached - (reached % LINE_LENGTH) : reached;
  for (let index = 0; index < end; index++) {
    const cleared =
      mode === "bits" ? (wanted[index] as number) | Math.floor(random() * 256) : (wanted[index] as number);
    slot.bytes[offset + index] = (slot.bytes[offset + index] as number) & cleared;
  }
  slot.lines.fill(2, offset / LINE_LENGTH, (offset + wanted.byteLength) / LINE_LENGTH);
}

function tearErase(
  world: World,
  { slot: index, offset, byteLength }: Extract<Operation, { kind: "erase" }>,
  mode: CutMode,
): void {
  const { blockLength } = world.geometry;
  const slot = changeSlot(world, index);
  const random = randomOf(offset * 37 + byteLength);
  const half = offset + byteLength / 2;
  const end = offset + byteLength;
  if (mode === "front") slot.bytes.fill(0xff, offset, half);
  if (mode === "back") slot.bytes.fill(0xff, half, end);
  if (mode === "mixed") {
    for (let at = offset; at < end; at++) slot.bytes[at] = (slot.bytes[at] as number) | Math.floor(random() * 256);
  }
  if (mode === "weak") {
    slot.bytes.fill(0xff, offset, end);
    for (let at = offset; at < end; at += blockLength) slot.weak[at / blockLength] = at + 1;
  }
  slot.lines.fill(2, offset / LINE_LENGTH, end / LINE_LENGTH);
}

/** What weak bits read: another thing at each reading, the same in each run. */
export function readWeak(into: Uint8Array, seed: number, reading: number): void {
  const random = randomOf(seed * 97 + reading);
  // Every third reading looks erased: the case that misleads code that trusts one reading.
  if (reading % 3 === 0) return;
  for (let count = 0; count < 4; count++) {
    const at = Math.floor(random() * into.byteLength);
    into[at] = (into[at] as number) & ~(1 << Math.floor(random() * 8));
  }
}

/** Mulberry32. */
export function randomOf(seed: number): () => number {
  let state = (seed + 0x6d2b79f5) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
