const RECORD_HANDSHAKE = 22;
const MESSAGE_CERTIFICATE = 11;
const HEADER_LENGTH = { record: 5, message: 4 };

/**
 * Counts the certificates that a server sends, in the unencrypted bytes of a TLS 1.2 handshake (RFC 5246 §6.2.1,
 * §7.4.2). Node reports only the chain that it has built itself.
 */
export class CertificateChain {
  #records: Buffer = Buffer.alloc(0);
  #messages: Buffer = Buffer.alloc(0);
  #over = false;
  /** `undefined` until the server's Certificate message was seen. */
  count: number | undefined;

  watch(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#records = Buffer.concat([this.#records, bytes]);
    while (!this.#over && this.#records.byteLength >= HEADER_LENGTH.record) {
      const end = HEADER_LENGTH.record + this.#records.readUInt16BE(3);
      if (this.#records.byteLength < end) return;
      if (this.#records[0] === RECORD_HANDSHAKE) this.#take(this.#records.subarray(HEADER_LENGTH.record, end));
      else this.#over = true;
      this.#records = this.#records.subarray(end);
    }
  }

  #take(fragment: Buffer): void {
    this.#messages = Buffer.concat([this.#messages, fragment]);
    while (!this.#over && this.#messages.byteLength >= HEADER_LENGTH.message) {
      const end = HEADER_LENGTH.message + this.#messages.readUIntBE(1, 3);
      if (this.#messages.byteLength < end) return;
      if (this.#messages[0] === MESSAGE_CERTIFICATE) {
        this.count = countOf(this.#messages.subarray(HEADER_LENGTH.message, end));
        this.#over = true;
      }
      this.#messages = this.#messages.subarray(end);
    }
  }
}

/** The body is a length of three bytes, then each certificate with a length of its own. */
function countOf(body: Buffer): number {
  let count = 0;
  for (let at = 3; at + 3 <= body.byteLength; at += 3 + body.readUIntBE(at, 3)) count++;
  return count;
}
