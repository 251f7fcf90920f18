/** Bytes that were received but not read yet, in order. */
export class ReceiveQueue {
  readonly #pieces: Buffer[] = [];
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#byteLength += bytes.byteLength;
  }

  /** Fills all of `into` with the first bytes; the caller has checked `byteLength`. */
  take(into: Uint8Array): void {
    for (let at = 0; at < into.byteLength; ) {
      const first = this.#pieces[0] as Buffer;
      const count = Math.min(first.byteLength, into.byteLength - at);
      into.set(first.subarray(0, count), at);
      at += count;
      if (count === first.byteLength) this.#pieces.shift();
      else this.#pieces[0] = first.subarray(count);
    }
    this.#byteLength -= into.byteLength;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#byteLength = 0;
  }
}
