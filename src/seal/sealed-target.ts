import type { Digest, FlashPartition, Timer } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import { createMd5 } from "../image/digest.js";
import { equalBytes, toHex } from "../lib/bytes.js";
import type { JobRecord } from "../update/checkpoint.js";
import type { Failure, Image, Step } from "../update/machine/types.js";
import type { Base, Target } from "../update/target.js";
import { belowFloor, invalid, misdescribed } from "./checks.js";
import { describedIn, HEAD_LENGTH } from "./described.js";
import { raiseFloor } from "./floor.js";
import type { SealGate } from "./seal-gate.js";
import { HASH_LENGTH, MAX_SEAL_LENGTH, type Seal } from "./format.js";
import type { Judge, Verdict } from "./judge.js";
import { createSha256 } from "./sha256.js";

export interface SealedTargetOptions {
  readonly judge: Judge;
  /** What stood before the download. */
  readonly gate: Pick<SealGate, "unsigned">;
  readonly inner: Target;
  /** The version in the image's descriptor is the offered one. */
  readonly checksVersion: boolean;
}

type OnEnded = (failure: Failure | undefined) => void;

/** Read and hashed at once. */
const PIECE_LENGTH = 1024;
const PIECES_PER_TURN = 32;

/**
 * A target that takes only sealed images, as they are in flash: the seal is read and verified, then the whole image is
 * hashed, and in the turn that reads its last bytes it is applied. A staged image is handed over without its seal.
 */
export class SealedTarget implements Target {
  readonly #options: SealedTargetOptions;
  readonly #inner: Target;
  #timer: Timer | undefined;
  /** MD5 of the package whose copy of the seal was judged last: it needs no seal at its own end. */
  #judged: string | undefined;

  constructor(options: SealedTargetOptions) {
    this.#options = options;
    this.#inner = options.inner;
  }

  get kind(): Target["kind"] {
    return this.#inner.kind;
  }

  get label(): string {
    return this.#inner.label;
  }

  get recordKey(): string {
    return this.#inner.recordKey;
  }

  get owner(): string {
    return this.#inner.owner;
  }

  get partition(): FlashPartition {
    return this.#inner.partition;
  }

  restore(record: JobRecord | undefined): Step {
    const step = this.#inner.restore(record);
    // A power cut came between the installation and its end: the recipient runs the image, and nothing has said so.
    if (this.kind === "staged" && record?.checkpoint.phase === "applying" && step.state.name === "reporting") {
      this.#raiseLate(record.checkpoint.image);
    }
    return step;
  }

  prepare(): void {
    this.#inner.prepare();
  }

  forget(): void {
    this.#inner.forget();
  }

  checkPackage(copy: Uint8Array, { size, version, md5 }: Image): void {
    const { failure } = this.#options.judge.judge(copy, size, version);
    if (failure !== undefined) throw new OtaError(failure.code, failure.message);
    this.#judged = md5;
  }

