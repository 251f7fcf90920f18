/** Most digits of a length that are accepted, as in the worker. */
const MAX_DIGITS = 9;

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;

/** @returns `<length>:<bytes>,` with the bytes of all parts */
export function frameNetstring(...parts: readonly Uint8Array[]): Buffer {
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return Buffer.concat([Buffer.from(`${byteLength}:`), ...parts, Buffer.of(COMMA)]);
}

/** Takes pieces of any size and makes netstrings of them. Every byte is read once and copied once. */
export class NetstringReader {
  readonly #onMessage: (message: Buffer) => void;
  #length = 0;
  #digits = 0;
  /** Present once the length is known. */
  #body: Buffer | undefined;
  #filled = 0;

  constructor(options: { onMessage(message: Buffer): void }) {
    this.#onMessage = options.onMessage;
  }

  /** @throws Error if the bytes are no netstring */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; ) {
      if (this.#body === undefined) {
        this.#pushHeader(bytes[at++] as number);
      } else if (this.#filled < this.#body.byteLength) {
        const end = Math.min(bytes.byteLength, at + this.#body.byteLength - this.#filled);
        this.#body.set(bytes.subarray(at, end), this.#filled);
        this.#filled += end - at;
        at = end;
      } else {
        if (bytes[at++] !== COMMA) throw new Error("netstring without its comma");
        const message = this.#body;
        this.#body = undefined;
        this.#length = this.#digits = this.#filled = 0;
        this.#onMessage(message);
      }
    }
  }

  #pushHeader(byte: number): void {
    if (byte === COLON && this.#digits > 0) {
      this.#body = Buffer.allocUnsafe(this.#length);
      return;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9 || ++this.#digits > MAX_DIGITS) throw new Error("netstring without a length");
    this.#length = this.#length * 10 + digit;
  }
}
