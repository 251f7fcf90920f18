import type { FlashPartition, ReadOnlyPartition } from "../../hal/ports/index.js";
import type { Offer } from "../protocol/messages.js";
import type { JobRecord } from "./checkpoint.js";
import type { Failure, Image, Step } from "./machine/types.js";

/** What runs on a target now, for packages that copy from it. What its `read` throws ends the download. */
export type Base = Pick<ReadOnlyPartition, "read"> & Partial<Pick<ReadOnlyPartition, "byteLength">>;

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
   * Looks at the first block of the image, before it is programmed.
   *
   * @param block a whole block, or the whole image if that is shorter
   * @param offer its size is that of the image
   * @throws OtaError `image-invalid`; `unexpected-answer` if it is no image at all
   */
  checkFirstBlock(block: Uint8Array, offer: Image): void;

  /**
   * Looks at what a package says of its seal, before anything else is done with it.
   *
   * @param copy of the seal that ends the result; empty without one
   * @throws OtaError, HalError
   */
  checkPackage?(copy: Uint8Array, offer: Image): void;

  /** What runs there, if it is not the running slot. @returns `undefined` if nobody can read it */
  openBase?(): Base | undefined;

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
   * @param onDeferred called with seconds whenever a person puts the answer off
   */
  ask(
    step: "download" | "install",
    offer: Offer,
    answer: (failure?: Failure) => void,
    onDeferred?: (seconds: number) => void,
  ): void;

  /** The question needs no answer any more: another offer came. */
  withdraw(): void;
}
