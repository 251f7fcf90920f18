import { BLOCK_LENGTH, COPY, EDIT, EDIT_WORD, LITERALS, MATCH, SHIFT } from "../../src/package/format.js";
import { type Costs, constantCost } from "./costs.js";
import type { MatchFinder } from "./match-finder.js";
import { type Operation, zigzag } from "./operation.js";

/** Shifts that a block is parsed with at most. */
export const MOST_SHIFTS = 48;
/** A way that costs so many bits more than the best one to the same place is given up: to come back costs less. */
const BEHIND = 48;
/** Matches longer than this are taken whole or not at all. */
const ANY_LENGTH = 48;

/** How the cheapest way came to a place. */
const FROM_COPY = 0;
const FROM_LITERALS = 1;
const FROM_MATCH = 2;
const WHENCE = 3;
/** What was done then: a byte, an edit, a byte after a change of the shift. */
const BYTE = 4;
const EDITED = 8;
const SHIFTED = 12;
const HOW = 12;

export interface BlockParserOptions {
  readonly base: Uint8Array;
  readonly result: Uint8Array;
  readonly costs: Costs;
  readonly matches: MatchFinder;
}

export interface BlockToParse {
  readonly start: number;
  readonly end: number;
  /** The first one is current at the beginning. At most `MOST_SHIFTS`. */
  readonly shifts: readonly number[];
  readonly recentShifts: ReadonlySet<number>;
  /** Of each byte of the block 1, if no match in the result is looked for there. */
  readonly covered: Uint8Array;
}

/**
 * Finds the operations of a block that cost the fewest bits, by dynamic programming over places and shifts. At each
 * place and for each shift it knows the cheapest way that ends in a copy, and the cheapest that ends in literals; for
 * matches in the result only the cheapest of all.
 */
export class BlockParser {
  readonly #options: BlockParserOptions;
  readonly #copy = new Float32Array((BLOCK_LENGTH + 1) * MOST_SHIFTS);
  readonly #literals = new Float32Array((BLOCK_LENGTH + 1) * MOST_SHIFTS);
  readonly #copyFrom = new Uint8Array((BLOCK_LENGTH + 1) * MOST_SHIFTS);
  readonly #literalsFrom = new Uint8Array((BLOCK_LENGTH + 1) * MOST_SHIFTS);
  readonly #match = new Float32Array(BLOCK_LENGTH + 1);
  readonly #matchShift = new Uint8Array(BLOCK_LENGTH + 1);
  readonly #matchLength = new Uint16Array(BLOCK_LENGTH + 1);
  readonly #matchDistance = new Int32Array(BLOCK_LENGTH + 1);
  /** The cheapest way of all: where it comes from, and its shift. */
  readonly #best = new Uint8Array(BLOCK_LENGTH + 1);
  readonly #bestShift = new Uint8Array(BLOCK_LENGTH + 1);

  constructor(options: BlockParserOptions) {
    this.#options = options;
  }

