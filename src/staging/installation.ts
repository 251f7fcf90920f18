import type { Clock, FlashPartition, Timer } from "../../hal/ports/index.js";
import { describeError } from "../errors.js";
import { isVersion } from "../protocol/messages.js";
import type { Failure, Image } from "../update/machine/types.js";

/** A whole, verified image, as it is handed to an application's `install`. */
export interface InstallImage extends Image {
  /** Bytes that were acknowledged before a power cut: the installation may go on from there. */
  readonly acknowledged: number;
  /**
   * @param into filled as far as the image goes
   * @returns how many bytes; 0 at the image's end, and once the installation is over
   */
  read(byteOffset: number, into: Uint8Array): number;
}

/** How an application reports on an installation. Calls after its end do nothing. */
export interface InstallJob {
  /** So many bytes are on their way: for display. */
  progress(bytes: number): void;
  /** Everything before `byteOffset` is safe at the receiver: after a power cut it need not be sent again. */
  acknowledge(byteOffset: number): void;
  succeed(): void;
  fail(reason: string): void;
}

/** An application's way to something that can be updated. */
export interface Installer {
  /** The version that runs there, or a promise of it; `undefined` if it cannot be reached. */
  version(): string | undefined | Promise<string | undefined>;
  /**
   * Installs the image. It reports the end by `job`, or by a promise or other thenable: fulfilled is success, rejected
   * is failure. An exception is a failure too.
   */
  install(image: InstallImage, job: InstallJob): unknown;
  /**
   * Reads the image that is installed there now, for deltas from it. Without this function only whole and compressed
   * images are taken. What a delta makes of other bytes than those that were installed is refused.
   *
   * @param into filled as far as the image goes
   * @returns how many bytes
   */
  readInstalled?(byteOffset: number, into: Uint8Array): number;
}

export interface InstallationOptions {
  readonly installer: Installer;
  readonly image: Image;
  readonly partition: FlashPartition;
  readonly clock: Clock;
  /** Longest time without a read, a progress or an acknowledgement. */
  readonly timeoutMs: number;
  readonly acknowledged: number;
  onAcknowledged(byteOffset: number): void;
  onProgress(bytes: number): void;
  /** Once, and not after `close`. */
  onEnded(failure: Failure | undefined): void;
}

/** Longest wait for a version. */
const VERSION_TIMEOUT_MS = 20_000;

/**
 * Brings a staged image to its recipient, by the application's code. Whatever that code does, the installation ends.
 */
export class Installation {
  readonly #options: InstallationOptions;
  #timer: Pick<Timer, "cancel"> | undefined;
  #over = false;

  constructor(options: InstallationOptions) {
    this.#options = options;
  }

  /** In a turn of its own: the application's code has the whole stack. */
  start(): void {
    this.#timer = this.#options.clock.timer("install", 0, () => this.#begin());
  }

  #begin(): void {
    const { installer, image, acknowledged, onProgress, onAcknowledged } = this.#options;
    const active = (action: () => void): void => {
      if (this.#over) return;
      this.#arm();
      action();
    };
    const { version, size, md5 } = image;
    // An application's arithmetic may yield NaN: that counts as 0, and is not stored.
    const within = (bytes: number): number => (bytes > 0 ? Math.floor(Math.min(bytes, size)) : 0);
    this.#arm();
    const handed: InstallImage = {
      version,
      size,
      md5,
      acknowledged,
      read: (byteOffset, into) => this.#read(byteOffset, into),
    };
    const job: InstallJob = {
      progress: (bytes) => active(() => onProgress(within(bytes))),
      acknowledge: (byteOffset) => active(() => onAcknowledged(within(byteOffset))),
      succeed: () => this.#succeed(),
      fail: (reason) => this.#end(String(reason)),
    };
    attempt(
      () => installer.install(handed, job),
      (promised) => promised && this.#succeed(),
      (error) => this.#end(describeError(error)),
    );
  }

  /** Idempotent. The installation is over, whatever it does. */
  close(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #read(byteOffset: number, into: Uint8Array): number {
    const { image, partition } = this.#options;
    const count = Math.min(into.byteLength, image.size - byteOffset);
    if (this.#over || !Number.isInteger(byteOffset) || byteOffset < 0 || count <= 0) return 0;
    this.#arm();
    partition.read(into.subarray(0, count), byteOffset);
    return count;
  }

  /** The application reports success: now the recipient must also run the version. */
  #succeed(): void {
    if (this.#over) return;
    this.close();
    const { installer, clock, image, onEnded } = this.#options;
    this.#timer = askVersion(installer, clock, (version) => {
      const wrong = version !== undefined && version !== image.version;
      onEnded(wrong ? { code: "install-failed", message: `installed, but runs version ${version}` } : undefined);
    });
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#options.onEnded({ code: "install-failed", message: reason });
  }

  #arm(): void {
    const { clock, timeoutMs } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.timer("install", timeoutMs, () => this.#end("installation timed out"));
  }
}

/**
 * Asks for the version that runs somewhere.
 *
 * @param onAnswer once, never from inside this call; `undefined` if there is no answer in time, or none that is a
 * version
 * @returns cancels the question
 */
export function askVersion(
  installer: Installer,
  clock: Clock,
  onAnswer: (version: string | undefined) => void,
): Pick<Timer, "cancel"> {
  let over = false;
  let timer: Timer;
  const answer = (version: unknown): void => {
    if (over) return;
    over = true;
    timer.cancel();
    onAnswer(typeof version === "string" && isVersion(version) ? version : undefined);
  };
  timer = clock.timer("version", 0, () => {
    timer = clock.timer("version", VERSION_TIMEOUT_MS, () => answer(undefined));
    attempt(
      () => installer.version(),
      (_, version) => answer(version),
      () => answer(undefined),
    );
  });
  return {
    cancel() {
      over = true;
      timer.cancel();
    },
  };
}

/** Runs an application's code, which may return a promise, and hands on what comes of it. */
function attempt(
  code: () => unknown,
  onValue: (promised: boolean, value: unknown) => void,
  onError: (error: unknown) => void,
): void {
  try {
    const value = code();
    // An application may bring promises of its own.
    if (isThenable(value)) Promise.resolve(value).then((kept) => onValue(true, kept), onError);
    else onValue(false, value);
  } catch (error) {
    onError(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
}
