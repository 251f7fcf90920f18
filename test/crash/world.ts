import { createHash } from "node:crypto";

/** Units of the chip's flash. */
export interface Geometry {
  readonly blockLength: number;
  readonly slotBlocks: number;
  readonly regionBlocks: number;
}

/*
 * The small chip of the closure: two slots of 8 blocks, regions of 4, so that an image crosses a region's boundary and
 * ends inside a block.
 */
export const BLOCK_LENGTH = 512;
export const SMALL: Geometry = { blockLength: BLOCK_LENGTH, slotBlocks: 8, regionBlocks: 4 };
/** The chip for packages, whose blocks have the ESP32's length. */
export const LARGE: Geometry = { blockLength: 4096, slotBlocks: 6, regionBlocks: 2 };
export const LINE_LENGTH = 16;
export const SLOT_LABELS: readonly string[] = ["ota_0", "ota_1"];
export const AREA = 2;
export const AREA_LABEL = "staging";

export interface OtaEntry {
  readonly sequence: number;
  readonly state: "new" | "pending-verify" | "valid" | "invalid" | "aborted";
}

/**
 * One slot's flash: the bytes that it reads, and the physical state of its cells. Worlds share it: only `changeSlot`
 * gives one that may be changed.
 */
export interface Slot {
  readonly bytes: Uint8Array;
  /** For each line: 0 erased, 1 programmed, 2 anything (an operation on it was cut). */
  readonly lines: Uint8Array;
  /** For each block: 0, or the seed of what its weak bits read until it is erased. */
  readonly weak: Uint32Array;
}

/** What the platform knows of the one device. */
export interface CloudView {
  /** File of the update that waits for the device; `undefined` once its result is known. */
  task: string | undefined;
  /** How often the scene has changed the offer on the way. */
  act: number;
  /** Every terminal report that differs from those before it. */
  readonly results: string[];
  /** How many losses of the scene have happened. */
  lost: number;
}

/**
 * State of the key-value store: it has room, has refused one write since the factory, or refuses every write. A delete
 * needs no room.
 */
export type Room = "free" | "refused" | "full";

/** A device or component behind the board: what is wanted of it, what it holds, and what was reported of it. */
export interface SubView {
  version: string;
  /** MD5 of the image whose bytes it takes, and how many of them it has taken. */
  md5: string;
  taken: number;
  /** Installations that it has refused. */
  refused: number;
  task: string | undefined;
  readonly results: string[];
  settled: boolean;
}

/** Everything that outlives a power cut. All that happens next is a function of it alone. */
export interface World {
  readonly geometry: Geometry;
  /** The third is the staging area, if there is one. */
  readonly slots: [Slot, Slot, ...Slot[]];
  readonly records: { [key: string]: Uint8Array };
  room: Room;
  readonly entries: (OtaEntry | undefined)[];
  readonly cloud: CloudView;
  readonly subs: { readonly [deviceName: string]: SubView };
  /** Answers to plans: every one that was given, and those that the board has taken. */
  readonly person: { readonly said: string[]; readonly kept: string[] };
  /** The acknowledgement of the result is stored: it must not be sent again. */
  settled: boolean;
}

/** From the factory: an image in the first slot, the other one as an earlier life may have left it. */
export function factoryWorld(image: Uint8Array, task: string | undefined, geometry = SMALL): World {
  const first = slotOf(geometry, 0xff, 0);
  first.bytes.set(image);
  first.lines.fill(1, 0, Math.ceil(image.byteLength / LINE_LENGTH));
  return {
    geometry,
    slots: [first, slotOf(geometry, 0x5a, 1)],
    records: {},
    room: "free",
    entries: [{ sequence: 1, state: "valid" }, undefined],
    cloud: { task, act: 0, results: [], lost: 0 },
    subs: {},
    person: { said: [], kept: [] },
    settled: false,
  };
}

/** The same with sub-devices or components, and an area for their images. */
export function gatewayWorld(
  image: Uint8Array,
  names: readonly string[],
  version: string,
  task: string,
  ownTask?: string,
  geometry = SMALL,
): World {
  const world = factoryWorld(image, ownTask, geometry);
  const view = (): SubView => ({ version, md5: "", taken: 0, refused: 0, task, results: [], settled: false });
  return {
    ...world,
    slots: [...world.slots, slotOf(geometry, 0x5a, 1)],
    subs: Object.fromEntries(names.map((name) => [name, view()])),
  };
}

function slotOf({ blockLength, slotBlocks }: Geometry, fill: number, line: number): Slot {
  return {
    bytes: new Uint8Array(slotBlocks * blockLength).fill(fill),
    lines: new Uint8Array((slotBlocks * blockLength) / LINE_LENGTH).fill(line),
    weak: new Uint32Array(slotBlocks),
  };
}

export function cloneWorld(world: World): World {
  return {
    geometry: world.geometry,
    slots: [...world.slots],
    records: { ...world.records },
    room: world.room,
    entries: [...world.entries],
    cloud: { ...world.cloud, results: [...world.cloud.results] },
    subs: Object.fromEntries(
      Object.entries(world.subs).map(([name, view]) => [name, { ...view, results: [...view.results] }]),
    ),
    person: { said: [...world.person.said], kept: [...world.person.kept] },
    settled: world.settled,
  };
}

/** @returns a copy of a slot, which has its place in this world from now on, to be changed at once */
export function changeSlot(world: World, index: number): Slot {
  const { bytes, lines, weak } = world.slots[index] as Slot;
  const copy = { bytes: bytes.slice(), lines: lines.slice(), weak: weak.slice() };
  world.slots[index] = copy;
  return copy;
}

/** Of slots that are changed no more. Most worlds differ from others in one slot, or in none. */
const digests = new WeakMap<Slot, Buffer>();

function digestOf(slot: Slot): Buffer {
  const known = digests.get(slot);
  if (known !== undefined) return known;
  const digest = createHash("md5").update(slot.bytes).update(slot.lines).update(slot.weak).digest();
  digests.set(slot, digest);
  return digest;
}

/** Two worlds with the same key have the same future. */
export function keyOf(world: World): string {
  const hash = createHash("md5");
  for (const slot of world.slots) hash.update(digestOf(slot));
  for (const key of Object.keys(world.records).sort()) hash.update(`${key}=`).update(world.records[key] as Uint8Array);
  hash.update(JSON.stringify([world.room, world.entries, world.cloud, world.subs, world.person, world.settled]));
  return hash.digest("base64");
}
