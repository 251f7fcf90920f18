import type { Log } from "moddable-ota";
import { STACK_SLOTS } from "./stack.js";

/** Count of the values about XS's memory and the free C heap; each has 32 bits. */
const WORDS = 6;

const engine = {
  /**
   * A function of boot.c, like those of platform.ts. It fills in, in this order: slots of stack, static bytes, chunk
   * bytes, heap slots, bytes free, least bytes free. The view must be one of bytes, because the engine hands C no
   * other.
   */
  memory(into: Uint8Array) {
    return native<void>("ota_memory").call(this, into);
  },
};

/**
 * Logs what the engine runs in, and warns if its stack is less than TLS needs: XS would abort at the first connection.
 */
export function logMemory(log: Log): void {
  const words = new Uint32Array(WORDS);
  engine.memory(new Uint8Array(words.buffer));
  const [stackSlots = 0, staticBytes = 0, chunkBytes, heapSlots, freeBytes, leastFreeBytes] = words;
  log("debug", "board", () => {
    // A static heap holds both the chunks and the slots, and divides itself between them.
    const heap = staticBytes > 0 ? `${staticBytes} bytes` : `${chunkBytes} bytes of chunks and ${heapSlots} slots`;
    return `XS has ${stackSlots} slots of stack and a heap of ${heap}; the C heap has ${freeBytes} bytes free, ${leastFreeBytes} at least so far`;
  });
  if (stackSlots >= STACK_SLOTS) return;
  log(
    "warn",
    "board",
    () =>
      `XS has ${stackSlots} slots of stack, TLS needs ${STACK_SLOTS}: set creation.stack to ${STACK_SLOTS} in the manifest`,
  );
}
