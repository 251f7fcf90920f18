import type { Device, Digest } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import type { ByteSource } from "../image/block-writer.js";
import { createMd5 } from "../image/digest.js";
import { equalBytes, fromHex } from "../lib/bytes.js";
import type { DownloadOptions } from "../update/flash/download.js";
import type { Gathering } from "../update/flash/knowledge.js";
import type { Unpacking } from "../update/unpacker.js";
import { changed, checkHeader } from "./checks.js";
import { HeaderReader, type PackageHeader } from "./header-reader.js";
import { PackageInput } from "./package-input.js";
import { Making } from "./making.js";
import type { ResultReading } from "./result-reading.js";

const MD5_LENGTH = 16;

export interface PackageUnpackingOptions {
  readonly device: Device;
  readonly download: DownloadOptions;
  readonly gathering: Gathering;
  readonly readBack: ResultReading;
  /** Strong validator of the file that the server sends now. */
  readonly etag: string | undefined;
}

/** One package in one boot: its header, then the check of its base, then its records one by one. */
export class PackageUnpacking implements Unpacking {
  readonly #options: PackageUnpackingOptions;
  readonly #input: PackageInput;
  /** Absent once the header is whole. */
  #reader: HeaderReader | undefined;
  #headerLength = 0;
  /** Bytes of the header that wait in the input's piece. */
  #waiting = 0;
  #making: Making | undefined;
  /** Of the file; absent if this boot does not see all of it. */
  readonly #md5: Digest | undefined;
  /** The target has said yes to the seal's copy. */
  #isChecked = false;
  /** Absent once it was called. */
  #onReady: ((seeks: boolean) => void) | undefined;

  constructor(options: PackageUnpackingOptions) {
    const { device, download, etag } = options;
    const { target, offer, stored } = download;
    const isFresh = stored.resultLength === undefined;
    this.#options = options;
    this.#input = new PackageInput(isFresh ? etag : stored.etag);
    this.#reader = new HeaderReader({ maxResultLength: target.partition.byteLength, packageLength: offer.size });
    if (isFresh) this.#md5 = createMd5(device.digests);
  }

  get isReady(): boolean {
    return this.#isChecked && this.#making?.isReady === true;
  }

  get resultLength(): number {
    return this.#making?.header.resultLength ?? 0;
  }

  get position(): number {
    return this.#making?.position ?? this.#headerLength + this.#waiting;
  }

  answered(
    source: ByteSource | undefined,
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
    this.#push(first);
  }

  gather(): boolean {
    // The next call of `read` ends this try.
    if (this.#input.isOther) return true;
    if (this.#making !== undefined) return !this.isReady || this.#making.gather() || this.#input.isOther;
    const { piece } = this.#input;
    this.#waiting += this.#input.read(this.position, piece, this.#waiting, piece.byteLength);
    return this.#waiting > 0 || this.#input.isOther;
  }

  prepare(): true {
    try {
      this.#assertSame();
      if (this.#making === undefined) {
        const count = this.#waiting;
        this.#waiting = 0;
        this.#push(this.#input.piece.subarray(0, count));
      } else if (!this.#isChecked) {
        this.#checkSeal(this.#making.header);
      } else {
        this.#making.checkBase();
      }
    } catch (error) {
      throw this.#failure(error);
    }
    if (this.isReady) this.#tellReady(this.#input.seeks(this.position));
    return true;
  }

  read(into: Uint8Array, _start: number, end: number): number {
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
    return end;
  }

  /** In a turn of its own, for the stack of a signature. @throws OtaError, HalError */
  #checkSeal({ seal, resultLength }: PackageHeader): void {
    const { target, offer } = this.#options.download;
    target.checkPackage?.(seal, { ...offer, size: resultLength });
    this.#isChecked = true;
  }

  /** @throws OtaError `content-changed` */
  #assertSame(): void {
    if (this.#input.isOther) throw changed("the package is not the one that was begun");
  }

  /** What does not fit together may have come from two files: then it is fetched once more, and only then refused. */
  #failure(error: unknown): unknown {
    const isPieces = this.#md5 === undefined || this.#input.isSpliced;
    const isMalformed = error instanceof OtaError && error.code === "package-malformed";
    return isPieces && isMalformed ? changed(`${error.code}: ${error.message}`) : error;
  }

  #tellReady(seeks: boolean): void {
    const onReady = this.#onReady;
    this.#onReady = undefined;
    onReady?.(seeks);
  }

  #push(bytes: Uint8Array): void {
    const reader = this.#reader as HeaderReader;
    const count = reader.push(bytes);
    const { header } = reader;
    this.#headerLength += count;
    this.#md5?.update(bytes.subarray(0, count));
    if (header !== undefined) this.#begin(header, bytes.subarray(count));
  }

  /** @param rest what came behind the header */
  #begin(header: PackageHeader, rest: Uint8Array): void {
    const { device, download, gathering, readBack } = this.#options;
    const { target, offer, block, stored, progress } = download;
    const { version } = offer;
    const { writer } = gathering;
    const chipId = target.kind === "slot" ? device.boot.status().chipId : undefined;
    checkHeader(header, { version, chipId, resultLength: stored.resultLength });
    this.#reader = undefined;
    this.#input.crc = header.crc;
    this.#making = new Making({ device, input: this.#input, target, block, header, offset: writer.offset, rest });
    const { resultHash: hash, resultLength: length } = header;
    readBack.expected = { version, hash, length, isAsOffered: (md5) => this.#isAsOffered(md5) };
    if (stored.resultLength !== undefined) return;
    writer.size = length;
    progress.begin(length);
  }

  #isAsOffered(md5: string): boolean {
    const offered = fromHex(md5);
    return this.#md5 === undefined || (offered !== undefined && equalBytes(this.#md5.digest(), offered, MD5_LENGTH));
  }
}
