/** What the flash did in one operation. `record`: of the key-value store; `entry`: of otadata. */
export interface FlashSpan {
  readonly kind: "erase" | "program" | "read" | "record" | "entry";
  /** Of `record` and `entry`, too, some operations are erases. */
  readonly erases: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly address: number;
  readonly byteLength: number;
  /** Which callback of the thread did it. */
  readonly turn: number;
}

/** Bytes that reached the board's receive window, or left for a server. */
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
  /** Bytes in the receive window from then on. */
  readonly window: { readonly atMs: number; readonly port: number; readonly byteLength: number }[] = [];
  /** When the platform heard a report, and which. */
  readonly reports: { readonly atMs: number; readonly word: string }[] = [];

  /** Bytes on all ports but that of the file, or of the file's alone. */
  bytes(file: boolean, filePort: number): number {
    return this.wire
      .filter(({ port }) => (port === filePort) === file)
      .reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}
