import type { FlashPartition, ReadOnlyPartition } from "./flash.js";

/**
 * What the boot loader knows of an image (Espressif's `esp_ota_img_states_t`).
 *
 * - `new`: made pending, not yet booted. If such an image runs, the boot loader has no trials, or could not write.
 * - `pending-verify`: booted once, on trial; reverts at the next boot unless confirmed.
 * - `valid`: confirmed.
 * - `invalid`: it declared itself unfit. `aborted`: it was restarted before it confirmed itself. Neither boots again.
 * - `undefined`: it boots without limits; it was never confirmed and never declared unfit.
 */
export type ImageState = "new" | "pending-verify" | "valid" | "invalid" | "aborted" | "undefined";

export interface BootStatus {
  /** Label of the slot that runs, e.g. `ota_0`. */
  readonly runningSlot: string;
  readonly runningState: ImageState;
  /** Version in the application descriptor of the running image. */
  readonly runningVersion: string;
  /** `secure_version` in the same descriptor; 0 if the image has none. */
  readonly runningSecureVersion: number;
  /** Label of the slot that the next update goes to. */
  readonly targetSlot: string;
  /** What the boot loader remembers of the target slot; `none` if it has no record of it. */
  readonly targetState: ImageState | "none";
  /** Espressif's chip id: an image's header must carry the same (0 is the ESP32). */
  readonly chipId: number;
}

/**
 * Which image boots, and whether the running one stays. Two slots: one runs, the other is the target of updates.
 *
 * All calls are synchronous and throw a `HalError`. After a power cut inside `setPending`, `confirm`, `revert` or
 * `forgetTarget`, the boot loader's record is the old one, the new one or none; whichever it is, an image that was
 * wholly verified boots.
 */
export interface BootControl {
  /** What is true now; read anew at each call. @throws HalError `io` */
  status(): BootStatus;

  /** Opens the target slot for writing. @throws HalError `io` */
  openTarget(): FlashPartition;

  /** Opens the running slot for reading. Nothing writes to it. @throws HalError `io` */
  openRunning(): ReadOnlyPartition;

  /**
   * Drops the boot loader's record of the target slot, so that a later `targetState` other than `none` belongs to this
   * update and not to an earlier one. Does nothing if there is no record.
   *
   * @throws HalError `io`
   */
  forgetTarget(): void;

  /**
   * Verifies the whole image in the target slot, then selects it for the next boot, on trial. Refused while the running
   * image is itself on trial.
   *
   * @throws HalError `invalid-image` (nothing was changed), `unsupported`, `io`; `io` also if the boot loader's record
   * differs when it is read back
   */
  setPending(): void;

  /**
   * Ends the trial of the running image: it stays. Does nothing if the image is not on trial.
   *
   * @throws HalError `io`, also if the boot loader's record differs when it is read back
   */
  confirm(): void;

  /**
   * Declares the running image unfit; the other slot boots at the next restart.
   *
   * @throws HalError `unsupported` if no other image can boot (nothing was changed), `io`
   */
  revert(): void;

  /** Restarts the board. Nothing of the agent runs after this call. */
  restart(): void;
}
