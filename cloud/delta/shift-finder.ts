import { HashChains } from "./hash-chains.js";

/** Bytes that must be the same for a shift to be seen at all. */
const WIDTH = 6;
/** Positions of the base that are looked at for one of the result. */
const DEPTH = 24;
/** A match this long is gone through without looking for others. */
const LONG = 32;
/** About what it costs to change the shift, in bytes. */
const CHANGE_COST = 3;

/** The shifts from which a block may take bytes of its base. */
export interface BlockShifts {
  readonly shifts: readonly number[];
  /** Of each byte of the block 1, if a long match has it. */
  readonly covered: Uint8Array;
}

/** Finds where the bytes of a block are in the base. */
export class ShiftFinder {
  readonly #base: Uint8Array;
  readonly #result: Uint8Array;
  readonly #chains: HashChains;

  constructor(base: Uint8Array, result: Uint8Array) {
    this.#base = base;
    this.#result = result;
    this.#chains = new HashChains(base, WIDTH);
    this.#chains.addUntil(base.byteLength);
  }

  /** @param most shifts that are given at most: those from which most bytes come */
  find(start: number, end: number, most: number): BlockShifts {
    const result = this.#result;
    const covered = new Uint8Array(end - start);
    const found = new Map<number, { score: number; end: number }>();
    const last = Math.min(end, result.byteLength - WIDTH + 1);
    for (let at = start; at < last; ) {
      let longest = 0;
      let position = this.#chains.first(this.#chains.hash(result, at));
      for (let depth = 0; position >= 0 && depth < DEPTH; depth++) {
        const length = this.#matchLength(position, at, end);
        if (length >= WIDTH) {
          longest = Math.max(longest, length);
          note(found, position - at, at, length);
        }
        position = this.#chains.before(position);
      }
      if (longest >= LONG) covered.fill(1, at - start, at - start + longest);
      at += longest >= LONG ? longest - WIDTH : 1;
    }
    const shifts = [...found]
      .sort(([one, { score }], [two, { score: other }]) => other - score || Math.abs(one) - Math.abs(two) || one - two)
      .slice(0, most)
      .map(([shift]) => shift);
    return { shifts, covered };
  }

  #matchLength(position: number, at: number, end: number): number {
    const [base, result] = [this.#base, this.#result];
    const most = Math.min(end - at, base.byteLength - position);
    let length = 0;
    while (length < most && base[position + length] === result[at + length]) length++;
    return length;
  }
}

function note(found: Map<number, { score: number; end: number }>, shift: number, at: number, length: number): void {
  const known = found.get(shift);
  if (known === undefined) {
    found.set(shift, { score: length - CHANGE_COST, end: at + length });
  } else if (at >= known.end) {
    known.score += length;
    known.end = at + length;
  }
}
