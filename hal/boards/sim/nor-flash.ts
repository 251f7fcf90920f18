import { closeSync, openSync, readSync, writeSync, fstatSync } from "node:fs";

/** Smallest erasable unit of a SPI NOR chip, in bytes. */
export const SECTOR_LENGTH = 4096;

/** Keeps a second copy of the bytes outside of memory. It gets every change before the change is visible. */
export interface FlashMedium {
  write(bytes: Uint8Array, address: number): void;
  close(): void;
}

/** A medium that keeps nothing, for a flash that lives in memory only. */
export const NO_MEDIUM: FlashMedium = { write: () => {}, close: () => {} };

/** A medium in a file. The file is complete at every moment: each change is in it before the call returns. */
export class FileMedium implements FlashMedium {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Opens an existing flash file and reads it whole. */
  static open(path: string, mode: "r" | "r+"): NorFlash {
    const descriptor = openSync(path, mode);
    try {
      return new NorFlash(readWhole(descriptor), new FileMedium(descriptor));
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  write(bytes: Uint8Array, address: number): void {
    let at = 0;
    while (at < bytes.byteLength) at += writeSync(this.#descriptor, bytes, at, bytes.byteLength - at, address + at);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function readWhole(descriptor: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(descriptor).size);
  let at = 0;
  while (at < bytes.byteLength) {
    const count = readSync(descriptor, bytes, at, bytes.byteLength - at, at);
    if (count === 0) break;
    at += count;
  }
  return bytes;
}

/**
 * A NOR chip: programming only clears bits, erasing sets whole sectors to 0xFF. It is stricter than hardware: see
 * `program`.
 */
export class NorFlash {
  readonly #bytes: Uint8Array;
  readonly #medium: FlashMedium;

  /** @param bytes content; this object owns it from now on */
  constructor(bytes: Uint8Array, medium: FlashMedium) {
    if (bytes.byteLength === 0 || bytes.byteLength % SECTOR_LENGTH !== 0) {
      throw new Error(`a flash of ${bytes.byteLength} bytes is not whole sectors`);
    }
    this.#bytes = bytes;
    this.#medium = medium;
  }

  static blank(byteLength: number, medium: FlashMedium = NO_MEDIUM): NorFlash {
    return new NorFlash(new Uint8Array(byteLength).fill(0xff), medium);
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  read(into: Uint8Array, address: number): void {
    this.#checkRange(address, into.byteLength);
    into.set(this.#bytes.subarray(address, address + into.byteLength));
  }

  slice(address: number, byteLength: number): Uint8Array {
    this.#checkRange(address, byteLength);
    return this.#bytes.slice(address, address + byteLength);
  }

  /** @throws Error, and changes nothing, if a bit would have to go from 0 to 1 */
  program(bytes: Uint8Array, address: number): void {
    this.#checkRange(address, bytes.byteLength);
    const stored = this.#bytes;
    for (let index = 0; index < bytes.byteLength; index++) {
      const wanted = bytes[index] as number;
      if (((stored[address + index] as number) & wanted) !== wanted) {
        throw new Error(`program at 0x${(address + index).toString(16)} would set a bit: not erased`);
      }
    }
    this.#medium.write(bytes, address);
    this.#bytes.set(bytes, address);
  }

  /** Erases whole sectors: both arguments are in bytes and multiples of a sector. */
  erase(address: number, byteLength: number): void {
    this.#checkRange(address, byteLength);
    if (address % SECTOR_LENGTH !== 0 || byteLength % SECTOR_LENGTH !== 0) throw new Error("erase of part of a sector");
    this.#medium.write(new Uint8Array(byteLength).fill(0xff), address);
    this.#bytes.fill(0xff, address, address + byteLength);
  }

  isBlank(address: number, byteLength: number): boolean {
    this.#checkRange(address, byteLength);
    const stored = this.#bytes;
    for (let at = address; at < address + byteLength; at++) {
      if (stored[at] !== 0xff) return false;
    }
    return true;
  }

  close(): void {
    this.#medium.close();
  }

  #checkRange(address: number, byteLength: number): void {
    if (address < 0 || byteLength < 0 || address + byteLength > this.#bytes.byteLength) {
      throw new Error(`${byteLength} bytes at 0x${address.toString(16)} are outside the flash`);
    }
  }
}
