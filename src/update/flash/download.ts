import type { Device, Timer, TlsOptions } from "../../../hal/ports/index.js";
import { describeError, OtaError } from "../../errors.js";
import { RangeReader } from "../../http/range-reader.js";
import { BlockWriter } from "../../image/block-writer.js";
import { ReadBack } from "../../image/read-back.js";
import { equalBytes } from "../../lib/bytes.js";
import type { Offer } from "../../protocol/messages.js";
import { hasSameBytes, isSame } from "../machine/moves.js";
import { type FlashKnowledge, type Gathering, positionOf } from "./knowledge.js";
import { RegionEraser } from "./region-eraser.js";
import type { Unpacker } from "../unpacker.js";
import type { Progress } from "../progress.js";
import type { Target } from "../target.js";
import type { Event, Stored } from "../machine/types.js";

export interface DownloadOptions {
  readonly device: Device;
  readonly target: Target;
  /** One block long; nobody else uses it while the download works. */
  readonly block: Uint8Array;
  readonly knowledge: FlashKnowledge;
  readonly progress: Progress;
  /** Absent: packages are refused. */
  readonly packages?: Unpacker | undefined;
  readonly offer: Offer;
  readonly stored: Stored;
  readonly tls: TlsOptions;
  readonly idleTimeoutMs: number;
  /** The event is handled before this returns; that may close the download. */
  onEvent(event: Event): void;
}

/** What the next turn of a download does. */
type Phase =
  /** Finds where to begin, and asks the server for the rest of the file. */
  | "opening"
  /** Hashes the next block of what is stored. This goes on while the connection is being made. */
  | "reading-back"
  /** The server sends what is stored once more: compares it. */
  | "comparing"
  /** Fills the block with new bytes, and stores it once it is full. */
  | "filling"
  | "closed";

/**
 * One try to bring the rest of an image into flash: socket, one block, flash, and back from there into the digest. If
 * the file begins as a package, what comes goes by way of that into the block. Each
 * turn of the event loop does at most one flash operation, so that the connection to the broker stays alive. While the
 * socket has nothing, the region ahead is erased.
 */
