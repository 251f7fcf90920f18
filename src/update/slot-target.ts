import type { BootControl, BootStatus, FlashPartition, Log } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import { checkImageHeader } from "../image/header.js";
import { type JobRecord, OWN_KEY } from "./checkpoint.js";
import { restore } from "./machine/restore.js";
import type { Target } from "./target.js";
import type { Failure, Image, Step } from "./machine/types.js";

/** The own firmware: the slot that does not run, made pending. */
export class SlotTarget implements Target {
  readonly kind = "slot";
  readonly label: string;
  readonly recordKey = OWN_KEY;
  readonly owner = "";
  readonly partition: FlashPartition;
  readonly #boot: BootControl;
  readonly #status: BootStatus;
  readonly #checksVersion: boolean;
  readonly #log: Log;
  readonly #onPrepare: () => void;

  /**
   * @param options.checksVersion true if the reported version is the one in the running image: then an image whose own
   *   version is not the offered one is refused, because it would never report the offered one
   * @param options.onPrepare called before the slot is erased
   * @throws HalError if the slot cannot be opened
   */
  constructor(options: {
    boot: BootControl;
    status: BootStatus;
    checksVersion: boolean;
    log: Log;
    onPrepare?: () => void;
  }) {
    this.label = options.status.targetSlot;
    this.partition = options.boot.openTarget();
    this.#boot = options.boot;
    this.#status = options.status;
    this.#checksVersion = options.checksVersion;
    this.#log = options.log;
    this.#onPrepare = options.onPrepare ?? (() => {});
  }

  restore(record: JobRecord | undefined): Step {
    return restore(record?.checkpoint, this.#status);
  }

  prepare(): void {
    this.#onPrepare();
    this.forget();
  }

  forget(): void {
    this.#boot.forgetTarget();
  }

  checkFirstBlock(block: Uint8Array, offer: Image): void {
    const version = checkImageHeader(block, offer.size, this.#status.chipId);
    if (version === offer.version) return;
    const message = `image says it is version ${version}`;
    if (this.#checksVersion) throw new OtaError("image-invalid", message);
    this.#log("warn", "update", () => `${message}, the offer says ${offer.version}`);
  }

  apply(_: Image, onEnded: (failure: Failure | undefined) => void): void {
    try {
      this.#boot.setPending();
    } catch (error) {
      onEnded({ code: "switch-failed", message: describeError(error) });
      return;
    }
    onEnded(undefined);
  }

  stop(): void {}
}
