import type { Device, Timer, TlsOptions } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import { RangeReader } from "../http/range-reader.js";
import { BlockWriter } from "../image/block-writer.js";
import { eraseBlockAt, eraseRegion, regionEnd } from "../image/regions.js";
import { findResumePoint } from "../image/resume-point.js";
import { equalBytes } from "../lib/bytes.js";
import type { Offer } from "../protocol/messages.js";
import type { Target } from "./target.js";
import type { Event, Stored } from "./types.js";

/**
 * After a restart: the first block from here on that is programmed may have been begun before the cut, with bits half
 * programmed that read as blank. It is erased first. Known as long as the boot lasts, whichever try comes to it.
 */
export interface Suspicion {
  from: number | undefined;
}

export interface DownloadOptions {
  readonly device: Device;
  readonly target: Target;
  /** One block long; the download's alone while it works. */
  readonly block: Uint8Array;
  readonly suspicion: Suspicion;
  readonly offer: Offer;
  readonly stored: Stored;
  readonly tls: TlsOptions;
  readonly idleTimeoutMs: number;
  /** Handled before this returns; it may close the download. */
  onEvent(event: Event): void;
}

/**
 * One try to bring the rest of an image into flash: socket, one block, flash. Each turn of the event loop does at most one
 * flash operation, so that the connection to the broker stays alive. A region's checkpoint is stored, by the machine's
 * answer to `region-erased`, before anything is programmed in it.
 */
export class Download {
  readonly #options: DownloadOptions;
  #reader: RangeReader | undefined;
  #writer: BlockWriter | undefined;
  /** Everything up to here is erased, or programmed. */
  #erasedEnd = 0;
  /** After a restart: the block to resume at may be torn, and is still to be erased. */
  #resuming = false;
  /** While a server sends what is stored already: how much of it was compared. */
  #compared: number | undefined;
  #turnTimer: Timer | undefined;
  #closed = false;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Idempotent; no event comes after it. */
  close(): void {
    this.#closed = true;
    this.#turnTimer?.cancel();
    this.#reader?.close();
  }

  /** The first turn: where to begin. */
  #begin(): void {
    const { target, block, offer, stored, onEvent } = this.#options;
    const { partition } = target;
    const { regionOffset, written } = stored;
    let offset = 0;
    if (regionOffset === undefined) {
      target.prepare();
    } else if (written === undefined) {
      offset = stored.erasing ? regionOffset : findResumePoint(partition, regionOffset, offer.size, block);
      this.#resuming = true;
      if (!stored.erasing) onEvent({ type: "resume-point-found", offset });
    } else {
      offset = written;
      this.#erasedEnd = regionEnd(partition, regionOffset);
    }
    if (this.#closed) return;
    this.#writer = new BlockWriter({ partition, block, size: offer.size, offset });
    this.#request(offset, stored.etag);
    this.#schedule();
  }

  #request(offset: number, etag: string | undefined): void {
    const { device, offer, tls, idleTimeoutMs } = this.#options;
    this.#reader = new RangeReader({
      http: device.http,
      clock: device.clock,
      log: device.log,
      url: offer.url,
      tls,
      offset,
      size: offer.size,
      etag,
      idleTimeoutMs,
      onOpened: (opened) => this.#opened(opened.offset, opened.etag),
      onReadable: () => this.#schedule(),
      onFailed: (error) => this.#fail(error),
    });
  }

  #opened(offset: number, etag: string | undefined): void {
    const writer = this.#writer as BlockWriter;
    if (offset < writer.offset) this.#compared = offset;
    this.#options.onEvent({ type: "download-started", offset: writer.offset, etag });
  }

  #turn(): void {
    const writer = this.#writer;
    if (writer === undefined) {
      this.#begin();
      return;
    }
    // At once, and not when a block is full: the first erase goes on while the connection is being made.
    if (writer.offset >= this.#erasedEnd) {
      this.#erase(writer.offset);
      this.#schedule();
      return;
    }
    if (this.#compared !== undefined) {
      this.#compare(writer, this.#compared);
      return;
    }
    this.#fill(writer);
    if (!writer.full) return;
    const { from } = this.#options.suspicion;
    if (from !== undefined && writer.offset >= from && !writer.blank) this.#eraseSuspect(writer.offset);
    else this.#program(writer);
    this.#schedule();
  }

  #fill(writer: BlockWriter): void {
    const reader = this.#reader as RangeReader;
    while (!writer.full) {
      const count = reader.read(writer.space);
      if (count === 0) return;
      writer.advance(count);
    }
  }

  #erase(offset: number): void {
    const { target, suspicion, onEvent } = this.#options;
    const { partition } = target;
    if (this.#resuming) eraseBlockAt(partition, offset);
    else eraseRegion(partition, offset);
    suspicion.from = this.#resuming ? offset + partition.blockLength : undefined;
    this.#resuming = false;
    this.#erasedEnd = regionEnd(partition, offset);
    onEvent({ type: "region-erased", offset });
  }

  #eraseSuspect(offset: number): void {
    const { target, suspicion } = this.#options;
    eraseBlockAt(target.partition, offset);
    suspicion.from = undefined;
  }

  #program(writer: BlockWriter): void {
    const { offer, target, onEvent } = this.#options;
    if (writer.offset === 0) target.checkFirstBlock(writer.content, offer);
    writer.program();
    onEvent({ type: "block-written", offset: Math.min(writer.offset, offer.size) });
    if (this.#closed || !writer.complete) return;
    this.close();
    onEvent({ type: "download-completed" });
  }

  /** The server sends the file from its start: what is stored must be the same, and is not fetched into flash again. */
  #compare(writer: BlockWriter, from: number): void {
    const { target, block } = this.#options;
    const half = block.byteLength / 2;
    const received = block.subarray(0, Math.min(half, writer.offset - from));
    const count = (this.#reader as RangeReader).read(received);
    if (count === 0) return;
    const stored = block.subarray(half, half + count);
    target.partition.read(stored, from);
    if (!equalBytes(received, stored, count)) {
      this.#fail(new OtaError("content-changed", "the file is not the one that was begun"));
      return;
    }
    this.#compared = from + count < writer.offset ? from + count : undefined;
    this.#schedule();
  }

  /** One turn at a time; whatever it throws ends this try. */
  #schedule(): void {
    if (this.#closed || this.#turnTimer !== undefined) return;
    this.#turnTimer = this.#options.device.clock.timer("download", 0, () => {
      this.#turnTimer = undefined;
      if (this.#closed) return;
      try {
        this.#turn();
      } catch (error) {
        this.#fail(error instanceof OtaError ? error : new OtaError("flash-failed", describeError(error)));
      }
    });
  }

  #fail({ code, message, retryAfterMs }: OtaError): void {
    if (this.#closed) return;
    this.close();
    this.#options.onEvent({ type: "download-failed", failure: { code, message, retryAfterMs } });
  }
}
