import type { Timer, TlsOptions } from "../../hal/ports/index.js";
import { describeError } from "../errors.js";
import { RangeReader } from "../http/range-reader.js";
import type { Offer } from "../protocol/messages.js";
import type { Failure } from "../update/machine/types.js";
import type { Gate } from "../update/target.js";
import { MAX_SEAL_LENGTH } from "./format.js";
import type { Judge } from "./judge.js";

export interface SealGateOptions {
  readonly judge: Judge;
  /** For https. */
  readonly tls: TlsOptions;
  /** Longest wait for a byte. */
  readonly idleTimeoutMs: number;
  /** The device takes packages: the seal of what one makes is in its header, not at its end. */
  readonly unpacks: boolean;
}

type Answer = (failure?: Failure) => void;

/**
 * Looks at the seal before anybody is asked and anything is erased: one request for the end of the file. If it brings
 * no answer, the download decides whether the file can be had, and what is in flash is looked at all the same. A file
 * that ends without a seal may be a package: then its first bytes decide, still before anything is erased.
 */
export class SealGate implements Gate {
  readonly #options: SealGateOptions;
  /** Is asked after this one; absent: every update is wanted at once. */
  inner: Gate | undefined;
  #reader: RangeReader | undefined;
  #timer: Timer | undefined;
  #unsigned: Failure | undefined;

  constructor(options: SealGateOptions) {
    this.#options = options;
  }

  /** Why the file that is downloaded now is refused, unless it is a package. */
  get unsigned(): Failure | undefined {
    return this.#unsigned;
  }

  get consents(): boolean {
    return this.inner?.consents === true;
  }

  ask(step: "download" | "install", offer: Offer, answer: Answer, onDeferred?: (seconds: number) => void): void {
    this.#release();
    const goOn = (failure?: Failure): void => {
      this.#release();
      if (failure !== undefined || this.inner === undefined) answer(failure);
      else this.inner.ask(step, offer, answer, onDeferred);
    };
    if (step === "install") {
      goOn();
      return;
    }
    this.#unsigned = undefined;
    // What it waits for, or times, is of an earlier offer.
    this.inner?.withdraw();
    this.#look(offer, goOn);
  }

  withdraw(): void {
    this.#release();
    this.inner?.withdraw();
  }

  #release(): void {
    this.#reader?.close();
    this.#timer?.cancel();
    this.#reader = this.#timer = undefined;
  }

  #look(offer: Offer, goOn: Answer): void {
    const { judge, tls, idleTimeoutMs } = this.#options;
    const { http, clock, log } = judge.options.device;
    const { url, size } = offer;
    const tail = new Uint8Array(Math.min(size, MAX_SEAL_LENGTH));
    const start = size - tail.byteLength;
    let filled = 0;
    const reader = new RangeReader({
      http,
      clock,
      log,
      url,
      tls,
      size,
      offset: start,
      etag: undefined,
      idleTimeoutMs,
      onOpened: ({ offset }) => {
        // The server sends the whole file.
        if (offset !== start) this.#later(goOn);
      },
      onReadable: () => {
        filled += reader.read(tail, filled, tail.byteLength);
        if (filled === tail.byteLength) this.#later(() => goOn(this.#failure(tail, offer)));
      },
      onFailed: ({ message }) => {
        log("info", "seal", () => `the end of the file cannot be read before the download: ${message}`);
        this.#later(goOn);
      },
    });
    this.#reader = reader;
  }

  /** In a turn of its own: a signature takes time and stack, and another request must not begin inside this one. */
  #later(action: () => void): void {
    this.#reader?.close();
    this.#timer?.cancel();
    this.#timer = this.#options.judge.options.device.clock.timer("seal", 0, () => action());
  }

  #failure(tail: Uint8Array, offer: Offer): Failure | undefined {
    const { judge, unpacks } = this.#options;
    try {
      const { failure } = judge.judge(tail, offer.size, offer.version);
      if (failure?.code !== "unsigned" || !unpacks) return failure;
      this.#unsigned = failure;
      return undefined;
    } catch (error) {
      // What is in flash is judged before it boots: it fails there if storage still does.
      judge.options.device.log("error", "seal", () => describeError(error));
      return undefined;
    }
  }
}
