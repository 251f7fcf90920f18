import type { DigestConstructor } from "../../hal/ecma419/modules.js";
import type { Scheduler } from "../../test/support/scheduler.js";

/** Cycles a second of an ESP32. */
const HERTZ = 240_000_000;

/** How fast a board's processor is. Both are estimates, from instructions on x86-64; nobody has measured a chip. */
export interface Processor {
  readonly name: string;
  /** For a bytecode of XS. */
  readonly cyclesPerBytecode: number;
  /** For an instruction that was counted on x86-64: 1.3 of the chip's, of one cycle to two. */
  readonly cyclesPerInstruction: number;
}

/** The ends of the estimate. */
export const SLOW: Processor = { name: "slow processor", cyclesPerBytecode: 100, cyclesPerInstruction: 2.6 };
export const FAST: Processor = { name: "fast processor", cyclesPerBytecode: 40, cyclesPerInstruction: 1.3 };

/**
 * Instructions for a byte, on x86-64, of the SDK's `crypt` in C, which is the chip's too: it does not use the
 * accelerator. Counted by callgrind over 4 MiB.
 */
const DIGEST_INSTRUCTIONS: { readonly [algorithm: string]: number } = { MD5: 9.2, SHA256: 60.7 };
/** Of block-decoder.c, counted by callgrind: `npm run bench:packages` prints it. */
const DECODER_INSTRUCTIONS = 8;

const MS = 1000;

/** What is done for each byte of an image, besides digests. */
export interface Making {
  readonly name: string;
  /** By JavaScript. `npm run bench:xs -- --packages` prints these, and a test holds that they are not less. */
  readonly bytecodes: number;
  /** By C, as counted on x86-64. */
  readonly instructions: number;
}

/** A whole image. */
export const WHOLE: Making = { name: "whole", bytecodes: 1, instructions: 0 };
/** A minor delta that the board's C decodes, and one that JavaScript decodes. */
export const DELTA_IN_C: Making = { name: "decoded in C", bytecodes: 1.45, instructions: DECODER_INSTRUCTIONS };
export const DELTA_IN_JS: Making = { name: "decoded in JavaScript", bytecodes: 10, instructions: 0 };

/** What takes time besides flash and network. */
export interface Computing {
  readonly making: Making;
  readonly processor: Processor;
}

/** @returns milliseconds in which JavaScript and the decoder make so many bytes of an image */
export function makingMs({ bytecodes, instructions }: Making, byteLength: number, processor: Processor): number {
  const { cyclesPerBytecode, cyclesPerInstruction } = processor;
  return msOf(byteLength * (bytecodes * cyclesPerBytecode + instructions * cyclesPerInstruction));
}

/** @returns milliseconds in which so many bytes are hashed */
export function digestMs(algorithm: string, byteLength: number, { cyclesPerInstruction }: Processor): number {
  const instructions = DIGEST_INSTRUCTIONS[algorithm];
  if (instructions === undefined) throw new RangeError(`nobody has counted ${algorithm}`);
  return msOf(byteLength * instructions * cyclesPerInstruction);
}

function msOf(cycles: number): number {
  return (cycles * MS) / HERTZ;
}

/** The SDK's digest, which takes its time. The network goes on meanwhile. */
export function createTimedDigest(
  Digest: DigestConstructor,
  { scheduler, processor }: { readonly scheduler: Scheduler; readonly processor: Processor },
): DigestConstructor {
  return class extends Digest {
    readonly #algorithm: string;

    constructor(algorithm: string) {
      super(algorithm);
      this.#algorithm = algorithm;
    }

    override write(bytes: Uint8Array): void {
      scheduler.block(digestMs(this.#algorithm, bytes.byteLength, processor));
      super.write(bytes);
    }
  };
}
