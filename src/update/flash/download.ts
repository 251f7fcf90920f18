import type { Device, Timer, TlsOptions } from "../../../hal/ports/index.js";
import { describeError, OtaError } from "../../errors.js";
import { RangeReader } from "../../http/range-reader.js";
import { BlockWriter } from "../../image/block-writer.js";
import type { ReadBack } from "../../image/read-back.js";
import { equalBytes } from "../../lib/bytes.js";
import type { Offer } from "../../protocol/messages.js";
import type { FlashKnowledge } from "./knowledge.js";
import { RegionEraser } from "./region-eraser.js";
import type { Target } from "../target.js";
import type { Event, Stored } from "../machine/types.js";

export interface DownloadOptions {
  readonly device: Device;
  readonly target: Target;
  /** One block long; the download's alone while it works. */
  readonly block: Uint8Array;
  readonly knowledge: FlashKnowledge;
  /** Follows what is programmed. */
  readonly readBack: ReadBack;
  readonly offer: Offer;
  readonly stored: Stored;
  readonly tls: TlsOptions;
  readonly idleTimeoutMs: number;
  /** Handled before this returns; it may close the download. */
  onEvent(event: Event): void;
}

/** Progress is reported once for each of so many parts of an image, and not for each block. */
const TOLD_PARTS = 50;

/**
 * One try to bring the rest of an image into flash: socket, one block, flash, and back from there into the digest. Each
 * turn of the event loop does at most one flash operation, so that the connection to the broker stays alive. While the
 * socket has nothing, the region ahead is erased.
 */
