/**
 * Where the same few bytes were before: a hash table of chains, as LZ77 uses it. Positions inside of a run of one byte
 * are left out, for a chain of them would be long and say nothing.
 */
export class HashChains {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  readonly #heads: Int32Array;
  readonly #before: Int32Array;
  readonly #shift: number;
  #next = 0;

  /** @param width bytes that are compared, 3 to 8 */
  constructor(bytes: Uint8Array, width: number) {
    this.#bytes = bytes;
    this.#width = width;
    const bits = Math.min(18, Math.max(8, 32 - Math.clz32(bytes.byteLength)));
    this.#heads = new Int32Array(1 << bits).fill(-1);
    this.#before = new Int32Array(bytes.byteLength);
    this.#shift = 32 - bits;
  }

  /** Adds the positions before `end`. */
  addUntil(end: number): void {
    const bytes = this.#bytes;
    const width = this.#width;
    const last = Math.min(end, bytes.byteLength - width + 1);
    let run = 0;
    for (let at = this.#next; at < last; at++) {
      run = at > 0 && bytes[at] === bytes[at - 1] && bytes[at + width - 1] === bytes[at] ? run + 1 : 0;
      if (run > width) continue;
      const hash = this.hash(bytes, at);
      this.#before[at] = this.#heads[hash] as number;
      this.#heads[hash] = at;
    }
    this.#next = Math.max(this.#next, end);
  }

  /** @returns the newest position with this hash, or -1 */
  first(hash: number): number {
    return this.#heads[hash] as number;
  }

  /** @returns the position before that one in its chain, or -1 */
  before(position: number): number {
    return this.#before[position] as number;
  }

  /** @param bytes of which at least `width` are there from `at` on */
  hash(bytes: Uint8Array, at: number): number {
    let hash = 0;
    for (let index = 0; index < this.#width; index++)
      hash = Math.imul(hash ^ (bytes[at + index] as number), 0x2c1b3c6d);
    return Math.imul(hash ^ (hash >>> 15), 0x297a2d39) >>> this.#shift;
  }
}
