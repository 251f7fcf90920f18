import { endOf, type Segment } from "./segment.js";

/** What a server has written and is still to be sent, in its pieces. */
export class Unsent {
  readonly #pieces: Segment[] = [];
  #pushed = 0;

  push(bytes: Uint8Array, ends: boolean): void {
    const piece = { sequence: this.#pushed, bytes, ends };
    this.#pushed = endOf(piece);
    this.#pieces.push(piece);
  }

  get first(): Segment | undefined {
    return this.#pieces[0];
  }

  /**
   * Takes bytes of the first piece.
   *
   * @returns segments of at most `mss` bytes; one without bytes if the piece has none
   */
  take(byteLength: number, mss: number): Segment[] {
    const { sequence, bytes, ends } = this.#pieces.shift() as Segment;
    const segments: Segment[] = [];
    for (let at = 0; at === 0 || at < byteLength; at += mss) {
      segments.push({ sequence: sequence + at, bytes: bytes.subarray(at, Math.min(at + mss, byteLength)), ends });
    }
    if (byteLength < bytes.byteLength) {
      this.#pieces.unshift({ sequence: sequence + byteLength, bytes: bytes.subarray(byteLength), ends });
    }
    return segments;
  }

  clear(): void {
    this.#pieces.length = 0;
  }
}