export class Download {
  readonly #options: DownloadOptions;
  readonly #eraser: RegionEraser;
  #phase: Phase = "opening";
  /** Present from the end of the phase `opening` on. */
  #reader: RangeReader | undefined;
  #writer: BlockWriter | undefined;
  /** The server's answer was accepted: the next turn reports that before it does anything else. */
  #started: Event | undefined;
  #etag: string | undefined;
  /** The next byte that the server sends. What it sends before the writer's offset is compared. */
  #comparedTo = Infinity;
  /** Why the connection ended. The next turn reports it; if the block was full, that is stored first. */
  #lost: OtaError | undefined;
  /** There is a turn for each block, and more: one timer serves them all. */
  #turnTimer: Timer | undefined;
  #turnDue = false;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#etag = options.stored.etag;
    this.#eraser = new RegionEraser(options);
    options.progress.begin(options.stored.resultLength ?? options.offer.size);
    this.#schedule();
  }

  /** Idempotent; no event comes after it. */
  close(): void {
    this.#phase = "closed";
    this.#turnTimer?.cancel();
    this.#reader?.close();
  }

  /** Goes on from what an earlier try has gathered, if it is of the same image and belongs at the same offset. */
  #begin(): void {
    const { device, target, block, knowledge, offer, stored } = this.#options;
    const { partition } = target;
    const size = stored.resultLength ?? offer.size;
    const offset = this.#eraser.begin(block, size);
    const { gathering } = knowledge;
    // A package names the version that it makes.
    const matches = gathering?.unpacking === undefined ? hasSameBytes : isSame;
    const earlier = gathering !== undefined && matches(gathering.image, offer) ? gathering : undefined;
    const now: Gathering = (knowledge.gathering =
      earlier?.writer.offset === offset
        ? earlier
        : {
            image: offer,
            writer: new BlockWriter({ partition, block, size, offset }),
            readBack: new ReadBack({ partition, digests: device.digests }),
            reach: earlier?.reach ?? offset,
          });
    if (stored.resultLength !== undefined && now.unpacking === undefined && !this.#unpacks(now)) {
      // Another firmware has begun it, which takes packages.
      throw new OtaError("content-changed", "");
    }
    this.#writer = now.writer;
    // What a package makes may be known since an earlier try.
    this.#options.progress.begin(now.writer.size);
    if (now.unpacking?.isReady !== false && this.#completes(now.writer)) return;
    // A try that was paused may have left the last block full: then there is nothing to ask for.
    const position = positionOf(now);
    if (position < offer.size) this.#request(position, stored.etag);
    else now.unpacking?.answered(undefined, position, undefined, (seeks) => this.#ready(seeks));
    this.#phase = "reading-back";
  }

  /** @returns whether the file is a package that can be unpacked @throws OtaError */
  #unpacks(gathering: Gathering): boolean | undefined {
    return this.#options.packages?.begins(this.#options, gathering, this.#etag, this.#comparedTo > 0);
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
      // Bytes are taken as they come, so that the socket's window opens again. A full block waits for its turn.
      onReadable: () => {
        if (this.#phase !== "filling" || this.#takes(this.#writer as BlockWriter)) this.#schedule();
      },
      onFailed: (error) => {
        this.#lost = error;
        this.#schedule();
      },
    });
  }

  /** The event has a turn of its own: what follows from it needs more of the stack than a socket's callback leaves. */
  #opened(offset: number, etag: string | undefined): void {
    const { writer, unpacking } = this.#gathering;
    this.#etag = etag;
    if (unpacking === undefined) {
      this.#comparedTo = offset;
      writer.rewind(offset);
      if (offset < writer.offset) this.#phase = "reading-back";
      this.#start();
    } else {
      unpacking.answered(this.#reader, offset, etag, (seeks) => this.#ready(seeks));
    }
  }

  /** A package can be unpacked. */
  #ready(seeks: boolean): void {
    if (this.#completes(this.#writer as BlockWriter)) return;
    if (!seeks) {
      this.#start();
      return;
    }
    this.#reader?.close();
    // The next request takes the place of a connection that was lost meanwhile.
    this.#lost = undefined;
    this.#request(positionOf(this.#gathering), this.#etag);
  }

  #start(): void {
    const { writer, unpacking } = this.#gathering;
    const { resultLength, isSpliced: spliced } = unpacking ?? {};
    this.#started = { type: "download-started", offset: writer.end, etag: this.#etag, resultLength, spliced };
    this.#schedule();
  }

  /** One turn. @returns whether there is more to do by now */
  #step(): boolean {
    if (this.#lost !== undefined && !this.#writer?.full && !this.#canPrepare()) {
      this.#fail(this.#lost);
      return false;
    }
    const started = this.#started;
    if (started !== undefined) {
      this.#started = undefined;
      this.#options.onEvent(started);
      return true;
    }
    if (this.#phase === "opening") {
      this.#begin();
      return true;
    }
    const writer = this.#writer as BlockWriter;
    switch (this.#phase) {
      case "reading-back":
        if (this.#gathering.readBack.offset < writer.offset) this.#readBack();
        else this.#phase = this.#comparedTo < writer.offset ? "comparing" : "filling";
        return true;
      case "comparing":
        return this.#compare(writer);
      default:
        return this.#fill(writer);
    }
  }

  get #gathering(): Gathering {
    return this.#options.knowledge.gathering as Gathering;
  }

  /** Whether a package is not ready, and the next step towards that needs no byte. */
  #canPrepare(): boolean {
    const { unpacking } = this.#gathering;
    return this.#phase === "filling" && unpacking?.isReady === false && unpacking.gather();
  }

  #readBack(): void {
    this.#gathering.readBack.next(this.#options.block, (this.#writer as BlockWriter).size);
  }

  /** Takes bytes as they come. @returns whether the block is full, or can be made */
  #takes(writer: BlockWriter): boolean {
    return this.#gathering.unpacking?.gather() ?? writer.fill(this.#reader as RangeReader);
  }

  /** @returns whether there was something to do */
  #fill(writer: BlockWriter): boolean {
    const { unpacking } = this.#gathering;
    if (unpacking?.isReady === false) return unpacking.gather() && unpacking.prepare();
    if (unpacking !== undefined && !writer.full && !unpacking.gather()) return this.#erasesAhead();
    return writer.fill(unpacking ?? (this.#reader as RangeReader)) ? this.#store(writer) : this.#erasesAhead();
  }

  /** The next step for a full block. @returns whether there is another one to do */
  #store(writer: BlockWriter): boolean {
    const eraser = this.#eraser;
    if (eraser.allows(writer)) return this.#program(writer);
    if (writer.offset === 0 && this.#gathering.unpacking === undefined && this.#unpacks(this.#gathering)) {
      // What is in the block is no part of the image, but the beginning of the package that makes it.
      this.#opened(writer.end, this.#etag);
      writer.rewind(0);
    } else {
      eraser.step(writer);
    }
    return true;
  }

  /** @returns whether there was something to do */
  #erasesAhead(): boolean {
    if (!this.#eraser.mayEraseAhead) return false;
    this.#eraser.eraseAhead();
    return true;
  }

  /**
   * Programs the block, and reads it back at once: the buffer holds nothing of the next one yet.
   *
   * @returns whether there is more to do
   */
  #program(writer: BlockWriter): boolean {
    writer.program();
    const { progress, onEvent } = this.#options;
    const due = progress.wrote(writer.offset);
    if (due !== undefined) onEvent(due);
    if (this.#phase === "closed") return false;
    if (this.#completes(writer)) return false;
    this.#readBack();
    return this.#takes(writer) || this.#lost !== undefined || this.#eraser.mayEraseAhead;
  }

  /** @returns whether the image is whole in flash */
  #completes({ complete }: BlockWriter): boolean {
    if (complete) {
      this.close();
      this.#options.onEvent({ type: "download-completed" });
    }
    return complete;
  }

  /** @returns whether there was something to do */
  #compare(writer: BlockWriter): boolean {
    const { target, block } = this.#options;
    const from = this.#comparedTo;
    const half = block.byteLength / 2;
    const reader = this.#reader as RangeReader;
    const count = reader.read(block, 0, Math.min(half, writer.offset - from));
    if (count === 0) return false;
    const stored = block.subarray(half, half + count);
    target.partition.read(stored, from);
    if (!equalBytes(block, stored, count)) {
      if (!reader.whole()) this.#fail(new OtaError("content-changed", "the file is not the one that was begun"));
      return false;
    }
    this.#comparedTo = from + count;
    if (this.#comparedTo === writer.offset) this.#phase = "filling";
    return true;
  }

  /** Sets the next turn, if none is set. An error in a turn ends this try. */
  #schedule(): void {
    if (this.#phase === "closed" || this.#turnDue) return;
    this.#turnDue = true;
    if (this.#turnTimer === undefined) {
      this.#turnTimer = this.#options.device.clock.timer("download", 0, () => this.#onTurn());
    } else {
      this.#turnTimer.again();
    }
  }

  #onTurn(): void {
    this.#turnDue = false;
    try {
      if (this.#step()) this.#schedule();
    } catch (error) {
      // What is in the block may be no part of the file.
      this.#options.knowledge.gathering = undefined;
      this.#fail(error instanceof OtaError ? error : new OtaError("flash-failed", describeError(error)));
    }
  }

  #fail({ code, message, retryAfterMs }: OtaError): void {
    if (this.#phase === "closed") return;
    this.close();
    this.#options.onEvent({
      type: "download-failed",
      failure: { code, message, retryAfterMs },
      advances: code === "connection-lost" && this.#advances(),
    });
  }

  /** Whether this try has come further than any before it. */
  #advances(): boolean {
    const gathering = this.#gathering;
    const end = positionOf(gathering);
    const advances = end > gathering.reach;
    if (advances) gathering.reach = end;
    return advances;
  }
}
