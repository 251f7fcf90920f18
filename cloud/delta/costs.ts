import {
  CONSTANT_CONTEXT,
  CONTEXTS,
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
  SHIFT,
  SHIFT_CONTEXT,
} from "../../src/package/format.js";
import { zigzag } from "./operation.js";

/**
 * Bits that an operation is taken to cost beyond those it has, for it costs a board about as much as four literals.
 * With fewer, packages become larger too: what makes an operation also makes codes for it longer.
 */
const OPERATION = 10;
/** More that a match is taken to cost. */
const MATCHING = 2;

/** What a parse takes each operation to cost, in bits. */
export interface Costs {
  readonly literal: Float32Array;
  readonly literalsBegin: number;
  readonly copyBegin: number;
  /** By the binary logarithm of the length: operation and length. */
  readonly match: Float32Array;
  readonly shift: Float32Array;
  readonly editWord: number;
  readonly edit: number;
  readonly recentConstant: number;
  readonly recentShift: number;
  /** By the binary logarithm of the number: its symbol and bits. */
  readonly newConstant: Float32Array;
  readonly newShift: Float32Array;
  readonly distance: Float32Array;
  /** Whether a constant is expected to be among the recent ones. */
  isCommon(constant: number): boolean;
}

/** Before anything is known. */
export function firstCosts(): Costs {
  const number = (symbolBits: number): Float32Array =>
    Float32Array.from({ length: 32 }, (_, bits) => symbolBits + bits);
  const seen = new Map<number, number>();
  return {
    literal: new Float32Array(256).fill(7),
    literalsBegin: 6,
    copyBegin: 5,
    match: number(5),
    shift: number(5),
    editWord: 7,
    edit: 8,
    recentConstant: 4,
    recentShift: 3,
    newConstant: number(6),
    newShift: number(5),
    distance: number(3),
    isCommon: (constant) => {
      const count = seen.get(constant) ?? 0;
      if (seen.size < 1 << 16) seen.set(constant, count + 1);
      return count > 8;
    },
  };
}

/**
 * @param lengths of the codes of a first parse, of each context
 * @param counts  how often it used each symbol
 * @param common  the constants that it used more than once
 */
export function costsOf(
  lengths: readonly Uint8Array[],
  counts: readonly Uint32Array[],
  common: ReadonlySet<number>,
): Costs {
  const bitsOf = (context: number, symbol: number): number => {
    const bits = lengths[context]?.[symbol] ?? 0;
    return bits > 0 ? bits : (CONTEXTS[context]?.longest ?? 0) + 2;
  };
  const number = (context: number, first: number): Float32Array =>
    Float32Array.from({ length: 32 }, (_, bits) => bitsOf(context, first + bits) + bits);
  const mean = (context: number, from: number, to: number): number => {
    let [sum, count] = [0, 0];
    for (let symbol = from; symbol < to; symbol++) {
      const times = counts[context]?.[symbol] ?? 0;
      sum += times * bitsOf(context, symbol);
      count += times;
    }
    return count === 0 ? (CONTEXTS[context]?.longest ?? 0) : sum / count;
  };
  /** Over the three contexts of operations: bits of the symbol and of the length. */
  const operation = (kind: number, from = 0, to = LENGTH_CLASSES): number => {
    let [sum, count] = [0, 0];
    for (let context = 0; context < 3; context++) {
      for (let size = from; size < to; size++) {
        const symbol = kind * LENGTH_CLASSES + size;
        const times = (counts[context]?.[symbol] ?? 0) + 0.01;
        sum += times * (bitsOf(context, symbol) + size + OPERATION);
        count += times;
      }
    }
    return sum / count;
  };
  const byLength = (kind: number): Float32Array =>
    Float32Array.from({ length: LENGTH_CLASSES }, (_, size) => operation(kind, size, size + 1));
  return {
    literal: Float32Array.from({ length: 256 }, (_, byte) => bitsOf(LITERAL_CONTEXT, byte)),
    literalsBegin: operation(LITERALS),
    copyBegin: operation(COPY),
    match: byLength(MATCH).map((bits) => bits + MATCHING),
    shift: byLength(SHIFT),
    editWord: operation(EDIT_WORD),
    edit: operation(EDIT),
    recentConstant: mean(CONSTANT_CONTEXT, 0, NEW_CONSTANT),
    recentShift: mean(SHIFT_CONTEXT, 0, NEW_SHIFT),
    newConstant: number(CONSTANT_CONTEXT, NEW_CONSTANT),
    newShift: number(SHIFT_CONTEXT, NEW_SHIFT),
    distance: number(DISTANCE_CONTEXT, 0),
    isCommon: (constant) => common.has(constant),
  };
}

/** @returns bits of a constant */
export function constantCost(costs: Costs, constant: number): number {
  return costs.isCommon(constant)
    ? costs.recentConstant
    : (costs.newConstant[31 - Math.clz32(zigzag(constant))] as number);
}
