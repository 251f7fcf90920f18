import { HashChains } from "./hash-chains.js";

export interface MatchFinderOptions {
  readonly result: Uint8Array;
  /** Bytes that must be the same. */
  readonly width: number;
  /** Earlier positions that are looked at for each. */
  readonly depth: number;
}

/** Finds in the result what comes again. It goes forward only, block by block. */
export class MatchFinder {
  readonly #result: Uint8Array;
  readonly #chains: HashChains;
  readonly #depth: number;
  readonly #width: number;
  /** The matches of the last search: each longer and mostly farther than the one before. */
  readonly lengths: number[] = [];
  readonly distances: number[] = [];

  constructor({ result, width, depth }: MatchFinderOptions) {
    this.#result = result;
    this.#width = width;
    this.#depth = depth;
    this.#chains = new HashChains(result, width);
  }

  /**
   * @param start of the block: a match that begins before it must end there
   * @param end   of the block
   */
  find(at: number, start: number, end: number): void {
    const { lengths, distances } = this;
    const result = this.#result;
    lengths.length = distances.length = 0;
    this.#chains.addUntil(at);
    if (at + this.#width > result.byteLength) return;
    // A run of one byte is not in the chains.
    let longest = this.#width - 1;
    if (at > start && result[at] === result[at - 1]) {
      const length = this.#matchLength(at - 1, at, end - at);
      if (length > longest) {
        lengths.push((longest = length));
        distances.push(1);
      }
    }
    let position = this.#chains.first(this.#chains.hash(result, at));
    for (let depth = 0; position >= 0 && depth < this.#depth; depth++) {
      const most = position < start ? Math.min(end - at, start - position) : end - at;
      if (most > longest && result[position + longest] === result[at + longest]) {
        const length = this.#matchLength(position, at, most);
        if (length > longest) {
          lengths.push((longest = length));
          distances.push(at - position);
        }
      }
      position = this.#chains.before(position);
    }
  }

  #matchLength(position: number, at: number, most: number): number {
    const result = this.#result;
    let length = 0;
    while (length < most && result[position + length] === result[at + length]) length++;
    return length;
  }
}