  checkFirstBlock(block: Uint8Array, offer: Image): void {
    const { unsigned } = this.#options.gate;
    if (unsigned !== undefined && offer.md5 !== this.#judged) throw new OtaError(unsigned.code, unsigned.message);
    this.#inner.checkFirstBlock(block, offer);
  }

  openBase(): Base | undefined {
    return this.#inner.openBase?.();
  }

  apply(image: Image, onEnded: OnEnded): void {
    this.#later(onEnded, () => this.#begin(image, onEnded));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#inner.stop();
  }

  #later(onEnded: OnEnded, action: () => void): void {
    this.#timer = this.#options.judge.options.device.clock.timer("seal", 0, () => {
      try {
        action();
      } catch (error) {
        const code = error instanceof OtaError ? error.code : "flash-failed";
        this.#refuse({ code, message: describeError(error) }, onEnded);
      }
    });
  }

  /** What the seal that is in flash says. @throws HalError */
  #verdict({ size, version }: Image): Verdict {
    const tail = new Uint8Array(Math.min(size, MAX_SEAL_LENGTH));
    this.partition.read(tail, size - tail.byteLength);
    return this.#options.judge.judge(tail, size, version);
  }

  #begin(image: Image, onEnded: OnEnded): void {
    const { judge } = this.#options;
    const { failure, seal } = this.#verdict(image);
    if (failure !== undefined) this.#refuse(failure, onEnded);
    else if (seal === undefined) this.#applyUnsealed(image, onEnded);
    else this.#hash(new Reading({ partition: this.partition, seal, judge, kind: this.kind }), image, onEnded);
  }

  #hash(reading: Reading, image: Image, onEnded: OnEnded): void {
    this.#later(onEnded, () => {
      if (reading.next()) {
        this.#hash(reading, image, onEnded);
        return;
      }
      const failure = this.#failureOf(reading);
      if (failure === undefined) this.#apply(reading, image, onEnded);
      else this.#refuse(failure, onEnded);
    });
  }

  #failureOf(reading: Reading): Failure | undefined {
    const { judge } = this.#options;
    const { seal, head } = reading;
    if (!reading.matches()) return invalid("the image is not the sealed one");
    return (
      (this.kind === "slot" ? misdescribed(seal, this.#described(head)) : undefined) ??
      belowFloor(seal.securityVersion, judge.floor())
    );
  }

  #described(head: Uint8Array): ReturnType<typeof describedIn> {
    const found = describedIn(head);
    return found === undefined || this.#options.checksVersion ? found : { ...found, version: undefined };
  }

  #apply({ seal, md5 }: Reading, image: Image, onEnded: OnEnded): void {
    if (md5 === undefined) {
      this.#inner.apply(image, onEnded);
      return;
    }
    const { version } = image;
    this.#inner.apply({ version, size: seal.imageLength, md5: toHex(md5.digest()) }, (failure) => {
      if (failure === undefined) this.#raise(() => seal);
      onEnded(failure);
    });
  }

  /** In a turn of its own, for the stack of a signature. */
  #raiseLate(image: Image): void {
    const { clock } = this.#options.judge.options.device;
    this.#timer = clock.timer("seal", 0, () => this.#raise(() => this.#verdict(image).seal));
  }

  /** A recipient runs what was sealed so. If the floor cannot be stored, the next update raises it. */
  #raise(sealOf: () => Seal | undefined): void {
    const { device, owner } = this.#options.judge.options;
    try {
      const seal = sealOf();
      if (seal !== undefined) raiseFloor(device.store, owner, seal.securityVersion);
    } catch (error) {
      device.log("error", "seal", () => describeError(error));
    }
  }

  /** Its number is not authentic; one that is too low is refused all the same. */
  #applyUnsealed(image: Image, onEnded: OnEnded): void {
    const head = new Uint8Array(HEAD_LENGTH);
    if (this.kind === "slot") this.partition.read(head, 0);
    const found = describedIn(head);
    const failure = found && belowFloor(found.secureVersion, this.#options.judge.floor());
    if (failure === undefined) this.#inner.apply(image, onEnded);
    else this.#refuse(failure, onEnded);
  }

  /** A boot loader that finds the running image spoilt tries the other slot: what is refused must not lie there. */
  #refuse(failure: Failure, onEnded: OnEnded): void {
    try {
      if (this.kind === "slot") this.partition.eraseBlock(0, 1);
    } catch (error) {
      this.#options.judge.options.device.log("error", "seal", () => describeError(error));
    }
    onEnded(failure);
  }
}

/** One reading of a sealed image, from its first byte to its last. */
class Reading {
  readonly seal: Seal;
  /** The image's first bytes, as they were hashed. */
  readonly head = new Uint8Array(HEAD_LENGTH);
  /** Of the image without its seal, which its recipient gets; absent for the own firmware. */
  readonly md5: Digest | undefined;
  readonly #partition: FlashPartition;
  readonly #sha256: Digest;
  readonly #piece = new Uint8Array(PIECE_LENGTH);
  #offset = 0;

  constructor(options: { partition: FlashPartition; seal: Seal; judge: Judge; kind: Target["kind"] }) {
    const { digests } = options.judge.options.device;
    this.seal = options.seal;
    this.md5 = options.kind === "staged" ? createMd5(digests) : undefined;
    this.#partition = options.partition;
    this.#sha256 = createSha256(digests);
  }

  /** @returns whether there is more to read @throws HalError */
  next(): boolean {
    const end = this.seal.imageLength;
    for (let count = 0; count < PIECES_PER_TURN && this.#offset < end; count++) {
      const length = Math.min(PIECE_LENGTH, end - this.#offset);
      const piece = length === PIECE_LENGTH ? this.#piece : this.#piece.subarray(0, length);
      this.#partition.read(piece, this.#offset);
      if (this.#offset === 0) this.head.set(piece.subarray(0, HEAD_LENGTH));
      this.#sha256.update(piece);
      this.md5?.update(piece);
      this.#offset += length;
    }
    return this.#offset < end;
  }

  /** Once, at the end. */
  matches(): boolean {
    return equalBytes(this.#sha256.digest(), this.seal.imageHash, HASH_LENGTH);
  }
}
