import { CLASS_BITS, LENGTH_BITS } from "./code-tables.js";
import {
  AFTER_COPY,
  AFTER_EDIT,
  BLOCK_LENGTH,
  CONSTANT_TABLE,
  CONSTANTS,
  COPY,
  DISTANCE_TABLE,
  EDIT,
  EDIT_WORD,
  LITERAL_TABLE,
  MATCH,
  NEW_CONSTANT,
  NEW_SHIFT,
  PIECE_BITS,
  SHIFT,
  SHIFT_TABLE,
  SHIFTS,
} from "./format.js";
import { malformed } from "./malformed.js";
import type { RecordDecoder } from "./record-decoder.js";

/** Bytes of the base that are read beyond what is asked for: the next operations mostly want them. */
const AHEAD = 512;
/** The least entry of each kind of operations: they are compared as they are. */
const KIND_SHIFT = LENGTH_BITS + CLASS_BITS;
const FIRST_MATCH = MATCH << KIND_SHIFT;
const FIRST_SHIFT = SHIFT << KIND_SHIFT;
const FIRST_COPY = COPY << KIND_SHIFT;
const FIRST_EDIT = EDIT_WORD << KIND_SHIFT;
const FIRST_EDIT_OF_BYTES = EDIT << KIND_SHIFT;
/** Below this there may be fewer than `PIECE_BITS` bits beneath the mark. */
const LOW = 1 << PIECE_BITS;

/** Where a decoder reads what is in flash. What these throw passes through. */
export interface PackageSources {
  /** Fills `into` from the base. Called only with what lies within the base. */
  readBase(byteOffset: number, into: Uint8Array): void;
  /** Fills `into` from blocks of the result before the one that is made. */
  readResult(byteOffset: number, into: Uint8Array): void;
}

export interface BlockDecoderOptions {
  /** Where blocks are made: `BLOCK_LENGTH` bytes. */
  readonly block: Uint8Array;
  readonly sources: PackageSources;
  /** Of `buildCodeTables`. */
  readonly tables: Uint16Array;
  /** The constants and shifts with which each block begins. */
  readonly dictionary: Int32Array;
  /** Bytes of the base; 0 without one. */
  readonly baseLength: number;
}

/**
 * Makes blocks of the result from their records, in bounded time whatever a record says: each operation makes at least
 * one byte. It writes nothing outside of `block`, and reads the base and the result only within their bounds. A record
 * that was changed may make a wrong block without an error, so that the hash of the result decides.
 */
