import type { FlashMedium } from "../../hal/boards/sim/nor-flash.js";
import type { ChipOperation } from "../../test/fault/sim-chip.js";
import { eraseMs, type FlashTimes, programMs, readMs } from "../model/profiles.js";
import type { Rig } from "./rig.js";

/** The operating system wakes a thread late; this many milliseconds before its time it polls the clock instead. */
const POLLED_MS = 0.3;

/**
 * Lets each operation of the flash take its time: the rig stands still, and this thread sleeps. It is the chip's medium
 * too, because a change reaches the medium after the simulated flash has checked each bit, and that time must not be
 * added.
 */
export class SleepingFlash implements FlashMedium {
  readonly #rig: Rig;
  readonly #times: FlashTimes;
  readonly #clock = new Int32Array(new SharedArrayBuffer(4));
  #running = false;
  #endNs = 0n;

  constructor(rig: Rig, times: FlashTimes) {
    this.#rig = rig;
    this.#times = times;
  }

  /** Operations before this are the boot loader's, which are not measured. */
  start(): void {
    this.#running = true;
  }

  begin(operation: ChipOperation): void {
    if (!this.#running) return;
    this.#endNs = process.hrtime.bigint() + BigInt(Math.round(this.#ms(operation) * 1e6));
    this.#rig.standStill(this.#endNs);
    if (operation.kind === "read") this.#sleep();
  }

  /** A change was checked and is done. */
  write(): void {
    if (this.#running) this.#sleep();
  }

  close(): void {}

  #ms({ kind, erases, address, byteLength }: ChipOperation): number {
    if (kind === "read") return readMs(this.#times, byteLength);
    return erases ? eraseMs(this.#times, address, byteLength) : programMs(this.#times, address, byteLength);
  }

  #sleep(): void {
    const leftMs = Number(this.#endNs - process.hrtime.bigint()) / 1e6;
    if (leftMs > POLLED_MS) Atomics.wait(this.#clock, 0, 0, leftMs - POLLED_MS);
    while (process.hrtime.bigint() < this.#endNs);
  }
}
