import {
  HalError,
  type BootControl,
  type BootStatus,
  type FlashPartition,
  type HalErrorKind,
  type ImageState,
  type ReadOnlyPartition,
} from "../ports/index.js";
import { Ecma419Flash } from "./flash.js";
import type { FlashModule, PlatformModule } from "./modules.js";

/** `BootControl` over the board's platform module. */
export class PlatformBoot implements BootControl {
  readonly #boot: PlatformModule["boot"];
  readonly #flash: FlashModule;
  readonly #regionLength: number | undefined;

  constructor(options: { platform: PlatformModule; flash: FlashModule; regionLength?: number | undefined }) {
    this.#regionLength = options.regionLength;
    this.#boot = options.platform.boot;
    this.#flash = options.flash;
  }

  status(): BootStatus {
    return attempt("boot status", () => {
      const runningSlot = this.#boot.runningSlot();
      const targetSlot = this.#boot.targetSlot();
      return {
        runningSlot,
        runningState: this.#boot.imageState(runningSlot) ?? "undefined",
        runningVersion: this.#boot.imageVersion(runningSlot) ?? "",
        runningSecureVersion: this.#boot.secureVersion(runningSlot) ?? 0,
        targetSlot,
        targetState: this.#boot.imageState(targetSlot) ?? "none",
        chipId: this.#boot.chipId(),
      };
    });
  }

  openTarget(): FlashPartition {
    return new Ecma419Flash({ flash: this.#flash, path: "nextota", mode: "r+", regionLength: this.#regionLength });
  }

  openRunning(): ReadOnlyPartition {
    return new Ecma419Flash({ flash: this.#flash, path: "running", mode: "r" });
  }

  forgetTarget(): void {
    attempt("forget the target slot", () => this.#boot.forgetTarget());
  }

  setPending(): void {
    attempt("set pending", () => {
      this.#boot.setPending();
      try {
        this.#expect(this.#boot.targetSlot(), "new");
      } catch (error) {
        // An image whose `setPending` was reported as failed must not boot later. If only the state of its record is
        // wrong, the boot loader would still boot it, and without a trial.
        this.#boot.forgetTarget();
        throw error;
      }
    });
  }

  confirm(): void {
    attempt("confirm", () => {
      const slot = this.#boot.runningSlot();
      const state = this.#boot.imageState(slot);
      if (state !== "pending-verify" && state !== "new") return;
      this.#boot.confirm();
      this.#expect(slot, "valid");
    });
  }

  revert(): void {
    attempt("revert", () => this.#boot.revert());
  }

  restart(): void {
    this.#boot.restart();
  }

  /** A write to flash can fail without an error, so the state is read back. */
  #expect(slot: string, state: ImageState): void {
    if (this.#boot.imageState(slot) !== state) throw new Error(`${slot} is not ${state} after it`);
  }
}

function attempt<Result>(what: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw HalError.wrap(kindOf(error), what, error);
  }
}

function kindOf(error: unknown): HalErrorKind {
  switch (error instanceof Error ? error.message : undefined) {
    case "ESP_ERR_OTA_VALIDATE_FAILED":
      return "invalid-image";
    case "ESP_ERR_OTA_ROLLBACK_FAILED":
    case "ESP_ERR_OTA_ROLLBACK_INVALID_STATE":
      return "unsupported";
    default:
      return "io";
  }
}
