import type { XsWorker } from "./worker.js";

/**
 * What Moddable gives an ESP32 by default: all of it fixed. Of the slots one heads the heap; a machine whose bundle is
 * preloaded has 113 slots and 40 bytes of chunks in use before the first line of the application runs (measured with
 * the SDK).
 */
export const ESP32_HEAP: HeapSize = { slots: 4928 - 1 - 113, chunkBytes: 78_848 - 40, stackSlots: 512 };

/** A slot of an ESP32, in bytes. */
export const SLOT_LENGTH = 16;

export interface HeapSize {
  /** Free slots. */
  readonly slots: number;
  /**
   * Free bytes for chunks. On a 64-bit host some chunks are larger than on the chip: what is counted here is an upper
   * bound.
   */
  readonly chunkBytes: number;
  /** In all. */
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
  /** Both at the forced collection where, on an ESP32, they were most together. */
  readonly peakTogether: { readonly slots: number; readonly chunkBytes: number };
  readonly stack: { readonly slots: number; readonly peak: number };
  readonly collections: number;
  /** Since the peaks began, garbage included. */
  readonly slotsMade: number;
  /** XS bytecodes since the engine began. */
  readonly meter: number;
}

/**
 * From here on the engine, which must be our own host, has what is in use now and this, and no more: see host/heap.c.
 */
export async function sealHeap(worker: XsWorker, size: HeapSize): Promise<void> {
  await worker.control("L", `${size.slots} ${size.chunkBytes} ${size.stackSlots}`);
}

/**
 * @param stride given, new peaks begin, and garbage is collected at every so many allocations; 0: never for its own
 * sake
 */
export async function measureHeap(worker: XsWorker, stride?: number): Promise<HeapStatistics> {
  const text = await worker.control("M", stride === undefined ? "" : String(stride));
  return JSON.parse(text.toString()) as HeapStatistics;
}
