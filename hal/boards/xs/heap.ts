import { STACK_SLOTS } from "../esp32/stack.js";
import type { XsWorker } from "./worker.js";

/**
 * What Moddable gives an ESP32 by default, and the stack that the manifest sets; the sizes are fixed. One slot is the
 * head of the heap. A machine whose bundle is preloaded has 113 slots and 40 bytes of chunks in use before the first
 * line of the application runs (measured with the SDK).
 */
export const ESP32_HEAP: HeapSize = { slots: 4928 - 1 - 113, chunkBytes: 78_848 - 40, stackSlots: STACK_SLOTS };

/** Bytes in a slot on an ESP32. */
export const SLOT_LENGTH = 16;

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
}

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
  readonly collections: number;
  /** Slots that were made since the peaks began, garbage included. */
  readonly slotsMade: number;
  /** XS bytecodes since the engine began. */
  readonly meter: number;
}

/**
 * Fixes the heap: from here on the engine has what is in use now plus `size`, and no more. The engine must be our own
 * host; see host/heap.c.
 */
export async function sealHeap(worker: XsWorker, size: HeapSize): Promise<void> {
  await worker.control("L", `${size.slots} ${size.chunkBytes} ${size.stackSlots}`);
}

/**
 * @param stride if given, new peaks begin, and garbage is collected each time that this many allocations were made; 0
 * forces no collection
 */
export async function measureHeap(worker: XsWorker, stride?: number): Promise<HeapStatistics> {
  const text = await worker.control("M", stride === undefined ? "" : String(stride));
  return JSON.parse(text.toString()) as HeapStatistics;
}
