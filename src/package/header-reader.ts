import { crc32 } from "../lib/crc32.js";
import { buildCodeTables } from "./code-tables.js";
import {
  BLOCK_LENGTH,
  CODE_LENGTHS_LENGTH,
  CODES_LENGTH,
  CONSTANTS,
  FIXED_LENGTH,
  MAX_RECORD_LENGTH,
  SHIFTS,
  STORED,
} from "./format.js";
import { decodeFixedHeader, type FixedHeader, fixedSum } from "./header.js";
import { malformed } from "./malformed.js";

/** What a package says before its first record. */
export interface PackageHeader extends FixedHeader {
  /** Copy of the seal at the end of the result; empty without one. */
  readonly seal: Uint8Array;
  /** Of `buildCodeTables`. */
  readonly tables: Uint16Array;
  readonly dictionary: Int32Array;
  /** Of each block the length of its record, or `STORED` with the block's own. */
  readonly index: Uint16Array;
}

/** Limits of whom the package is for. */
export interface PackageLimits {
  /** Bytes of the longest result: the slot's length, which bounds the index too. */
  readonly maxResultLength: number;
  /** Bytes of the file, if they are known: what an offer says. */
  readonly packageLength?: number | undefined;
}

/**
 * Takes the header of a package in whatever pieces it comes. It keeps the tables, the dictionary and the index, and
 * while it reads also up to 792 bytes of what is before the index.
 */
export class HeaderReader {
  readonly #limits: PackageLimits;
  /** What is read now: the fixed part, then the seal's copy with codes and dictionary, then the index. */
  #into: Uint8Array = new Uint8Array(FIXED_LENGTH);
  #filled = 0;
  #sum = 0;
  #fixed: FixedHeader | undefined;
  #middle: Uint8Array | undefined;
  #index: Uint16Array | undefined;
  #header: PackageHeader | undefined;

  constructor(limits: PackageLimits) {
    this.#limits = limits;
  }

  /** Whole and checked; `undefined` until then. */
  get header(): PackageHeader | undefined {
    return this.#header;
  }

  /**
   * @returns how many of these bytes belong to the header: fewer than there are only if it is whole
   * @throws OtaError `package-malformed`
   */
  push(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.byteLength && this.#header === undefined) {
      const into = this.#into;
      const count = Math.min(bytes.byteLength - taken, into.byteLength - this.#filled);
      into.set(bytes.subarray(taken, taken + count), this.#filled);
      taken += count;
      this.#filled += count;
      if (this.#filled === into.byteLength) this.#next(into);
    }
    return taken;
  }

  #next(bytes: Uint8Array): void {
    this.#filled = 0;
    if (this.#fixed === undefined) {
      const fixed = decodeFixedHeader(bytes);
      const { maxResultLength, packageLength = fixed.packageLength } = this.#limits;
      if (fixed.resultLength > maxResultLength) malformed(`result of ${fixed.resultLength} bytes`);
      if (fixed.packageLength !== packageLength) malformed(`package of ${fixed.packageLength} bytes`);
      this.#sum = fixedSum(bytes);
      this.#fixed = fixed;
      this.#into = new Uint8Array(fixed.sealLength + CODES_LENGTH);
      return;
    }
    this.#sum = crc32(bytes, bytes.byteLength, this.#sum);
    if (this.#middle === undefined) {
      this.#middle = bytes;
      this.#index = new Uint16Array(this.#fixed.blocks);
      this.#into = new Uint8Array(this.#index.buffer);
      return;
    }
    if (this.#sum !== this.#fixed.crc) malformed("header that was changed");
    this.#header = this.#whole(this.#fixed, this.#middle, this.#index as Uint16Array);
    this.#middle = undefined;
  }

  #whole(fixed: FixedHeader, middle: Uint8Array, index: Uint16Array): PackageHeader {
    checkIndex(fixed, index);
    const codes = middle.subarray(fixed.sealLength);
    const dictionary = new Int32Array(CONSTANTS + SHIFTS);
    new Uint8Array(dictionary.buffer).set(codes.subarray(CODE_LENGTHS_LENGTH));
    return { ...fixed, seal: middle.slice(0, fixed.sealLength), tables: buildCodeTables(codes), dictionary, index };
  }
}

function checkIndex({ headerLength, resultLength, packageLength, blocks }: FixedHeader, index: Uint16Array): void {
  let end = headerLength;
  let whole = BLOCK_LENGTH;
  for (let block = 0; block < blocks; block++) {
    if (block === blocks - 1) whole = resultLength - block * BLOCK_LENGTH;
    const entry = index[block] as number;
    const length = entry & ~STORED;
    if (entry >= STORED ? length !== whole : length === 0 || length > whole || length > MAX_RECORD_LENGTH) {
      malformed(`record of ${length} bytes`);
    }
    end += length;
  }
  if (end !== packageLength) malformed("index that does not add up");
}

/** @returns bytes in the record of a block */
export function recordLength(index: Uint16Array, block: number): number {
  return (index[block] as number) & ~STORED;
}

/** Whether the record of a block is the block itself. */
export function isStored(index: Uint16Array, block: number): boolean {
  return (index[block] as number) >= STORED;
}

/** @returns where the record of a block begins in the package */
export function recordOffset({ headerLength, index }: PackageHeader, block: number): number {
  let offset = headerLength;
  for (let before = 0; before < block; before++) offset += recordLength(index, before);
  return offset;
}
