import type { Device, FlashPartition } from "../../hal/ports/index.js";
import type { Base, Target } from "../update/target.js";
import { BaseCheck, wrongBase } from "./base-check.js";
import type { PackageSources } from "./block-decoder.js";
import { BLOCK_LENGTH } from "./format.js";
import { isStored, type PackageHeader, recordLength, recordOffset } from "./header-reader.js";
import type { PackageInput } from "./package-input.js";
import { createRecordDecoder, type RecordDecoder } from "./record-decoder.js";
import { createSha256 } from "./sha256.js";

export interface MakingOptions {
  readonly device: Device;
  readonly input: PackageInput;
  readonly target: Target;
  /** Where blocks are made. */
  readonly block: Uint8Array;
  readonly header: PackageHeader;
  /** Everything of the result before it is in flash. */
  readonly offset: number;
  /** What came behind the header. */
  readonly rest: Uint8Array;
}

/** How the blocks of a package are made, one by one, once its header is whole and its base is the right one. */
export class Making implements PackageSources {
  readonly #input: PackageInput;
  readonly #decoder: RecordDecoder;
  readonly #index: Uint16Array;
  readonly #partition: FlashPartition;
  /** Absent if it is not needed. */
  readonly #base: Base | undefined;
  /** Absent without a base, and once that is the right one. */
  #check: BaseCheck | undefined;
  /** The next block; where its record begins in the file, and how much is there of it and of what follows. */
  #block: number;
  #recordOffset: number;
  #filled: number;

  /** @throws OtaError `wrong-base` if nobody can read it; HalError */
  constructor({ device, input, target, block, header, offset, rest }: MakingOptions) {
    const { base: wanted, tables, dictionary, headerLength, blocks } = header;
    const isSlot = target.kind === "slot";
    this.#input = input;
    this.#index = header.index;
    this.#partition = target.partition;
    this.#block = Math.min(Math.ceil(offset / BLOCK_LENGTH), blocks);
    // What is whole needs no base any more.
    const base = wanted === undefined || this.#block === blocks ? undefined : openBase(device, target);
    this.#base = base;
    if (wanted !== undefined && base !== undefined) {
      this.#check = new BaseCheck({ base, wanted, digest: createSha256(device.digests), block });
    }
    this.#decoder = createRecordDecoder({
      block,
      tables,
      dictionary,
      baseLength: wanted?.length ?? 0,
      native: isSlot ? device.packages : undefined,
      sources: this,
    });
    this.#recordOffset = recordOffset(header, this.#block);
    const known = rest.subarray(this.#recordOffset - headerLength);
    this.#decoder.record.set(known);
    this.#filled = known.byteLength;
  }

  get isReady(): boolean {
    return this.#check === undefined;
  }

  /** The next byte of the file that is needed. */
  get position(): number {
    return this.#recordOffset + this.#filled;
  }

  /** One step. @throws OtaError `wrong-base`; HalError */
  checkBase(): void {
    if (this.#check?.step() === true) this.#check = undefined;
  }

  /** For the decoder. */
  readBase(byteOffset: number, into: Uint8Array): void {
    this.#base?.read(into, byteOffset);
  }

  /** For the decoder. */
  readResult(byteOffset: number, into: Uint8Array): void {
    this.#partition.read(into, byteOffset);
  }

  /** Takes what has come of the next record. @returns whether it is whole, or there is none any more */
  gather(): boolean {
    if (this.#block >= this.#index.length) return true;
    const length = recordLength(this.#index, this.#block);
    if (this.#filled < length) {
      this.#filled += this.#input.read(this.position, this.#decoder.record, this.#filled, length);
    }
    return this.#filled >= length;
  }

  /** @param into the block @param end bytes in it @returns its record @throws OtaError `package-malformed`; HalError */
  make(into: Uint8Array, end: number): Uint8Array {
    const index = this.#index;
    const length = recordLength(index, this.#block);
    const record = this.#decoder.record.subarray(0, length);
    if (isStored(index, this.#block)) into.set(record);
    else this.#decoder.decode(length, this.#block * BLOCK_LENGTH, end);
    return record;
  }

  /** The record is not needed any more. */
  next(): void {
    const length = recordLength(this.#index, this.#block);
    this.#decoder.record.copyWithin(0, length, this.#filled);
    this.#filled -= length;
    this.#recordOffset += length;
    this.#block++;
  }
}

/** @throws OtaError `wrong-base`; HalError */
function openBase(device: Device, target: Target): Base {
  const base = target.kind === "slot" ? device.boot.openRunning() : target.openBase?.();
  return base ?? wrongBase("what is installed cannot be read");
}
