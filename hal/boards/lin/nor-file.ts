import type { File } from "./files.js";

/** Smallest erasable unit of a SPI NOR chip, in bytes. */
export const SECTOR_LENGTH = 4096;

/** Bytes that a SPI NOR chip programs at a time. A buffer of this length is the only memory that this class needs. */
const PAGE_LENGTH = 256;

/** A SPI NOR chip in a file: programming only clears bits, erasing sets whole sectors to 0xFF. */
export class NorFile {
  readonly byteLength: number;
  readonly #file: File;
  readonly #page = new Uint8Array(PAGE_LENGTH);

  /** @param file open for reading and writing; this object owns it from now on */
  constructor(file: File) {
    this.#file = file;
    this.byteLength = file.status().size;
  }

  read(into: Uint8Array, address: number): void {
    this.#checkRange(address, into.byteLength);
    if (this.#file.read(into, address) !== into.byteLength) throw new Error("read failed");
  }

  bytes(address: number, byteLength: number): Uint8Array {
    const bytes = new Uint8Array(byteLength);
    this.read(bytes, address);
    return bytes;
  }

  /** Programs the bytes. A bit that is 0 stays 0, as on the chip. */
  program(bytes: Uint8Array, address: number): void {
    this.#checkRange(address, bytes.byteLength);
    for (let at = 0; at < bytes.byteLength; ) {
      const length = Math.min(bytes.byteLength - at, PAGE_LENGTH - ((address + at) % PAGE_LENGTH));
      const page = this.#page.subarray(0, length);
      this.read(page, address + at);
      for (let index = 0; index < length; index++) {
        page[index] = (page[index] as number) & (bytes[at + index] as number);
      }
      this.#file.write(page, address + at);
      at += length;
    }
  }

  /** Erases whole sectors: both arguments are in bytes and multiples of a sector. */
  erase(address: number, byteLength: number): void {
    this.#checkRange(address, byteLength);
    if (address % SECTOR_LENGTH !== 0 || byteLength % SECTOR_LENGTH !== 0) throw new Error("erase of part of a sector");
    this.#page.fill(0xff);
    for (let at = 0; at < byteLength; at += PAGE_LENGTH) this.#file.write(this.#page, address + at);
  }

  #checkRange(address: number, byteLength: number): void {
    const whole = Number.isSafeInteger(address) && Number.isSafeInteger(byteLength);
    if (!whole || address < 0 || byteLength < 0 || address + byteLength > this.byteLength) {
      throw new Error("outside the flash");
    }
  }
}
