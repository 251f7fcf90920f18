import { HalError, type FlashPartition } from "../ports/index.js";
import type { FlashInstance, FlashModule } from "./modules.js";

/** Flash encryption programs 16 bytes at a time; offsets and lengths that are multiples of it suit every chip. */
const WRITE_ALIGNMENT = 16;
/** Besides its sectors, every SPI NOR chip can erase blocks of this many bytes at once. */
const REGION_LENGTH = 65536;

/** `FlashPartition` over `embedded:storage/flash`, with the bounds and alignment that the module leaves unchecked. */
export class Ecma419Flash implements FlashPartition {
  readonly byteLength: number;
  readonly blockLength: number;
  readonly regionLength: number;
  readonly #flash: FlashInstance;

  /** @throws HalError `io` if the partition does not exist */
  constructor(options: { flash: FlashModule; path: string; mode: "r" | "r+"; regionLength?: number | undefined }) {
    this.regionLength = options.regionLength ?? REGION_LENGTH;
    try {
      this.#flash = options.flash.open({ path: options.path, mode: options.mode });
      const status = this.#flash.status();
      this.byteLength = status.size;
      this.blockLength = status.blockLength;
    } catch (error) {
      throw HalError.wrap("io", `flash partition ${options.path}`, error);
    }
  }

  read(into: Uint8Array, byteOffset: number): void {
    this.#checkRange("read", byteOffset, into.byteLength);
    try {
      this.#flash.read(into, byteOffset);
    } catch (error) {
      throw HalError.wrap("io", `flash read at ${byteOffset}`, error);
    }
  }

  write(bytes: Uint8Array, byteOffset: number): void {
    this.#checkRange("write", byteOffset, bytes.byteLength);
    if (((byteOffset | bytes.byteLength) & (WRITE_ALIGNMENT - 1)) !== 0) {
      throw new HalError("not-aligned", `flash write of ${bytes.byteLength} bytes at ${byteOffset}`);
    }
    try {
      this.#flash.write(bytes, byteOffset);
    } catch (error) {
      throw HalError.wrap("io", `flash write at ${byteOffset}`, error);
    }
  }

  eraseBlock(start: number, end: number): void {
    this.#checkRange("erase", start * this.blockLength, (end - start) * this.blockLength);
    try {
      this.#flash.eraseBlock(start, end);
    } catch (error) {
      throw HalError.wrap("io", `flash erase of blocks ${start} to ${end}`, error);
    }
  }

  #checkRange(what: string, byteOffset: number, byteLength: number): void {
    // Only a whole number from 0 to 2^32 - 1 stays the same as an unsigned integer of 32 bits.
    if (
      byteOffset >>> 0 !== byteOffset ||
      byteLength >>> 0 !== byteLength ||
      byteOffset + byteLength > this.byteLength
    ) {
      throw new HalError("out-of-bounds", `flash ${what} of ${byteLength} bytes at ${byteOffset}`);
    }
  }
}
