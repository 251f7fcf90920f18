import { SLOT_LENGTH } from "../../hal/boards/family/creation.js";
import { ESP32_HEAP, type HeapSize, type HeapStatistics, measureHeap } from "../../hal/boards/xs/heap.js";
import type { XsWorker } from "../../hal/boards/xs/worker.js";
import { type Packed, packedUpdate } from "./packed-update.js";
import { sealed, signerNamed } from "./seals.js";
import { TestBed, type TestBedOptions, DEVICE, imageOf } from "./test-bed.js";
import { ChipEngine } from "./chip-engine.js";

export interface UpdateCostOptions {
  readonly byteLength: number;
  /** Garbage is collected at every so many allocations, which shows what is alive; 0: only when the heap is full. */
  readonly stride: number;
  readonly heap?: HeapSize;
  /** The image is sealed, and the board has no native code for signatures. */
  readonly sealed?: boolean;
  /** The image comes as a package, from a program of which it is a later version. */
  readonly packed?: Packed;
  /** The board's C decodes it. */
  readonly native?: boolean;
}

/** What an update costs the engine, from the offer until the image is pending, over the idle agent before it. */
export interface UpdateCost {
  /** Bytes alive at the worst moment: slots, as an ESP32 counts them, and chunks. */
  readonly liveBytes: number;
  readonly liveSlots: number;
  readonly liveChunkBytes: number;
  /** Slots alive in the idle agent, beyond those at the time when the heap was sealed. */
  readonly idleSlots: number;
  readonly idleChunkBytes: number;
  /** The most that was in use of each, garbage included. */
  readonly slotsWithGarbage: number;
  readonly chunkBytesWithGarbage: number;
  /** Slots in all, not only those beyond the idle agent. */
  readonly stackSlots: number;
  readonly collections: number;
  /** Slots that were made, garbage included. */
  readonly slotsMade: number;
  readonly bytecodes: number;
}

const SETTLE_MS = 200;
const TIMEOUT_MS = 300_000;

/** Downloads, verifies and makes pending an image over plain TCP, on XS in the heap of an ESP32. */
export async function measureUpdate(options: UpdateCostOptions): Promise<UpdateCost> {
  const { heap = ESP32_HEAP, native: nativePackages = false } = options;
  const engine = await ChipEngine.create({ heap, nativePackages, tellsEvents: false });
  const image = imageOf("0.2.0", options.byteLength);
  const bed = await TestBed.start({ engine, image, ...special(options, image) });
  try {
    bed.board.powerOn();
    await bed.until("version report", () => bed.platform.reports.length > 0);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const worker = engine.worker as XsWorker;
    await measureHeap(worker, options.stride);
    const idle = await measureHeap(worker);
    let end: HeapStatistics | undefined;
    engine.beforeRestart = async () => {
      end = await measureHeap(worker);
    };
    bed.platform.offer(DEVICE, bed.offer());
    await bed.until("pending image", () => end !== undefined, TIMEOUT_MS);
    return costOver(idle, end as unknown as HeapStatistics);
  } finally {
    await bed.stop();
  }
}

function special(
  { sealed: isSealed, packed, byteLength }: UpdateCostOptions,
  image: Uint8Array,
): Partial<TestBedOptions> {
  if (isSealed === true) return sealedUpdate(image);
  if (packed === undefined) return {};
  const { file, base } = packedUpdate(packed, byteLength);
  return { image: file, factory: base, packages: true };
}

function sealedUpdate(image: Uint8Array): Omit<TestBedOptions, "engine"> {
  const signer = signerNamed("vendor");
  return {
    image: sealed(image, { version: "0.2.0", securityVersion: 0, signers: [signer] }),
    config: { seal: { trusted: [signer.pem] } },
    withoutSignatures: true,
  };
}

/**
 * Blocks between two measurements in one region: no record and no report, which come by regions and time, is between.
 */
const APART_BLOCKS = 15;
const LARGE_BLOCKS = 416;
/** Runs of each size, of which the least counts: pieces of the stream and further reports can only add. */
const RUNS = 3;

/**
 * @returns slots made, garbage included, for each further block of 4 KiB on its way from the socket into flash and the
 * digest
 */
export async function measureSlotsPerBlock(): Promise<number> {
  const made: number[] = [];
  for (const blocks of [LARGE_BLOCKS - APART_BLOCKS, LARGE_BLOCKS]) {
    let least = Infinity;
    for (let run = 0; run < RUNS; run++) {
      least = Math.min(least, (await measureUpdate({ byteLength: blocks * 4096, stride: 0 })).slotsMade);
    }
    made.push(least);
  }
  const [less = 0, more = 0] = made;
  return (more - less) / APART_BLOCKS;
}

function costOver(idle: HeapStatistics, end: HeapStatistics): UpdateCost {
  const liveSlots = end.peakTogether.slots - idle.slots.live;
  const liveChunkBytes = end.peakTogether.chunkBytes - idle.chunkBytes.live;
  return {
    liveBytes: liveSlots * SLOT_LENGTH + liveChunkBytes,
    liveSlots,
    liveChunkBytes,
    idleSlots: idle.slots.live - idle.slots.sealed,
    idleChunkBytes: idle.chunkBytes.live - idle.chunkBytes.sealed,
    slotsWithGarbage: end.slots.peak - idle.slots.live,
    chunkBytesWithGarbage: end.chunkBytes.peak - idle.chunkBytes.live,
    stackSlots: end.stack.peak,
    collections: end.collections,
    slotsMade: end.slotsMade,
    bytecodes: end.meter - idle.meter,
  };
}
