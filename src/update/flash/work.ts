import type { Device, TlsOptions } from "../../../hal/ports/index.js";
import { describeError } from "../../errors.js";
import { ReadBack } from "../../image/read-back.js";
import { Verifier } from "../../image/verifier.js";
import type { Offer } from "../../protocol/messages.js";
import { Download } from "./download.js";
import { EarlySearch } from "./resume-search.js";
import { newKnowledge, searchFor } from "./knowledge.js";
import type { Reading, Unpacker } from "../unpacker.js";
import type { Progress } from "../progress.js";
import type { Target } from "../target.js";
import type { Event, Image, State, Stored } from "../machine/types.js";

export interface FlashWorkOptions {
  readonly device: Device;
  readonly target: Target;
  readonly tls: TlsOptions;
  /** Longest wait for a byte. */
  readonly idleTimeoutMs: number;
  readonly progress: Progress;
  /** Absent: packages are refused. */
  readonly packages?: Unpacker | undefined;
  onEvent(event: Event): void;
}

/**
 * What is done to the bytes of a target: search, download and verification, one at a time, in the one block that they
 * share. What has ended is let go: there may be a job for each of hundreds of sub-devices.
 */
export class FlashWork {
  readonly #options: FlashWorkOptions;
  readonly #knowledge = newKnowledge();
  #block: Uint8Array | undefined;
  #search: EarlySearch | undefined;
  #download: Download | undefined;
  #verifier: Verifier | undefined;

  constructor(options: FlashWorkOptions) {
    this.#options = options;
  }

  /** Begins to look where a download of an earlier boot goes on, if there is one. */
  search(state: State): void {
    const { device, target } = this.#options;
    const search = searchFor(state, target.partition);
    if (search === undefined) return;
    this.#search = new EarlySearch({ clock: device.clock, search, knowledge: this.#knowledge, block: this.#buffer() });
  }

  download(offer: Offer, stored: Stored): void {
    this.close();
    this.#download = new Download({
      ...this.#options,
      block: this.#buffer(),
      knowledge: this.#knowledge,
      offer,
      stored,
    });
  }

  stopDownload(): void {
    this.#download?.close();
    this.#download = undefined;
  }

  /** Goes on from what the download has read back already. */
  verify(image: Image): void {
    const { device, target, onEvent } = this.#options;
    const { gathering } = this.#knowledge;
    const readBack: Reading =
      gathering?.writer.complete === true
        ? gathering.readBack
        : new ReadBack({ partition: target.partition, digests: device.digests });
    this.close();
    this.#knowledge.gathering = undefined;
    this.#verifier = new Verifier({
      readBack,
      clock: device.clock,
      size: image.size,
      block: this.#buffer(),
      onRead: () => onEvent({ type: "verified", matches: readBack.matches(image.md5), image: readBack.image }),
      onFailed: (error) =>
        onEvent({ type: "verify-failed", failure: { code: "flash-failed", message: describeError(error) } }),
    });
  }

  stopVerify(): void {
    this.#verifier?.close();
    this.#verifier = undefined;
  }

  close(): void {
    this.#search?.close();
    this.#search = undefined;
    this.stopDownload();
    this.stopVerify();
  }

  #buffer(): Uint8Array {
    return (this.#block ??= new Uint8Array(this.#options.target.partition.blockLength));
  }
}
