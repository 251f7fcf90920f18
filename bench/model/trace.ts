/** One operation of the flash. `record` is one of the key-value store, `entry` one of otadata. */
export interface FlashSpan {
  readonly kind: "erase" | "program" | "read" | "record" | "entry";
  /** Whether the operation erases; some of `record` and `entry` do too. */
  readonly erases: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly address: number;
  readonly byteLength: number;
  /** Number of the thread's callback that did it. */
  readonly turn: number;
}

/** Bytes that reached the board's receive window or were sent to a server. */
export interface Crossing {
  readonly atMs: number;
  readonly port: number;
  readonly direction: "in" | "out";
  readonly byteLength: number;
}

/** Everything that happened to the flash and on the wire, in virtual time. */
export class Trace {
  readonly flash: FlashSpan[] = [];
  readonly wire: Crossing[] = [];
  /** Count of bytes in the receive window from each moment on. */
  readonly window: { readonly atMs: number; readonly port: number; readonly byteLength: number }[] = [];
  /** The reports that reached the platform, and when. */
  readonly reports: { readonly atMs: number; readonly word: string }[] = [];

  /** Bytes of the longest TLS record. */
  recordLength = 0;

  /** @returns bytes on the file's port if `file` is true, and otherwise on all other ports */
  bytes(file: boolean, filePort: number): number {
    return this.wire
      .filter(({ port }) => (port === filePort) === file)
      .reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}
