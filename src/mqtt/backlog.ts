import type { ByteStream } from "../../hal/ports/index.js";

/** Bytes on their way into a socket, in order, as it has room for them. */
export class Backlog {
  readonly #limit: number;
  readonly #packets: Uint8Array[] = [];
  #byteLength = 0;
  #room = 0;

  /** @param limit bytes that may wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#byteLength === 0;
  }

  /** More bytes wait than the limit: the peer takes no data. */
  get overflowing(): boolean {
    return this.#byteLength > this.#limit;
  }

  add(bytes: Uint8Array): void {
    this.#packets.push(bytes);
    this.#byteLength += bytes.byteLength;
  }

  /** How many bytes the socket takes now. */
  set room(count: number) {
    this.#room = count;
  }

  /** Hands over what the socket takes. @throws HalError if it takes none */
  flush(stream: ByteStream): void {
    while (this.#room > 0 && this.#packets.length > 0) {
      const next = this.#packets[0] as Uint8Array;
      const piece = next.byteLength <= this.#room ? next : next.subarray(0, this.#room);
      if (piece.byteLength === next.byteLength) this.#packets.shift();
      else this.#packets[0] = next.subarray(piece.byteLength);
      this.#byteLength -= piece.byteLength;
      this.#room = stream.write(piece);
    }
  }

  clear(): void {
    this.#packets.length = 0;
    this.#byteLength = 0;
    this.#room = 0;
  }
}
