import { STACK_SLOTS } from "../esp32/stack.js";
import { ESP32, type SdkChip } from "../family/chips.js";
import { CHUNK_BLOCK_HEAD_LENGTH, SLOT_LENGTH } from "../family/creation.js";
import type { XsWorker } from "./worker.js";

/** The slot that is the head of the heap. */
const HEAD_SLOTS = 1;
/**
 * What a machine whose bundle is preloaded has in use before the first line of the application runs (measured with the
 * SDK).
 */
const STARTED_SLOTS = 113;
const STARTED_CHUNK_BYTES = 40;

export interface HeapSize {
  /** Free slots. */
  readonly slots: number;
  /**
   * Free bytes for chunks. On a 64-bit host some chunks are larger than on the chip, so a count of chunks here is an
   * upper bound.
   */
  readonly chunkBytes: number;
  /** Slots of stack in all, used and free. */
  readonly stackSlots: number;
  /** If present, the two amounts above are only the first ones, and grow. */
  readonly shared?: SharedHeap;
}

/** One block of memory in which both slots and chunks grow. */
export interface SharedHeap {
  /** Free bytes for both, with a slot at its length on a chip. */
  readonly byteLength: number;
  /** Slots, and bytes of chunks, by which one or the other grows. */
  readonly slotStep: number;
  readonly chunkStep: number;
}

/**
 * @returns what is free in XS on a chip when the application begins: the heap that the SDK's board sets, and the stack
 * that our manifest sets, which in a shared block takes some of it
 */
export function heapOf({ sdk }: Pick<SdkChip, "sdk">): HeapSize {
  const { staticBytes, chunkBytes, slots } = sdk.creation;
  const stackSlots = STACK_SLOTS;
  const usedSlots = HEAD_SLOTS + STARTED_SLOTS;
  const fixed = { slots: slots.initial - usedSlots, chunkBytes: chunkBytes.initial - STARTED_CHUNK_BYTES, stackSlots };
  if (staticBytes === 0) return fixed;
  const used = (stackSlots + usedSlots) * SLOT_LENGTH + CHUNK_BLOCK_HEAD_LENGTH + STARTED_CHUNK_BYTES;
  return {
    ...fixed,
    shared: { byteLength: staticBytes - used, slotStep: slots.step, chunkStep: chunkBytes.step },
  };
}

/** The heap of an ESP32, as most boards of the SDK have it. */
export const ESP32_HEAP: HeapSize = heapOf(ESP32);

interface Amounts {
  /** In use when the heap was sealed. */
  readonly sealed: number;
  /** In use now, after a collection. */
  readonly live: number;
  readonly free: number;
  /** Most in use since the peaks began, garbage included. */
  readonly peak: number;
  /** Most alive at a forced collection since then. */
  readonly peakLive: number;
}

export interface HeapStatistics {
  readonly slots: Amounts;
  readonly chunkBytes: Amounts;
  /** Both counts at the forced collection at which their sum in bytes would be greatest on an ESP32. */
  readonly peakTogether: { readonly slots: number; readonly chunkBytes: number };
  readonly stack: { readonly slots: number; readonly peak: number };
  /** Bytes of the block that slots and chunks share, and those that hold nothing alive; both 0 if there is none. */
  readonly shared: { readonly byteLength: number; readonly free: number };
  readonly collections: number;
  /** Slots that were made since the peaks began, garbage included. */
  readonly slotsMade: number;
  /** XS bytecodes since the engine began. */
  readonly meter: number;
}

/**
 * Fixes the heap: from here on the engine has what is in use now plus `size`, and no more. A shared heap is divided as
 * the SDK divides it. The engine must be our own host; see host/heap.c.
 */
export async function sealHeap(worker: XsWorker, size: HeapSize): Promise<void> {
  const { slots, chunkBytes, stackSlots, shared = { byteLength: 0, slotStep: 0, chunkStep: 0 } } = size;
  await worker.control(
    "L",
    `${slots} ${chunkBytes} ${stackSlots} ${shared.byteLength} ${shared.slotStep} ${shared.chunkStep}`,
  );
}

/**
 * @param stride if given, new peaks begin, and garbage is collected each time that this many allocations were made; 0
 * forces no collection
 */
export async function measureHeap(worker: XsWorker, stride?: number): Promise<HeapStatistics> {
  const text = await worker.control("M", stride === undefined ? "" : String(stride));
  return JSON.parse(text.toString()) as HeapStatistics;
}
