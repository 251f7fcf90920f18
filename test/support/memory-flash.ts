import { type FlashPartition, HalError } from "../../hal/ports/index.js";

/** Unit in which double programming is watched: the port's alignment. */
const LINE_LENGTH = 16;

export const REGION_LENGTH = 65536;

/** The power went inside an operation. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

/**
 * A flash partition in memory, exactly as strict as the port's contract: whole lines, within bounds, no line programmed
 * twice between two erases, even with the same bytes or with 0xFF. What an operation that was cut leaves is undefined,
 * and not erased.
 */
export class MemoryFlash implements FlashPartition {
  readonly byteLength: number;
  readonly blockLength: number;
  readonly regionLength = REGION_LENGTH;
  readonly #bytes: Uint8Array;
  /** 1 if a line must be erased before it may be programmed. */
  readonly #used: Uint8Array;
  /** Every change that was begun: `erase 0-16`, `write 4096`. */
  readonly operations: string[] = [];
  reads = 0;
  /** Called before each change; it may throw what the medium throws. */
  onChange: (operation: string) => void = () => {};
  /** Cuts a change: fills what that leaves of the bytes concerned. */
  tear: ((torn: Uint8Array) => void) | undefined;
  /** Changes that go well before the one that is cut. */
  tearAfter = 0;

  constructor(options: { blocks: number; blockLength?: number }) {
    this.blockLength = options.blockLength ?? 4096;
    this.byteLength = options.blocks * this.blockLength;
    this.#bytes = new Uint8Array(this.byteLength).fill(0xff);
    this.#used = new Uint8Array(this.byteLength / LINE_LENGTH);
  }

  read(into: Uint8Array, byteOffset: number): void {
    this.#check(byteOffset, into.byteLength);
    this.reads++;
    into.set(this.#bytes.subarray(byteOffset, byteOffset + into.byteLength));
  }

  write(bytes: Uint8Array, byteOffset: number): void {
    if (byteOffset % LINE_LENGTH !== 0 || bytes.byteLength % LINE_LENGTH !== 0) {
      throw new HalError("not-aligned", `write of ${bytes.byteLength} at ${byteOffset}`);
    }
    this.#check(byteOffset, bytes.byteLength);
    this.#begin(`write ${byteOffset}`);
    const lines = this.#lines(byteOffset, bytes.byteLength);
    if (lines.some((line) => line !== 0)) throw new HalError("io", `block at ${byteOffset} is programmed twice`);
    lines.fill(1);
    this.#cut(byteOffset, bytes.byteLength);
    this.#bytes.set(bytes, byteOffset);
  }

  eraseBlock(start: number, end: number): void {
    if (!(end > start)) throw new HalError("out-of-bounds", `erase of ${start} to ${end}`);
    const byteOffset = start * this.blockLength;
    const byteLength = (end - start) * this.blockLength;
    if (!Number.isInteger(start) || !Number.isInteger(end)) {
      throw new HalError("out-of-bounds", `erase of ${start} to ${end}`);
    }
    this.#check(byteOffset, byteLength);
    this.#begin(`erase ${start}-${end}`);
    this.#lines(byteOffset, byteLength).fill(1);
    this.#cut(byteOffset, byteLength);
    this.#lines(byteOffset, byteLength).fill(0);
    this.#bytes.fill(0xff, byteOffset, byteOffset + byteLength);
  }

  /** What the partition holds, from its start. */
  content(byteLength: number): Uint8Array {
    return this.#bytes.slice(0, byteLength);
  }

  /** Fills the partition as an earlier use left it: it is not erased, even if it reads as 0xFF. */
  preset(bytes: Uint8Array, byteOffset = 0): void {
    this.#bytes.set(bytes, byteOffset);
    this.#used.fill(1, byteOffset / LINE_LENGTH, (byteOffset + bytes.byteLength) / LINE_LENGTH);
  }

  /** Whether all of these bytes may be programmed. */
  isErased(from: number, to: number): boolean {
    return this.#lines(from, to - from).every((line) => line === 0);
  }

  #begin(operation: string): void {
    this.onChange(operation);
    this.operations.push(operation);
  }

  #cut(byteOffset: number, byteLength: number): void {
    const { tear } = this;
    if (tear === undefined || this.tearAfter-- > 0) return;
    this.tearAfter = 0;
    this.tear = undefined;
    tear(this.#bytes.subarray(byteOffset, byteOffset + byteLength));
    throw new PowerCut(`cut at ${byteOffset}`);
  }

  #lines(byteOffset: number, byteLength: number): Uint8Array {
    return this.#used.subarray(byteOffset / LINE_LENGTH, (byteOffset + byteLength) / LINE_LENGTH);
  }

  #check(byteOffset: number, byteLength: number): void {
    if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset + byteLength > this.byteLength) {
      throw new HalError("out-of-bounds", `${byteLength} bytes at ${byteOffset}`);
    }
  }
}
