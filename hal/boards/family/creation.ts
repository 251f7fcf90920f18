/** Sizes of XS's memory, as `creation` of the SDK's manifests sets them. */
export interface Creation {
  /**
   * Bytes of one block that holds stack, slots and chunks: the last two grow in it, in steps, as one or the other is
   * needed. If it is 0, there is no such block.
   */
  readonly staticBytes: number;
  /** Bytes of chunks at the start, and in a step; a step of 0 means that they never grow. */
  readonly chunkBytes: { readonly initial: number; readonly step: number };
  /** The same of slots. */
  readonly slots: { readonly initial: number; readonly step: number };
  /** Slots of stack. Our own manifest replaces it by STACK_SLOTS of ../esp32/stack.ts. */
  readonly stackSlots: number;
}

/** Two sizes that never grow. Most boards of the SDK have these. */
export const SDK_FIXED: Creation = Object.freeze({
  staticBytes: 0,
  chunkBytes: Object.freeze({ initial: 78_848, step: 0 }),
  slots: Object.freeze({ initial: 4928, step: 0 }),
  stackSlots: 512,
});

/** One block that slots and chunks share. */
export const SDK_SHARED: Creation = Object.freeze({
  staticBytes: 94_208,
  chunkBytes: Object.freeze({ initial: 1536, step: 512 }),
  slots: Object.freeze({ initial: 512, step: 64 }),
  stackSlots: 384,
});

/** Bytes of a slot on a chip. */
export const SLOT_LENGTH = 16;

/** Bytes before the first chunk of a block of chunks on a chip (`sizeof(txBlock)`). */
export const CHUNK_BLOCK_HEAD_LENGTH = 16;

/** @returns whether both set the same sizes, whatever stack they set */
export function isSameHeap(left: Creation, right: Creation): boolean {
  return (
    left.staticBytes === right.staticBytes &&
    left.chunkBytes.initial === right.chunkBytes.initial &&
    left.chunkBytes.step === right.chunkBytes.step &&
    left.slots.initial === right.slots.initial &&
    left.slots.step === right.slots.step
  );
}
