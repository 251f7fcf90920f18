/** Writes bits, the least significant bit of a byte first. What is beyond its room is counted and lost. */
export class BitWriter {
  readonly #bytes: Uint8Array;
  #position = 0;

  /** @param room bytes that can be written */
  constructor(room: number) {
    this.#bytes = new Uint8Array(room);
  }

  /** Bytes that were begun. */
  get byteLength(): number {
    return (this.#position + 7) >> 3;
  }

  write(bits: number, count: number): void {
    for (let bit = 0; bit < count; bit++, this.#position++) {
      const at = this.#position >> 3;
      if (((bits >>> bit) & 1) === 1) this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (this.#position & 7));
    }
  }

  /** @returns a copy */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.byteLength);
  }
}
