import type { Clock, Device, Digest } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { createMd5 } from "../image/digest.js";
import type { DownloadOptions } from "../update/flash/download.js";
import type { Gathering } from "../update/flash/knowledge.js";
import type { PackageSource, Unpacking } from "../update/unpacker.js";
import { changed, checkHeader } from "./checks.js";
import { HeaderReader, type PackageHeader } from "./header-reader.js";
import { PackageInput } from "./package-input.js";
import { Making } from "./making.js";
import type { ResultReading } from "./result-reading.js";

export interface PackageUnpackingOptions {
  readonly device: Device;
  readonly download: DownloadOptions;
  readonly gathering: Gathering;
  readonly readBack: ResultReading;
  /** Strong validator of the file that the server sends now. */
  readonly etag: string | undefined;
  /** What the writer holds may have come from several answers. */
  readonly isSpliced: boolean;
}

/** One package in one boot: its header, then the check of its base, then its records one by one. */
export class PackageUnpacking implements Unpacking {
  /** Absent once the header is whole, and the target has said yes to it: what is not needed any more is let go. */
  #options: PackageUnpackingOptions | undefined;
  readonly #clock: Clock;
  readonly #input: PackageInput;
  /** Absent once the header is whole. */
  #reader: HeaderReader | undefined;
  /** Where what comes is kept until the header is whole: the block, which has nothing else to hold until then. */
  readonly #block: Uint8Array;
  /** Bytes that wait there. */
  #waiting = 0;
  #headerLength = 0;
  /** Copy of the result's seal, as long as the target has not seen it. */
  #seal: Uint8Array | undefined;
  #resultLength = 0;
  #making: Making | undefined;
  /** Of the file; absent if this boot does not see all of it. */
  readonly #md5: Digest | undefined;
  /** Absent once it was called. */
  #onReady: ((seeks: boolean) => void) | undefined;

  constructor(options: PackageUnpackingOptions) {
    const { device, download, etag, isSpliced } = options;
    const { target, offer, stored, block } = download;
    const isFresh = stored.resultLength === undefined;
    this.#options = options;
    this.#clock = device.clock;
    this.#block = block;
    // If all was begun anew once already, another tag says nothing: it may be another one each time.
    const heedsTags = !stored.refetched;
    this.#input = new PackageInput({ etag: isFresh ? etag : stored.etag, isSpliced, heedsTags });
    this.#reader = new HeaderReader({ maxResultLength: target.partition.byteLength, packageLength: offer.size });
    if (isFresh) this.#md5 = createMd5(device.digests);
  }

  get isReady(): boolean {
    return this.#options === undefined && this.#making?.isReady === true;
  }

  get isSpliced(): boolean {
    return this.#input.isSpliced;
  }

  get resultLength(): number {
    return this.#resultLength;
  }

  get position(): number {
    return this.#making?.position ?? this.#headerLength + this.#waiting;
  }

  answered(
    source: PackageSource | undefined,
    offset: number,
    etag: string | undefined,
    onReady: (seeks: boolean) => void,
  ): void {
    this.#input.answered(source, offset, etag);
    this.#onReady = onReady;
    // What comes now was asked for, or the server knows no ranges.
    if (this.isReady) this.#tellReady(false);
  }

  /** @param first the first bytes of the file @throws OtaError */
  take(first: Uint8Array): void {
    try {
      this.#push(first);
    } catch (error) {
      throw this.#failure(error, this.#options?.isSpliced === true);
    }
  }

  gather(): boolean {
    // The next call of `read` ends this try.
    if (this.#input.isOther) return true;
    if (this.#making !== undefined) return !this.isReady || this.#making.gather() || this.#input.isOther;
    const block = this.#block;
    this.#waiting += this.#input.read(this.position, block, this.#waiting, block.byteLength);
    return this.#waiting > 0 || this.#input.isOther;
  }

  prepare(): true {
    const began = this.#clock.now();
    try {
      this.#assertSame();
      if (this.#making === undefined) {
        const count = this.#waiting;
        this.#waiting = 0;
        this.#push(this.#block.subarray(0, count));
      } else if (this.#options !== undefined) {
        this.#checkSeal(this.#options.download);
      } else {
        this.#making.checkBase();
      }
    } catch (error) {
      throw this.#failure(error);
    }
    // Those who read what is installed may take their time.
    this.#input.heldUp(this.#clock.now() - began);
    if (this.isReady) this.#tellReady(this.#input.seeks(this.position));
    return true;
  }

  read(into: Uint8Array, _start: number, end: number): number {
    const began = this.#clock.now();
    try {
      this.#assertSame();
      const making = this.#making as Making;
      // The block is made whether or not somebody hashes its record.
      const record = making.make(into, end);
      this.#md5?.update(record);
      making.next();
    } catch (error) {
      throw this.#failure(error);
    }
    this.#input.heldUp(this.#clock.now() - began);
    return end;
  }

  /** In a turn of its own, for the stack of a signature. @throws OtaError, HalError */
  #checkSeal({ target, offer }: DownloadOptions): void {
    target.checkPackage?.(this.#seal as Uint8Array, { ...offer, size: this.#resultLength });
    this.#options = this.#seal = undefined;
  }

  /** @throws OtaError `content-changed` */
  #assertSame(): void {
    if (this.#input.isOther) throw changed("the package is not the one that was begun");
  }

  /** What does not fit together may have come from two files: then it is fetched once more, and only then refused. */
  #failure(error: unknown, isPieces = this.#md5 === undefined || this.#input.isSpliced): unknown {
    const isMalformed = error instanceof OtaError && error.code === "package-malformed";
    return isPieces && isMalformed ? changed(`${error.code}: ${error.message}`) : error;
  }

  #tellReady(seeks: boolean): void {
    const onReady = this.#onReady;
    this.#onReady = undefined;
    onReady?.(seeks);
  }

  #push(bytes: Uint8Array): void {
    const before = this.#headerLength;
    const header = this.#readHeader(bytes);
    if (header !== undefined) this.#begin(header, bytes.subarray(header.headerLength - before));
  }

  /** @returns the header once it is whole: whoever has read it is let go before anything is made of it */
  #readHeader(bytes: Uint8Array): PackageHeader | undefined {
    const reader = this.#reader as HeaderReader;
    const count = reader.push(bytes);
    const { header } = reader;
    this.#headerLength += count;
    this.#md5?.update(bytes.subarray(0, count));
    if (header !== undefined) this.#reader = undefined;
    return header;
  }

  /** @param rest what came behind the header */
  #begin(header: PackageHeader, rest: Uint8Array): void {
    const { device, download, gathering, readBack } = this.#options as PackageUnpackingOptions;
    const { target, offer, block, stored, progress } = download;
    const { version } = offer;
    const { writer } = gathering;
    const chipId = target.kind === "slot" ? device.boot.status().chipId : undefined;
    checkHeader(header, { version, chipId, resultLength: stored.resultLength });
    this.#input.crc = header.crc;
    this.#making = new Making({ device, input: this.#input, target, block, header, offset: writer.offset, rest });
    const { resultHash: hash, resultLength: length } = header;
    this.#seal = header.seal;
    this.#resultLength = length;
    readBack.expected = { version, hash, length, md5: this.#md5 };
    if (stored.resultLength !== undefined) return;
    writer.size = length;
    progress.begin(length);
  }
}
