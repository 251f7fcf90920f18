/** Bytes of one direction of a connection; `sequence` is the offset of the first one in the stream. */
export interface Segment {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Whether it ends the stream. It then counts as one byte more. */
  readonly ends: boolean;
}

/** What the board says of what it has received. */
export interface Acknowledgement {
  /** Offset up to which the stream is complete. */
  readonly acknowledged: number;
  /** Offset up to which the server may send. */
  readonly edge: number;
  /** What has come beyond `acknowledged`, the newest first; empty without selective acknowledgement. */
  readonly sacks: readonly Sack[];
}

export interface Sack {
  readonly start: number;
  readonly end: number;
}

export function endOf({ sequence, bytes, ends }: Segment): number {
  return sequence + bytes.byteLength + (ends ? 1 : 0);
}
