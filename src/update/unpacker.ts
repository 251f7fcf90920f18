import type { ByteSource } from "../image/block-writer.js";
import type { ReadBack } from "../image/read-back.js";
import type { DownloadOptions } from "./flash/download.js";
import type { Gathering } from "./flash/knowledge.js";
import type { Image } from "./machine/types.js";

/** Makes images of files that are packages: the part `packages`. */
export interface Unpacker {
  /**
   * If the file is a package, puts itself between that and the writer of what is gathered, and reads back in its own
   * way. If nothing of the image is in flash, the writer's block holds the file's first bytes.
   *
   * @param etag    of the file that the server sends now
   * @param spliced what the writer holds may have come from several answers
   * @returns whether it is one
   * @throws OtaError
   */
  begins(options: DownloadOptions, gathering: Gathering, etag: string | undefined, spliced: boolean): boolean;
}

/** What reads an image back from flash. */
export interface Reading extends Pick<ReadBack, "offset" | "next" | "matches"> {
  /** After `matches`: what is in flash, if that is not the file that was offered, but what a package has made. */
  readonly image?: Image | undefined;
}

/** Where the bytes of a package come from. */
export interface PackageSource extends ByteSource {
  /** Whoever reads has done something else for so long: that counts for no wait. */
  heldUp(ms: number): void;
}

/**
 * One package in one boot, from one try to the next: what was read of it, and how it becomes blocks. Once it is ready,
 * it gives whole blocks of the result as a `ByteSource`, one at each call and in their order. Only `prepare` and `read`
 * throw.
 */
export interface Unpacking extends ByteSource {
  /** The header is whole, and fits the offer and what runs now. Until then nothing can be made. */
  readonly isReady: boolean;
  /** Bytes that the package makes. */
  readonly resultLength: number;
  /** What was read of it came from several answers. */
  readonly isSpliced: boolean;
  /** The next byte of the file that is needed. */
  readonly position: number;

  /**
   * The server sends the file, from `offset` on, which is `position` or before it. Without a `source` all of the file
   * is here already.
   *
   * @param onReady called once, from inside this call or of `prepare`; `seeks`: what comes is so far
   *   before `position` that the server is better asked once more
   */
  answered(
    source: PackageSource | undefined,
    offset: number,
    etag: string | undefined,
    onReady: (seeks: boolean) => void,
  ): void;

  /** Takes what has come. @returns whether there is another step to prepare, or the next block can be made */
  gather(): boolean;

  /** One step towards `isReady`, if `gather` has returned true. @returns true @throws OtaError, HalError */
  prepare(): true;

  /** The next block, if `gather` has returned true. @throws OtaError, HalError */
  read(into: Uint8Array, start: number, end: number): number;
}