export class BlockDecoder implements RecordDecoder {
  /**
   * The record in the words of the engine, which is little-endian on all boards. Behind the longest one there is room
   * for what is taken before it is known that it is not needed.
   */
  readonly #units = new Uint16Array(BLOCK_LENGTH / 2);
  /** The caller fills this with the record. */
  readonly record = new Uint8Array(this.#units.buffer);
  /** The recent constants, then the recent shifts. */
  readonly #recent = new Int32Array(CONSTANTS + SHIFTS);
  readonly #block: Uint8Array;
  readonly #view: DataView;
  readonly #sources: PackageSources;
  readonly #tables: Uint16Array;
  readonly #literals: Uint16Array;
  readonly #afterCopy: Uint16Array;
  readonly #afterEdit: Uint16Array;
  readonly #dictionary: Int32Array;
  readonly #baseLength: number;

  constructor({ block, sources, tables, dictionary, baseLength }: BlockDecoderOptions) {
    this.#block = block;
    this.#view = new DataView(block.buffer, block.byteOffset, BLOCK_LENGTH);
    this.#sources = sources;
    this.#tables = tables;
    this.#literals = tables.subarray(LITERAL_TABLE, CONSTANT_TABLE);
    this.#afterCopy = tables.subarray(AFTER_COPY, AFTER_EDIT);
    this.#afterEdit = tables.subarray(AFTER_EDIT, LITERAL_TABLE);
    this.#dictionary = dictionary;
    this.#baseLength = baseLength;
  }

  /**
   * Makes a block from the record in `record`.
   *
   * @param recordLength bytes in the record, 1 to 4032
   * @param byteOffset   where the block begins in the result
   * @param end          bytes in the block: `BLOCK_LENGTH`, or fewer if it is the last one
   * @throws OtaError `package-malformed`; `block` is undefined then
   */
  decode(recordLength: number, byteOffset: number, end: number): void {
    const block = this.#block;
    const view = this.#view;
    const tables = this.#tables;
    const literals = this.#literals;
    const units = this.#units;
    const recent = this.#recent;
    const clz32 = Math.clz32;
    // The next bits of the record, the first one lowest, beneath a mark of one bit that says how many there are. Before
    // bits are used there are at least 15. Beyond the record come bits without meaning, and the end finds that out.
    let bits = 1;
    let unit = -1;
    let at = 0;
    /** Up to here the block holds bytes of the base at the current shift. */
    let filled = 0;
    // Those after other operations come first in the tables.
    let operations = tables;
    recent.set(this.#dictionary);
    let shift = recent[CONSTANTS] as number;

    while (at < end) {
      if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
      let entry = operations[bits & 0xff] as number;
      bits >>= entry;
      const operation = entry;
      const lengthClass = (entry >> LENGTH_BITS) & 15;
      let length = 1 << lengthClass;
      if (lengthClass !== 0) {
        if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
        length += bits & (length - 1);
        bits >>= lengthClass;
      }
      let stop = at + length;

      if (operation >= FIRST_EDIT) {
        stop = operation < FIRST_EDIT_OF_BYTES ? ((at + 3) & ~3) + (length << 2) : stop + 3;
        if (stop > end) malformed("edit beyond the block");
        if (stop > filled) filled = this.#fill(at < filled ? filled : at, stop, end, byteOffset + shift);
        if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
        entry = tables[CONSTANT_TABLE + (bits & 0xff)] as number;
        bits >>= entry;
        let left = entry >> LENGTH_BITS;
        let constant: number;
        if (left < NEW_CONSTANT) {
          constant = recent[left] as number;
        } else {
          constant = 0;
          let got = 0;
          for (left -= NEW_CONSTANT; left > PIECE_BITS; left -= PIECE_BITS) {
            if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
            constant |= (bits & (LOW - 1)) << got;
            bits >>= PIECE_BITS;
            got += PIECE_BITS;
          }
          if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
          constant |= ((bits & ((1 << left) - 1)) | (1 << left)) << got;
          bits >>= left;
          constant = (constant >>> 1) ^ -(constant & 1);
          left = CONSTANTS - 1;
        }
        if (left !== 0) {
          recent.copyWithin(1, 0, left);
          recent[0] = constant;
        }
        at = stop;
        view.setInt32(at - 4, view.getInt32(at - 4, true) + constant, true);
        operations = this.#afterEdit;
      } else if (stop > end) {
        malformed("operation beyond the block");
      } else if (operation < FIRST_MATCH) {
        // Two at a time, because a turn of the loop costs XS a tenth of a literal.
        if ((length & 1) !== 0) {
          if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
          entry = literals[bits & 0x1ff] as number;
          bits >>= entry;
          block[at] = entry >> LENGTH_BITS;
          ++at;
        }
        if (length !== 1) {
          do {
            if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
            entry = literals[bits & 0x1ff] as number;
            bits >>= entry;
            block[at] = entry >> LENGTH_BITS;
            ++at;
            if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
            entry = literals[bits & 0x1ff] as number;
            bits >>= entry;
            block[at] = entry >> LENGTH_BITS;
          } while (++at < stop);
        }
        operations = tables;
      } else if (operation < FIRST_SHIFT) {
        if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
        entry = tables[DISTANCE_TABLE + (bits & 0x7f)] as number;
        bits >>= entry;
        let left = entry >> LENGTH_BITS;
        let from = at - (1 << left);
        if (left > 0) {
          if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
          if (left > PIECE_BITS) {
            from -= bits & (LOW - 1);
            bits >>= PIECE_BITS;
            left -= PIECE_BITS;
            if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
            from -= (bits & ((1 << left) - 1)) << PIECE_BITS;
          } else from -= bits & ((1 << left) - 1);
          bits >>= left;
        }
        if (from >= 0 && from + length <= at) block.copyWithin(at, from, from + length);
        else this.#match(at, stop, from, byteOffset);
        at = stop;
        operations = tables;
      } else {
        if (operation < FIRST_COPY) {
          if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
          entry = tables[SHIFT_TABLE + (bits & 0x7f)] as number;
          bits >>= entry;
          let left = entry >> LENGTH_BITS;
          if (left < NEW_SHIFT) {
            left++;
            shift = recent[CONSTANTS + left] as number;
          } else {
            let change = 0;
            let got = 0;
            for (left -= NEW_SHIFT; left > PIECE_BITS; left -= PIECE_BITS) {
              if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
              change |= (bits & (LOW - 1)) << got;
              bits >>= PIECE_BITS;
              got += PIECE_BITS;
            }
            if (bits < LOW) bits += ((units[++unit] as number) + 0xffff) << (31 - clz32(bits));
            change |= ((bits & ((1 << left) - 1)) | (1 << left)) << got;
            bits >>= left;
            shift += (change >>> 1) ^ -(change & 1);
            left = SHIFTS - 1;
          }
          recent.copyWithin(CONSTANTS + 1, CONSTANTS, CONSTANTS + left);
          recent[CONSTANTS] = shift;
          filled = at;
        }
        if (stop > filled) filled = this.#fill(at < filled ? filled : at, stop, end, byteOffset + shift);
        at = stop;
        operations = this.#afterCopy;
      }
    }
    const used = ((unit + 1) << 4) - (31 - clz32(bits));
    if ((used + 7) >> 3 !== recordLength) malformed("record that does not end with its block");
  }

  /** Copies from before the block, or what runs into itself. @param from where it begins, seen from the block */
  #match(at: number, stop: number, from: number, byteOffset: number): void {
    const block = this.#block;
    if (from < 0) {
      if (byteOffset + from < 0 || from + stop - at > 0) malformed("match out of range");
      this.#sources.readResult(byteOffset + from, block.subarray(at, stop));
      return;
    }
    // Each turn doubles what repeats, so that it copies no byte onto another that it still needs.
    for (let to = at; to < stop; ) {
      const count = to - from < stop - to ? to - from : stop - to;
      block.copyWithin(to, from, from + count);
      to += count;
    }
  }

  /**
   * Reads bytes of the base to where they belong in the block.
   *
   * @param end   of the block
   * @param shift from an offset in the block to one in the base
   * @returns where the bytes that were read end: at `stop` or beyond it
   */
  #fill(start: number, stop: number, end: number, shift: number): number {
    const baseLength = this.#baseLength;
    if (shift + start < 0 || shift + stop > baseLength) malformed("copy from outside of the base");
    let until = stop + AHEAD;
    if (until > end) until = end;
    if (shift + until > baseLength) until = baseLength - shift;
    this.#sources.readBase(shift + start, this.#block.subarray(start, until));
    return until;
  }
}
