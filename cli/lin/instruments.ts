import { SLOT_LENGTH as SLOT_LENGTH_ESP32 } from "../../hal/boards/family/creation.js";

/** Bytes of a slot in a 64-bit engine. The size of chunks is not converted to that of a chip. */
const SLOT_LENGTH = 32;

export interface HeapUse {
  readonly slots: number;
  readonly chunkBytes: number;
}

/**
 * Reads the lines that an instrumented build of the SDK prints, and the word that hal/boards/lin/host.c puts before
 * them.
 */
export class Instruments {
  #names: readonly string[] = [];
  #first: HeapUse | undefined;
  #last: HeapUse | undefined;
  #afterCollection = false;
  #live: HeapUse = { slots: 0, chunkBytes: 0 };
  #slots = 0;
  #chunkBytes = 0;
  #stackSlots = 0;
  #available = { slots: 0, chunkBytes: 0, stackSlots: 0 };

  /** @returns whether the line was such a line */
  read(line: string): boolean {
    if (line.startsWith("instruments key: ")) {
      this.#names = line.slice("instruments key: ".length).trim().split(",");
      return true;
    }
    if (line === "collected") {
      this.#afterCollection = true;
      return true;
    }
    if (!line.startsWith("instruments: ")) return false;
    const values = line.slice("instruments: ".length).split(",").map(Number);
    const value = (name: string): number => values[this.#names.indexOf(name)] ?? 0;
    const use = { slots: value("Slot used") / SLOT_LENGTH, chunkBytes: value("Chunk used") };
    this.#last = use;
    this.#slots = Math.max(this.#slots, use.slots);
    this.#chunkBytes = Math.max(this.#chunkBytes, use.chunkBytes);
    this.#stackSlots = Math.max(this.#stackSlots, value("Stack used") / SLOT_LENGTH);
    if (this.#afterCollection && bytesOf(use) > bytesOf(this.#live)) this.#live = use;
    this.#afterCollection = false;
    this.#available = {
      slots: value("Slot available") / SLOT_LENGTH,
      chunkBytes: value("Chunk available"),
      stackSlots: value("Stack available") / SLOT_LENGTH,
    };
    return true;
  }

  /** To be called when the modules are loaded and the application has not begun. */
  markLoaded(): void {
    this.#first ??= this.#last;
  }

  /** The heap that the loaded modules alone use. */
  get loaded(): HeapUse {
    return this.#first ?? { slots: 0, chunkBytes: 0 };
  }

  /** The greatest use right after a collection. */
  get live(): HeapUse {
    return this.#live;
  }

  /** @returns the greatest use of each kind of memory, garbage included, and how much of it there is */
  describePeak(): string {
    const { slots, chunkBytes, stackSlots } = this.#available;
    return `slots ${this.#slots} of ${slots}, chunks ${this.#chunkBytes} of ${chunkBytes} bytes, stack ${this.#stackSlots} of ${stackSlots} slots`;
  }
}

/** @returns the bytes that this takes on an ESP32 */
export function bytesOf({ slots, chunkBytes }: HeapUse): number {
  return slots * SLOT_LENGTH_ESP32 + chunkBytes;
}
