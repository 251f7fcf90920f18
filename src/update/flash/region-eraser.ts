import { eraseBlockAt, eraseRegion, regionEnd } from "../../image/regions.js";
import { findResumePoint } from "../../image/resume-point.js";
import type { BlockWriter } from "../../image/block-writer.js";
import type { Offer } from "../../protocol/messages.js";
import type { FlashKnowledge, Gathering } from "./knowledge.js";
import type { Target } from "../target.js";
import type { Event, Stored } from "../machine/types.js";

export interface RegionEraserOptions {
  readonly target: Target;
  readonly knowledge: FlashKnowledge;
  readonly offer: Offer;
  readonly stored: Stored;
  onEvent(event: Event): void;
}

/**
 * Erases flash before it is programmed, one operation a step. Nothing is erased before the first block was checked;
 * from then on the region ahead may be. The machine answers `region-erased` by a checkpoint, which is stored before
 * anything is programmed in the region. A region that was erased ahead and has no checkpoint is erased again after a
 * restart.
 */
export class RegionEraser {
  readonly #options: RegionEraserOptions;
  /** Everything up to here was erased, and the checkpoint holds that. */
  #enteredEnd = 0;
  #checked = false;
  /**
   * After a restart the block to resume at may be torn. In this order: it is `found`, the intention to erase it is
   * `stored`, it is `erased`, and its region is entered.
   */
  #resuming: "found" | "stored" | "erased" | undefined;

  constructor(options: RegionEraserOptions) {
    this.#options = options;
  }

  /**
   * @param block one block long; its content is lost
   * @param size  bytes in the image
   * @returns where the image goes on
   * @throws HalError
   */
  begin(block: Uint8Array, size: number): number {
    const { target, knowledge, stored } = this.#options;
    const { regionOffset, written, erasing } = stored;
    if (regionOffset !== undefined && written !== undefined) {
      this.#enteredEnd = regionEnd(target.partition, regionOffset);
      return written;
    }
    knowledge.erasedEnd = 0;
    if (regionOffset === undefined) return 0;
    this.#resuming = erasing ? "stored" : "found";
    return erasing
      ? regionOffset
      : (knowledge.resumeOffset ??= findResumePoint(target.partition, regionOffset, size, block));
  }

  /** Whether the full block may be programmed now. */
  allows(writer: BlockWriter): boolean {
    const { suspectFrom } = this.#options.knowledge;
    const { offset } = writer;
    return offset < this.#enteredEnd && (suspectFrom === undefined || offset < suspectFrom || writer.blank);
  }

  /** The next operation before it may. @throws HalError, OtaError */
  step(writer: BlockWriter): void {
    const { offset } = writer;
    if (offset < this.#enteredEnd) this.#eraseSuspect(offset);
    else if (offset === 0 && !this.#checked) this.#check(writer);
    else if (offset < this.#options.knowledge.erasedEnd) this.#enter(offset);
    else if (this.#resuming === undefined) this.#eraseRegion(offset);
    else this.#eraseTorn(offset);
  }

  /** Whether the region after the one that is being programmed is not erased yet. */
  get mayEraseAhead(): boolean {
    const entered = this.#enteredEnd;
    const { knowledge } = this.#options;
    return knowledge.erasedEnd <= entered && entered > 0 && entered < (knowledge.gathering as Gathering).writer.size;
  }

  /** @throws HalError */
  eraseAhead(): void {
    this.#eraseRegion(this.#enteredEnd);
  }

  #check(writer: BlockWriter): void {
    const { target, offer, stored } = this.#options;
    target.checkFirstBlock(writer.content, { ...offer, size: writer.size });
    if (stored.regionOffset === undefined) target.prepare();
    this.#checked = true;
  }

  #eraseRegion(offset: number): void {
    const { target, knowledge } = this.#options;
    eraseRegion(target.partition, offset);
    knowledge.erasedEnd = regionEnd(target.partition, offset);
  }

  #eraseTorn(offset: number): void {
    const { target, knowledge, onEvent } = this.#options;
    if (this.#resuming === "found") {
      this.#resuming = "stored";
      onEvent({ type: "resume-point-found", offset });
      return;
    }
    eraseBlockAt(target.partition, offset);
    this.#resuming = "erased";
    knowledge.erasedEnd = regionEnd(target.partition, offset);
  }

  #eraseSuspect(offset: number): void {
    const { target, knowledge } = this.#options;
    eraseBlockAt(target.partition, offset);
    knowledge.suspectFrom = undefined;
  }

  /** Only a region that was not erased as a whole can hold a suspect block. */
  #enter(offset: number): void {
    const { target, knowledge, onEvent } = this.#options;
    knowledge.suspectFrom = this.#resuming === undefined ? undefined : offset + target.partition.blockLength;
    this.#resuming = undefined;
    this.#enteredEnd = knowledge.erasedEnd;
    onEvent({ type: "region-erased", offset });
  }
}
