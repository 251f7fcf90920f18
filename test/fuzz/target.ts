import { crc32 } from "node:zlib";
import type { SeededRandom } from "../support/seed.js";

/** Something that reads bytes from outside. */
export interface Target {
  readonly name: string;
  /** How many inputs it gets for each round. */
  readonly weight: number;
  /** Valid inputs, to be mutated. */
  readonly corpus: readonly Uint8Array[];
  /** Pieces of text that have a meaning in it. */
  readonly words: readonly string[];
  /** Makes checksums right again, so that the code behind the checks is reached. */
  repair?(input: Uint8Array, random: SeededRandom): Uint8Array;
  /** @throws anything if a property does not hold */
  run(input: Uint8Array): void | Promise<void>;
}

export function text(...lines: readonly string[]): Uint8Array[] {
  return lines.map((line) => new Uint8Array(Buffer.from(line)));
}

/** The CRC-32 at the end of a record made right: see `repair`. */
export function withCrc(record: Uint8Array): Uint8Array {
  if (record.byteLength < 4) return record;
  new DataView(record.buffer, record.byteOffset).setUint32(record.byteLength - 4, crc32(record.subarray(0, -4)), true);
  return record;
}

/** Pieces of a stream. The first byte of the input decides how it is cut, so that the input alone repeats a run. */
export function cut(input: Uint8Array): Uint8Array[] {
  const [first = 0] = input;
  const stream = input.subarray(1);
  const pieces: Uint8Array[] = [];
  let step = first;
  for (let at = 0; at < stream.byteLength; ) {
    step = (Math.imul(step + 1, 75) + 74) & 0xff;
    const length = first === 0 ? stream.byteLength : 1 + ((step * step) % (1 + first));
    pieces.push(stream.slice(at, at + length));
    at += length;
  }
  return pieces;
}

/** The corpus of a stream: each input whole, and in pieces. */
export function streams(...all: readonly Uint8Array[]): Uint8Array[] {
  return all.flatMap((bytes) => [0, 7, 200].map((first) => Uint8Array.from([first, ...bytes])));
}
