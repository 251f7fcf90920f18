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
  const symbols = lengths.length;
  /** First how many codes there are of each length, then where the next of them is in `sorted`. */
  const places = new Uint16Array(16);
  for (let index = 0; index < symbols; index++) {
    const length = lengths[index] as number;
    places[length] = (places[length] as number) + 1;
  }
  const used = toPlaces(places, longest);
  if (used === 0) {
    if (isOperation) table.fill(NO_OPERATION);
    return 0;
  }
  const sorted = new Uint8Array(used);
  for (let index = 0; index < symbols; index++) {
    const length = lengths[index] as number;
    if (length === 0) continue;
    const place = places[length] as number;
    sorted[place] = index;
    places[length] = place + 1;
  }
  let kinds = 0;
  let length = 0;
  /** The next code, its first bit lowest. */
  let code = 0;
  for (let place = 0; place < used; place++) {
    // A code means the same whatever comes after it: the table of one bit more is this one, twice.
    for (; place === places[length]; length++) table.copyWithin(1 << length, 0, 1 << length);
    let value = sorted[place] as number;
    if (isOperation) {
      const kind = Math.floor(value / LENGTH_CLASSES);
      value += kind * ((1 << CLASS_BITS) - LENGTH_CLASSES);
      kinds |= 1 << kind;
    }
    table[code] = (value << LENGTH_BITS) | length;
    let bit = 1 << (length - 1);
    for (; (code & bit) !== 0; bit >>= 1) code ^= bit;
    code |= bit;
  }
  // One symbol alone has one bit, of which both values mean it.
  if (used === 1) table.fill(table[0] as number);
  for (; length < longest; length++) table.copyWithin(1 << length, 0, 1 << length);
  return kinds;
}

/** Turns counts of codes into where the first of each length is among all. @returns how many codes there are */
function toPlaces(places: Uint16Array, longest: number): number {
  let code = 0;
  let used = 0;
  places[0] = 0;
  for (let length = 1; length < places.length; length++) {
    const count = places[length] as number;
    if (count > 0 && length > longest) malformed(`code of ${length} bits`);
    places[length] = used;
    code = (code << 1) + count;
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