export class Download {
  readonly #options: DownloadOptions;
  readonly #eraser: RegionEraser;
  #reader: RangeReader | undefined;
  #writer: BlockWriter | undefined;
  /** The writer, once the block is free for what comes: nothing is compared in it or read back into it any more. */
  #sink: BlockWriter | undefined;
  /** The server's answer was accepted, which is yet to be told. */
  #started: Event | undefined;
  /** While a server sends what is stored already: how much of it was compared. */
  #compared: number | undefined;
  /** The connection is over; a block that is full is stored all the same. */
  #lost: OtaError | undefined;
  /** Made once, for there is a turn for each block, and more. */
  #turnTimer: Timer | undefined;
  #turnDue = false;
  /** From this offset on `block-written` is due; blocks before it may be in flash untold. */
  #tellFrom = 0;
  #untold = false;
  #closed = false;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#eraser = new RegionEraser(options);
    this.#schedule();
  }

  /** Present once the download is complete; its last block may be yet to be read back. */
  get readBack(): ReadBack | undefined {
    return this.#writer?.complete === true ? this.#options.readBack : undefined;
  }

  /**
   * Reports how far the image is in flash, if that was not reported yet. To report each block would cost more than it
   * is worth.
   */
  tell(): void {
    const { offer, onEvent } = this.#options;
    if (!this.#untold || this.#closed) return;
    const { offset } = this.#writer as BlockWriter;
    this.#untold = false;
    const part = offer.size / TOLD_PARTS;
    this.#tellFrom = (Math.floor(offset / part) + 1) * part;
    onEvent({ type: "block-written", offset: Math.min(offset, offer.size) });
  }

  /** Idempotent; no event comes after it. */
  close(): void {
    this.#closed = true;
    this.#turnTimer?.cancel();
    this.#reader?.close();
  }

  /** The first turn: where to begin. */
  #begin(): void {
    const { target, block, offer, stored } = this.#options;
    const offset = this.#eraser.begin(block);
    this.#writer = new BlockWriter({ partition: target.partition, block, size: offer.size, offset });
    this.#request(offset, stored.etag);
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
      // Bytes are taken as they come, so that the socket's window opens again; what a full block leads to waits for a
      // turn.
      onReadable: () => {
        if (this.#sink === undefined || this.#sink.fill(this.#reader as RangeReader)) this.#schedule();
      },
      onFailed: (error) => this.#onLost(error),
    });
  }

  #onLost(error: OtaError): void {
    if (this.#writer?.full !== true) {
      this.#fail(error);
      return;
    }
    this.#lost = error;
    this.#schedule();
  }

  /** Told in a turn of its own: what follows from it needs more of the stack than a callback of the socket leaves. */
  #opened(offset: number, etag: string | undefined): void {
    const writer = this.#writer as BlockWriter;
    if (offset < writer.offset) {
      this.#compared = offset;
      this.#sink = undefined;
    }
    this.#started = { type: "download-started", offset: writer.offset, etag };
    this.#schedule();
  }

  #step(): void {
    const sink = this.#sink;
    if (this.#started !== undefined) {
      this.#tellStarted(this.#started);
    }
    // Whatever comes next takes a while: the window must be open by then.
    else if (
      !(sink === undefined ? this.#comesNearer() : this.#fills(sink) ? this.#store(sink) : this.#erasesAhead())
    ) {
      return;
    }
    this.#schedule();
  }

  /** What comes before the first byte that is new. @returns whether there was something to do */
  #comesNearer(): boolean {
    const writer = this.#writer;
    if (writer === undefined) this.#begin();
    // After a restart this goes on while the connection is being made.
    else if (this.#options.readBack.offset < writer.offset) this.#readBack();
    else if (this.#compared !== undefined) return this.#compare(writer, this.#compared);
    else this.#sink = writer;
    return true;
  }

  #tellStarted(started: Event): void {
    this.#started = undefined;
    this.#options.onEvent(started);
  }

  #readBack(): void {
    const { readBack, block, offer } = this.#options;
    readBack.next(block, offer.size);
  }

  /** @returns whether the block is full */
  #fills(writer: BlockWriter): boolean {
    if (writer.fill(this.#reader as RangeReader)) return true;
    if (this.#lost !== undefined) this.#fail(this.#lost);
    return false;
  }

  /** The next step for a full block. @returns whether there is another one to do */
  #store(writer: BlockWriter): boolean {
    const eraser = this.#eraser;
    if (eraser.allows(writer)) return this.#program(writer);
    if (eraser.step(writer)) this.#untold = false;
    return true;
  }

  /** @returns whether there was something to do */
  #erasesAhead(): boolean {
    if (this.#closed || !this.#eraser.mayEraseAhead) return false;
    this.#eraser.eraseAhead();
    return true;
  }

  /**
   * The block is read back at once, for nothing of the next one is in the buffer yet. @returns whether there is more to
   * do
   */
  #program(writer: BlockWriter): boolean {
    writer.program();
    const { complete } = writer;
    this.#untold = true;
    if (complete || writer.offset >= this.#tellFrom) this.tell();
    if (this.#closed) return false;
    if (complete) {
      this.close();
      this.#options.onEvent({ type: "download-completed" });
      return false;
    }
    this.#readBack();
    return writer.fill(this.#reader as RangeReader) || this.#lost !== undefined || this.#eraser.mayEraseAhead;
  }

  /**
   * The server sends the file from its start: what is stored must be the same, and is not fetched into flash again.
   *
   * @returns whether there was something to do
   */
  #compare(writer: BlockWriter, from: number): boolean {
    const { target, block } = this.#options;
    const half = block.byteLength / 2;
    const count = (this.#reader as RangeReader).read(block, 0, Math.min(half, writer.offset - from));
    if (count === 0) return false;
    const stored = block.subarray(half, half + count);
    target.partition.read(stored, from);
    if (!equalBytes(block, stored, count)) {
      this.#fail(new OtaError("content-changed", "the file is not the one that was begun"));
      return false;
    }
    this.#compared = from + count < writer.offset ? from + count : undefined;
    return true;
  }

  /** One turn at a time; whatever it throws ends this try. */
  #schedule(): void {
    if (this.#closed || this.#turnDue) return;
    this.#turnDue = true;
    if (this.#turnTimer === undefined) {
      this.#turnTimer = this.#options.device.clock.timer("download", 0, () => this.#onTurn());
    } else {
      this.#turnTimer.again();
    }
  }

  #onTurn(): void {
    this.#turnDue = false;
    if (this.#closed) return;
    try {
      this.#step();
    } catch (error) {
      this.#fail(error instanceof OtaError ? error : new OtaError("flash-failed", describeError(error)));
    }
  }

  #fail({ code, message, retryAfterMs }: OtaError): void {
    this.tell();
    if (this.#closed) return;
    this.close();
    this.#options.onEvent({ type: "download-failed", failure: { code, message, retryAfterMs } });
  }
}
