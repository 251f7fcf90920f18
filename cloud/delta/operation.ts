import {
  CONSTANT_CONTEXT,
  CONSTANTS,
  COPY,
  DISTANCE_CONTEXT,
  EDIT,
  EDIT_WORD,
  LENGTH_CLASSES,
  LITERAL_CONTEXT,
  LITERALS,
  MATCH,
  NEW_CONSTANT,
  NEW_SHIFT,
  PIECE_BITS,
  SHIFT,
  SHIFT_CONTEXT,
  SHIFTS,
} from "../../src/package/format.js";

/** One operation of a record: see src/package/format.ts. */
export interface Operation {
  readonly kind: number;
  /** n: of an edit, one more than the words or bytes before it. */
  readonly length: number;
  /** Distance, shift (whole, not as a change) or constant. */
  readonly value: number;
}

/** Hears the symbols of a record in their order. */
export interface SymbolSink {
  symbol(context: number, symbol: number): void;
  /** Bits that follow a symbol, at most `PIECE_BITS`. */
  extra(bits: number, count: number): void;
}

/**
 * Says the symbols of one block.
 *
 * @param block      the bytes that literals are taken from
 * @param dictionary constants and shifts with which each block begins
 */
export function describeBlock(
  operations: readonly Operation[],
  block: Uint8Array,
  dictionary: Int32Array,
  sink: SymbolSink,
): void {
  const constants = [...dictionary.subarray(0, CONSTANTS)];
  const shifts = [...dictionary.subarray(CONSTANTS)];
  let context = 0;
  let at = 0;
  for (const { kind, length, value } of operations) {
    const lengthClass = 31 - Math.clz32(length);
    sink.symbol(context, kind * LENGTH_CLASSES + lengthClass);
    sink.extra(length - (1 << lengthClass), lengthClass);
    context = contextAfter(kind);
    switch (kind) {
      case LITERALS:
        for (let index = 0; index < length; index++) sink.symbol(LITERAL_CONTEXT, block[at + index] as number);
        break;
      case MATCH:
        sayNumber(DISTANCE_CONTEXT, 0, value, sink);
        break;
      case SHIFT: {
        const recent = shifts.indexOf(value, 1);
        if (recent > 0) sink.symbol(SHIFT_CONTEXT, recent - 1);
        else sayNumber(SHIFT_CONTEXT, NEW_SHIFT, zigzag(value - (shifts[0] as number)), sink);
        toFront(shifts, recent > 0 ? recent : SHIFTS - 1, value);
        break;
      }
      case EDIT:
      case EDIT_WORD: {
        const recent = constants.indexOf(value);
        if (recent >= 0) sink.symbol(CONSTANT_CONTEXT, recent);
        else sayNumber(CONSTANT_CONTEXT, NEW_CONSTANT, zigzag(value), sink);
        toFront(constants, recent >= 0 ? recent : CONSTANTS - 1, value);
        break;
      }
    }
    at = endOf(kind, length, at);
  }
}

/** @returns where an operation that begins at `at` in its block ends */
export function endOf(kind: number, length: number, at: number): number {
  if (kind === EDIT_WORD) return ((at + 3) & ~3) + length * 4;
  return kind === EDIT ? at + length + 3 : at + length;
}

function contextAfter(kind: number): number {
  if (kind === SHIFT || kind === COPY) return 1;
  return kind === EDIT || kind === EDIT_WORD ? 2 : 0;
}

/** @returns an unsigned number of 32 bits, at least 1 if `value` is not 0 */
export function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function sayNumber(context: number, first: number, number: number, sink: SymbolSink): void {
  const count = 31 - Math.clz32(number);
  sink.symbol(context, first + count);
  let rest = number - 2 ** count;
  for (let left = count; left > 0; left -= PIECE_BITS) {
    sink.extra(rest & ((1 << Math.min(left, PIECE_BITS)) - 1), Math.min(left, PIECE_BITS));
    rest = Math.floor(rest / (1 << PIECE_BITS));
  }
}

function toFront(list: number[], from: number, value: number): void {
  list.copyWithin(1, 0, from);
  list[0] = value;
}
