import {
  BLOCK_LENGTH,
  CONSTANTS,
  CONTEXTS,
  EDIT,
  EDIT_WORD,
  MAX_RECORD_LENGTH,
  SHIFT,
  SHIFTS,
  STORED,
} from "../../src/package/format.js";
import { BitWriter } from "./bit-writer.js";
import { BlockParser, MOST_SHIFTS } from "./block-parser.js";
import { canonicalCodes, codeLengthsFor } from "./code-lengths.js";
import { type Costs, costsOf, firstCosts } from "./costs.js";
import { MatchFinder } from "./match-finder.js";
import { describeBlock, type Operation } from "./operation.js";
import { type BlockShifts, ShiftFinder } from "./shift-finder.js";

/** Shifts of the block before that are tried again. */
const KEPT_SHIFTS = 8;
/** The first pass only learns what is common, for which the best shifts are enough. */
const FIRST_SHIFTS = 16;

export interface EncodedRecords {
  /** Of each context. */
  readonly codeLengths: readonly Uint8Array[];
  readonly dictionary: Int32Array;
  /** Length of each record, or `STORED` with the block's own. */
  readonly index: Uint16Array;
  readonly records: readonly Uint8Array[];
}

/** Called after each block of the two passes with how many blocks are done, of how many. */
export type EncodingProgress = (done: number, of: number) => void;

/**
 * Encodes an image in two passes: the first one parses with assumed costs, the second one with those of the codes that
 * the first one would need.
 *
 * @param base empty: compressed
 */
export function encodeRecords(
  base: Uint8Array,
  result: Uint8Array,
  onProgress: EncodingProgress = () => {},
): EncodedRecords {
  const finder = new ShiftFinder(base, result);
  const blocks: Block[] = [];
  for (let start = 0; start < result.byteLength; start += BLOCK_LENGTH) {
    const end = Math.min(start + BLOCK_LENGTH, result.byteLength);
    blocks.push({ start, end, ...finder.find(start, end, MOST_SHIFTS - KEPT_SHIFTS - SHIFTS) });
  }
  const none = new Int32Array(CONSTANTS + SHIFTS);
  const some = blocks.map((block) => ({ ...block, shifts: block.shifts.slice(0, FIRST_SHIFTS) }));
  let done = 0;
  const onBlock = (): void => onProgress(++done, 2 * blocks.length);
  const first = parse(base, result, some, firstCosts(), none, onBlock);
  const { dictionary, common } = learn(first);
  const counts = countSymbols(first, blocks, result, dictionary);
  const costs = costsOf(lengthsFor(counts), counts, common);
  const second = parse(base, result, blocks, costs, dictionary, onBlock);
  const codeLengths = lengthsFor(countSymbols(second, blocks, result, dictionary));
  return { codeLengths, dictionary, ...writeRecords(second, blocks, result, dictionary, codeLengths) };
}

interface Block extends BlockShifts {
  readonly start: number;
  readonly end: number;
}

function parse(
  base: Uint8Array,
  result: Uint8Array,
  blocks: readonly Block[],
  costs: Costs,
  dictionary: Int32Array,
  onBlock: () => void,
): Operation[][] {
  const matches = new MatchFinder({
    result,
    ...(base.byteLength === 0 ? { width: 3, depth: 64 } : { width: 4, depth: 16 }),
  });
  const parser = new BlockParser({ base, result, costs, matches });
  const initial = [...dictionary.subarray(CONSTANTS)];
  let kept: number[] = [];
  return blocks.map(({ start, end, shifts, covered }) => {
    const tried = base.byteLength === 0 ? [0] : [...new Set([...initial, ...kept, ...shifts])];
    const recentShifts = new Set([...initial, ...shifts.slice(0, SHIFTS)]);
    const operations = parser.parse({ start, end, shifts: tried, recentShifts, covered });
    kept = [...new Set(operations.filter(({ kind }) => kind === SHIFT).map(({ value }) => value))].slice(-KEPT_SHIFTS);
    onBlock();
    return operations;
  });
}

/** What blocks had to say anew, because no other operation before had said it in the same block. */
function learn(parsed: readonly (readonly Operation[])[]): { dictionary: Int32Array; common: Set<number> } {
  const [constants, shifts] = [new Map<number, number>(), new Map<number, number>()];
  const times = new Map<number, number>();
  for (const operations of parsed) {
    const seen = new Set<number>();
    for (const { kind, value } of operations) {
      if (kind === SHIFT) {
        if (!seen.has(value)) shifts.set(value, (shifts.get(value) ?? 0) + 1);
        seen.add(value);
      } else if (kind === EDIT || kind === EDIT_WORD) {
        times.set(value, (times.get(value) ?? 0) + 1);
        // A constant may be the same number as a shift.
        if (!seen.has(value + 0.5)) constants.set(value, (constants.get(value) ?? 0) + 1);
        seen.add(value + 0.5);
      }
    }
  }
  const dictionary = new Int32Array(CONSTANTS + SHIFTS);
  dictionary.set(mostFrequent(constants, CONSTANTS));
  dictionary.set(mostFrequent(shifts, SHIFTS), CONSTANTS);
  return { dictionary, common: new Set([...times].filter(([, count]) => count > 3).map(([value]) => value)) };
}

function mostFrequent(counts: ReadonlyMap<number, number>, most: number): number[] {
  return [...counts]
    .sort(([one, count], [two, other]) => other - count || one - two)
    .slice(0, most)
    .map(([value]) => value);
}

function countSymbols(
  parsed: readonly (readonly Operation[])[],
  blocks: readonly Block[],
  result: Uint8Array,
  dictionary: Int32Array,
): Uint32Array[] {
  const counts = CONTEXTS.map(({ symbols }) => new Uint32Array(symbols));
  const sink = {
    symbol: (context: number, symbol: number): void => {
      const of = counts[context] as Uint32Array;
      of[symbol] = (of[symbol] as number) + 1;
    },
    extra: (): void => {},
  };
  for (const [number, { start, end }] of blocks.entries()) {
    describeBlock(parsed[number] ?? [], result.subarray(start, end), dictionary, sink);
  }
  return counts;
}

function lengthsFor(counts: readonly Uint32Array[]): Uint8Array[] {
  return CONTEXTS.map(({ longest }, context) => codeLengthsFor(counts[context] as Uint32Array, longest));
}

function writeRecords(
  parsed: readonly (readonly Operation[])[],
  blocks: readonly Block[],
  result: Uint8Array,
  dictionary: Int32Array,
  codeLengths: readonly Uint8Array[],
): { index: Uint16Array; records: Uint8Array[] } {
  const codes = codeLengths.map(canonicalCodes);
  const index = new Uint16Array(blocks.length);
  const records = blocks.map(({ start, end }, number) => {
    const block = result.subarray(start, end);
    const writer = new BitWriter(block.byteLength);
    describeBlock(parsed[number] ?? [], block, dictionary, {
      symbol: (context, symbol) =>
        writer.write(codes[context]?.[symbol] as number, codeLengths[context]?.[symbol] as number),
      extra: (bits, count) => writer.write(bits, count),
    });
    const isStored = writer.byteLength > Math.min(MAX_RECORD_LENGTH, block.byteLength - 1);
    const record = isStored ? block.slice() : writer.bytes();
    index[number] = record.byteLength | (isStored ? STORED : 0);
    return record;
  });
  return { index, records };
}
