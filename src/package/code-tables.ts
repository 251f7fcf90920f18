import {
  AFTER_OTHER,
  CODE_LENGTHS_LENGTH,
  CONSTANT_TABLE,
  CONTEXTS,
  DISTANCE_TABLE,
  LENGTH_CLASSES,
  LITERAL_TABLE,
  OPERATION_CONTEXTS,
  SHIFT_TABLE,
  TABLE_ENTRIES,
} from "./format.js";
import { malformed } from "./malformed.js";

/** Bits of an entry that hold the length of the code. A shift of 32 bits uses no others, so it needs no mask. */
export const LENGTH_BITS = 5;
/** Bits that hold the class of a length, in an entry of an operation. */
export const CLASS_BITS = 4;

/** LITERALS, more than a block has. */
const NO_OPERATION = (15 << LENGTH_BITS) | 1;

/** Four bits, the other way round. */
const REVERSED: readonly number[] = Object.freeze([0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]);

/** The table that each kind of operations goes on with; a copy has none, for which an operation's own stands. */
const NEXT_TABLES: readonly number[] = Object.freeze([
  LITERAL_TABLE,
  DISTANCE_TABLE,
  SHIFT_TABLE,
  AFTER_OTHER,
  CONSTANT_TABLE,
  CONSTANT_TABLE,
]);

/**
 * Makes the tables that turn the next bits of a record into a symbol: for each context as many entries as its longest
 * code has values. An entry is the symbol, above the length of its code; the symbol of an operation is its kind above
 * the class of its length. A context of operations without any code has entries of a length that no block has.
 *
 * @param codeLengths those of all contexts, 4 bits each
 * @throws OtaError `package-malformed`
 */
export function buildCodeTables(codeLengths: Uint8Array): Uint16Array {
  const tables = new Uint16Array(TABLE_ENTRIES);
  const lengths = new Uint8Array(2 * CODE_LENGTHS_LENGTH);
  for (let index = 0, to = 0; index < CODE_LENGTHS_LENGTH; index++) {
    const two = codeLengths[index] as number;
    lengths[to++] = two & 15;
    lengths[to++] = two >> 4;
  }
  let symbol = 0;
  let from = 0;
  let kinds = 0;
  for (let context = 0; context < CONTEXTS.length; context++) {
    const { symbols, longest } = CONTEXTS[context] as (typeof CONTEXTS)[number];
    const table = tables.subarray(from, from + (1 << longest));
    const isOperation = context < OPERATION_CONTEXTS;
    const used = buildOne({ table, lengths: lengths.subarray(symbol, symbol + symbols), longest, isOperation });
    kinds |= isOperation ? used : 0;
    symbol += symbols;
    from += 1 << longest;
  }
  // What an operation goes on with must have codes, so that the decoder need not look.
  for (const [kind, next] of NEXT_TABLES.entries()) {
    if ((kinds >> kind) & 1 && tables[next] === 0) malformed("operation that cannot go on");
  }
  return tables;
}

interface OneTable {
  readonly table: Uint16Array;
  /** Of the code of each symbol; 0 if it has none. */
  readonly lengths: Uint8Array;
  readonly longest: number;
  readonly isOperation: boolean;
}

/** @returns of a context of operations, a bit for each kind that has a code */
function buildOne({ table, lengths, longest, isOperation }: OneTable): number {
  const size = table.length;
  const symbols = lengths.length;
  /** The next code of each length; first, how many codes there are of it. */
  const codes = new Uint16Array(16);
  for (let index = 0; index < symbols; index++) {
    const length = lengths[index] as number;
    codes[length] = (codes[length] as number) + 1;
  }
  const used = toFirstCodes(codes, longest);
  if (used === 0) {
    if (isOperation) table.fill(NO_OPERATION);
    return 0;
  }
  let kinds = 0;
  for (let index = 0; index < symbols; index++) {
    const length = lengths[index] as number;
    if (length === 0) continue;
    const code = codes[length] as number;
    codes[length] = code + 1;
    let value = index;
    if (isOperation) {
      const kind = Math.floor(index / LENGTH_CLASSES);
      value = (kind << CLASS_BITS) | (index % LENGTH_CLASSES);
      kinds |= 1 << kind;
    }
    const entry = (value << LENGTH_BITS) | length;
    // One symbol alone has one bit, of which both values mean it.
    if (used === 1) table.fill(entry);
    else for (let at = reversed(code, length), step = 1 << length; at < size; at += step) table[at] = entry;
  }
  return kinds;
}

/** Turns counts of codes into the first code of each length. @returns how many codes there are */
function toFirstCodes(codes: Uint16Array, longest: number): number {
  let code = 0;
  let used = 0;
  for (let length = 1; length < codes.length; length++) {
    const count = codes[length] as number;
    if (count > 0 && length > longest) malformed(`code of ${length} bits`);
    code <<= 1;
    codes[length] = code;
    code += count;
    used += count;
    if (count > 0 && code > 1 << length) malformed("too many codes");
    if (length === longest) checkSum(code, used, 1 << longest);
  }
  return used;
}

/** @param code what follows the last code, as wide as the longest may be */
function checkSum(code: number, used: number, size: number): void {
  if (used === 0 || code === size) return;
  if (used > 1 || code !== size >> 1) malformed("codes that do not add up");
}

/** @param length at most 12 */
function reversed(code: number, length: number): number {
  const low = REVERSED[code & 15] as number;
  const middle = REVERSED[(code >> 4) & 15] as number;
  const high = REVERSED[code >> 8] as number;
  return ((low << 8) | (middle << 4) | high) >> (12 - length);
}