  parse(block: BlockToParse): Operation[] {
    const { base, result, costs, matches } = this.#options;
    const { start, end, shifts, recentShifts, covered } = block;
    const [copy, literals, copyFrom, literalsFrom] = [this.#copy, this.#literals, this.#copyFrom, this.#literalsFrom];
    const count = shifts.length;
    const length = end - start;
    const bases = Int32Array.from(shifts, (shift) => shift + start);
    const recent = Uint8Array.from(shifts, (shift) => (recentShifts.has(shift) ? 1 : 0));
    const shiftBegin = costs.shift[3] as number;
    copy.fill(Infinity, 0, (length + 1) * count);
    literals.fill(Infinity, 0, (length + 1) * count);
    this.#match.fill(Infinity, 0, length + 1);
    this.#match[0] = 0;
    this.#matchShift[0] = 0;
    this.#matchLength[0] = 0;

    for (let at = 0; at <= length; at++) {
      const row = at * count;
      let best = this.#match[at] as number;
      let bestFrom = FROM_MATCH;
      let bestShift = this.#matchShift[at] as number;
      for (let index = 0; index < count; index++) {
        if ((copy[row + index] as number) < best) {
          best = copy[row + index] as number;
          bestFrom = FROM_COPY;
          bestShift = index;
        }
        if ((literals[row + index] as number) < best) {
          best = literals[row + index] as number;
          bestFrom = FROM_LITERALS;
          bestShift = index;
        }
      }
      this.#best[at] = bestFrom;
      this.#bestShift[at] = bestShift;
      if (at === length) break;

      const byte = result[start + at] as number;
      const literal = costs.literal[byte] as number;
      const matched = this.#match[at] as number;
      const matchedShift = this.#matchShift[at] as number;
      const hasWord = at + 4 <= length;
      for (let index = 0; index < count; index++) {
        const copied = copy[row + index] as number;
        const written = literals[row + index] as number;
        const closed = matchedShift === index ? matched : Infinity;
        const least = Math.min(copied, written, closed);
        const from = (bases[index] as number) + at;
        const isSame = base[from] === byte;
        if (least <= best + BEHIND) {
          let cost = written;
          let way = FROM_LITERALS;
          const begun = Math.min(copied, closed) + costs.literalsBegin;
          if (begun < cost) {
            cost = begun;
            way = copied <= closed ? FROM_COPY : FROM_MATCH;
          }
          literals[row + count + index] = cost + literal;
          literalsFrom[row + count + index] = way;
          if (isSame) {
            cost = copied;
            way = FROM_COPY;
            const again = Math.min(written, closed) + costs.copyBegin;
            if (again < cost) {
              cost = again;
              way = written <= closed ? FROM_LITERALS : FROM_MATCH;
            }
            if (cost < (copy[row + count + index] as number)) {
              copy[row + count + index] = cost;
              copyFrom[row + count + index] = way | BYTE;
            }
          }
          const isWord = (at & 3) === 0;
          if (
            hasWord &&
            from >= 0 &&
            from + 4 <= base.byteLength &&
            (isWord || !isSame || base[from + 1] !== result[start + at + 1])
          ) {
            const constant = (wordAt(result, start + at) - wordAt(base, from)) | 0;
            if (constant !== 0) {
              const cost = least + (isWord ? costs.editWord : costs.edit) + constantCost(costs, constant);
              const to = row + 4 * count + index;
              if (cost < (copy[to] as number)) {
                copy[to] = cost;
                copyFrom[to] = (least === copied ? FROM_COPY : least === written ? FROM_LITERALS : FROM_MATCH) | EDITED;
              }
            }
          }
        }
        if (isSame && index !== bestShift) {
          const to = row + count + index;
          if (best + shiftBegin < (copy[to] as number)) {
            const change = zigzag((shifts[index] as number) - (shifts[bestShift] as number));
            const far = costs.newShift[31 - Math.clz32(change)] as number;
            const cost = best + shiftBegin + (recent[index] === 1 ? Math.min(far, costs.recentShift) : far);
            if (cost < (copy[to] as number)) {
              copy[to] = cost;
              copyFrom[to] = SHIFTED;
            }
          }
        }
      }
      if (covered[at] === 0) this.#relaxMatches(matches, at, best, bestShift, block);
    }
    return this.#operations(block);
  }

  #relaxMatches(matches: MatchFinder, at: number, best: number, shift: number, { start, end }: BlockToParse): void {
    const { costs } = this.#options;
    matches.find(start + at, start, end);
    let shorter = 1;
    for (let index = 0; index < matches.lengths.length; index++) {
      const longest = matches.lengths[index] as number;
      const distance = matches.distances[index] as number;
      const far = best + (costs.distance[31 - Math.clz32(distance)] as number);
      for (let length = longest > ANY_LENGTH ? longest : shorter + 1; length <= longest; length++) {
        const cost = far + (costs.match[31 - Math.clz32(length)] as number);
        if (cost >= (this.#match[at + length] as number)) continue;
        this.#match[at + length] = cost;
        this.#matchShift[at + length] = shift;
        this.#matchLength[at + length] = length;
        this.#matchDistance[at + length] = distance;
      }
      shorter = longest;
    }
  }

  /** Goes the cheapest way back, and puts its steps together. */
  #operations({ start, end, shifts }: BlockToParse): Operation[] {
    const { base, result } = this.#options;
    const count = shifts.length;
    const made: Operation[] = [];
    let at = end - start;
    let from = this.#best[at] as number;
    let index = this.#bestShift[at] as number;
    while (at > 0) {
      const stop = at;
      if (from === FROM_MATCH) {
        const length = this.#matchLength[at] as number;
        made.push({ kind: MATCH, length, value: this.#matchDistance[at] as number });
        at -= length;
        [from, index] = [this.#best[at] as number, this.#bestShift[at] as number];
        continue;
      }
      if (from === FROM_LITERALS) {
        while (from === FROM_LITERALS) from = this.#literalsFrom[at-- * count + index] as number;
        made.push({ kind: LITERALS, length: stop - at, value: 0 });
        continue;
      }
      // A run of copied bytes, which an edit may end and a change of the shift may begin.
      const last = this.#copyFrom[at * count + index] as number;
      const isEdit = (last & HOW) === EDITED;
      if (isEdit) {
        at -= 4;
        from = last & WHENCE;
      }
      const copied = at;
      let isShift = false;
      while (from === FROM_COPY && !isShift) {
        const way = this.#copyFrom[at * count + index] as number;
        if ((way & HOW) === EDITED) break;
        at--;
        isShift = (way & HOW) === SHIFTED;
        from = way & WHENCE;
      }
      if (isEdit) {
        const begin = isShift ? copied : at;
        const value = wordAt(result, start + copied) - wordAt(base, (shifts[index] as number) + start + copied);
        const isWord = (copied & 3) === 0;
        const length = isWord ? ((copied - ((begin + 3) & ~3)) >> 2) + 1 : copied - begin + 1;
        made.push({ kind: isWord ? EDIT_WORD : EDIT, length, value: value | 0 });
      }
      if (isShift) {
        made.push({ kind: SHIFT, length: copied - at, value: shifts[index] as number });
        [from, index] = [this.#best[at] as number, this.#bestShift[at] as number];
      } else if (!isEdit) made.push({ kind: COPY, length: copied - at, value: 0 });
    }
    return made.reverse();
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
