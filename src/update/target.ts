import type { FlashPartition } from "../../hal/ports/index.js";
import type { Offer } from "../protocol/messages.js";
import type { JobRecord } from "./checkpoint.js";
import type { Failure, Image, Step } from "./machine/types.js";

/** What an image is for: where its bytes go, and what is done with them once they are verified. */
export interface Target {
  readonly kind: "slot" | "staged";
  /** Names the slot, or staging area; kept in the record. */
  readonly label: string;
  /** Key of the job's record in the key-value store. */
  readonly recordKey: string;
  /** Whom the job is for; empty for the own firmware. At most 64 characters of ASCII. */
  readonly owner: string;
  readonly partition: FlashPartition;

  /** What an earlier boot, or an earlier owner, left. */
  restore(record: JobRecord | undefined): Step;

  /** Before the first block of an image is erased. @throws HalError */
  prepare(): void;

  /** Before the record says that the image is applied. @throws HalError */
  forget(): void;

  /**
   * Looks at the first block of the file, before it is programmed.
   *
   * @param block a whole block, or the whole file if that is shorter
   * @throws OtaError `image-invalid`; `unexpected-answer` if it is no image at all
   */
  checkFirstBlock(block: Uint8Array, offer: Offer): void;

  /**
   * Applies the verified image. `onEnded` is called once, from inside this call or later, and not after `stop`.
   *
   * @param onEnded `undefined`: applied; a slot is pending now, a staged image is installed
   */
  apply(image: Image, onEnded: (failure: Failure | undefined) => void): void;

  /** Gives up an apply that is under way. Idempotent. */
  stop(): void;
}

/** Decides whether, and when, an offer is downloaded and a verified image installed. */
export interface Gate {
  /** Whether it can ask a person; absent: it cannot. */
  readonly consents?: boolean;

  /**
   * @param answer called at most once, from inside this call or much later, and not after `withdraw`; with a failure if
   *   the update is not wanted
   */
  ask(step: "download" | "install", offer: Offer, answer: (failure?: Failure) => void): void;

  /** The question needs no answer any more: another offer came. */
  withdraw(): void;
}
