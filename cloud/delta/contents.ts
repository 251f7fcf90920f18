import { CLASS_BITS, LENGTH_BITS } from "../../src/package/code-tables.js";
import {
  AFTER_COPY,
  AFTER_EDIT,
  AFTER_OTHER,
  BLOCK_LENGTH,
  CONSTANT_TABLE,
  CONSTANTS,
  COPY,
  DISTANCE_TABLE,
  EDIT,
  LITERAL_TABLE,
  LITERALS,
  MATCH,
  NEW_CONSTANT,
  NEW_SHIFT,
  SHIFT,
  SHIFT_TABLE,
  SHIFTS,
} from "../../src/package/format.js";
import { isStored, type PackageHeader, recordLength } from "../../src/package/header-reader.js";
import { malformed } from "../../src/package/malformed.js";

/** What the result of a package is made of. */
export interface PackageContents {
  readonly blocks: number;
  /** Blocks whose record is the block itself. */
  readonly storedBlocks: number;
  /** Bytes of the result. They add up to its length. */
  readonly bytes: {
    readonly stored: number;
    /** New ones, each with a code. */
    readonly literal: number;
    /** That come again from an earlier place of the result. */
    readonly matched: number;
    /** Of the base, as they are. */
    readonly copied: number;
    /** Of the base, with a constant added: words that are addresses mostly. */
    readonly edited: number;
  };
  readonly operations: number;
}

/**
 * Reads all records without the base, as far as that goes: whether their operations fit into their blocks, into the
 * base and into their records. What they make only a decoder knows.
 *
 * @param records all that follows the header
 * @throws OtaError `package-malformed`
 */
export function packageContents(header: PackageHeader, records: Uint8Array): PackageContents {
  const bytes = { stored: 0, literal: 0, matched: 0, copied: 0, edited: 0 };
  let [storedBlocks, operations, at] = [0, 0, 0];
  for (let block = 0; block < header.blocks; block++) {
    const byteOffset = block * BLOCK_LENGTH;
    const end = Math.min(BLOCK_LENGTH, header.resultLength - byteOffset);
    const length = recordLength(header.index, block);
    if (isStored(header.index, block)) {
      storedBlocks++;
      bytes.stored += end;
    } else {
      operations += readRecord({ header, record: records.subarray(at, at + length), byteOffset, end }, bytes);
    }
    at += length;
  }
  return { blocks: header.blocks, storedBlocks, bytes, operations };
}

interface Record {
  readonly header: PackageHeader;
  readonly record: Uint8Array;
  /** Where the block begins in the result. */
  readonly byteOffset: number;
  /** Bytes in the block. */
  readonly end: number;
}

/** @returns how many operations there are */
function readRecord(
  { header, record, byteOffset, end }: Record,
  bytes: { -readonly [K in keyof PackageContents["bytes"]]: number },
): number {
  const { tables, dictionary, base } = header;
  const reader = new BitReader(record, tables);
  const shifts = [...dictionary.subarray(CONSTANTS, CONSTANTS + SHIFTS)];
  let [context, operations] = [AFTER_OTHER, 0];
  for (let at = 0; at < end; operations++) {
    const operation = reader.symbol(context, 8);
    const kind = operation >> CLASS_BITS;
    const lengthClass = operation & ((1 << CLASS_BITS) - 1);
    const length = (1 << lengthClass) + reader.bits(lengthClass);
    let stop = at + length;
    if (kind === LITERALS) {
      if (stop > end) malformed("operation beyond the block");
      for (let left = length; left > 0; left--) reader.symbol(LITERAL_TABLE, 9);
      bytes.literal += length;
      context = AFTER_OTHER;
    } else if (kind === MATCH) {
      const from = at - reader.number(reader.symbol(DISTANCE_TABLE, 7));
      if (stop > end) malformed("operation beyond the block");
      if (from < 0 && (byteOffset + from < 0 || from + length > 0)) malformed("match out of range");
      bytes.matched += length;
      context = AFTER_OTHER;
    } else if (kind === SHIFT || kind === COPY) {
      if (kind === SHIFT) changeShift(reader, shifts);
      bytes.copied += length;
      context = AFTER_COPY;
    } else {
      stop = kind === EDIT ? stop + 3 : ((at + 3) & ~3) + 4 * length;
      const constant = reader.symbol(CONSTANT_TABLE, 8);
      if (constant >= NEW_CONSTANT) reader.number(constant - NEW_CONSTANT);
      bytes.edited += 4;
      bytes.copied += stop - at - 4;
      context = AFTER_EDIT;
    }
    if (stop > end) malformed("operation beyond the block");
    if (kind >= SHIFT) {
      const from = byteOffset + at + (shifts[0] as number);
      if (from < 0 || from + stop - at > (base?.length ?? 0)) malformed("copy from outside of the base");
    }
    at = stop;
  }
  if (reader.byteLength !== record.byteLength) malformed("record that does not end with its block");
  return operations;
}

/** The first one is the current shift. */
function changeShift(reader: BitReader, shifts: number[]): void {
  const symbol = reader.symbol(SHIFT_TABLE, 7);
  const [before = 0] = shifts;
  if (symbol < NEW_SHIFT) {
    shifts.unshift(...shifts.splice(symbol + 1, 1));
    return;
  }
  const change = reader.number(symbol - NEW_SHIFT);
  shifts.unshift((before + ((change >>> 1) ^ -(change & 1))) | 0);
  shifts.pop();
}

/** The bits of one record. Beyond its end come zeros: `byteLength` tells. */
class BitReader {
  readonly #record: Uint8Array;
  readonly #tables: Uint16Array;
  #position = 0;

  constructor(record: Uint8Array, tables: Uint16Array) {
    this.#record = record;
    this.#tables = tables;
  }

  /** Bytes that were used. */
  get byteLength(): number {
    return (this.#position + 7) >> 3;
  }

  /** @param longest bits of the longest code */
  symbol(table: number, longest: number): number {
    const entry = this.#tables[table + this.#peek(longest)] as number;
    this.#position += entry & ((1 << LENGTH_BITS) - 1);
    return entry >> LENGTH_BITS;
  }

  bits(count: number): number {
    const bits = this.#peek(count);
    this.#position += count;
    return bits;
  }

  /** @returns 2^b and the b bits that follow */
  number(b: number): number {
    return this.bits(b) | (1 << b);
  }

  #peek(count: number): number {
    let bits = 0;
    for (let index = 0; index < count; index++) {
      const at = this.#position + index;
      bits |= (((this.#record[at >> 3] ?? 0) >> (at & 7)) & 1) << index;
    }
    return bits;
  }
}
