import { describeError, OtaError } from "../errors.js";
import type { Failure } from "../update/machine/types.js";
import type { ControlOptions } from "./options.js";
import {
  forgetRollback,
  hasPrevious,
  loadRollback,
  notePrevious,
  type RollbackRecord,
  storeRollback,
} from "./rollback-record.js";

/** The way back to the firmware in the other slot, and what the older firmware does about the one that was left. */
export class Rollback {
  readonly #options: ControlOptions;
  /** Present in the older firmware: what was left, and why. */
  #record: RollbackRecord | undefined;
  /** The report is on its way on this connection. */
  #reporting = false;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Reads what an earlier boot left. @throws HalError */
  start(): void {
    const { device, version } = this.#options;
    const record = loadRollback(device.store);
    if (record?.from === version) forgetRollback(device.store);
    else this.#record = record;
  }

  /** @throws OtaError as `UpdateControl.rollback` does */
  go(reason: string): void {
    const { device, driver, version, restart, rollbackFailure } = this.#options;
    const { state } = driver();
    if (state.name === "confirming") throw new OtaError("usage", "on trial: let selfTest answer false");
    if (state.name !== "idle") throw new OtaError("usage", `an update is under way: ${state.name}`);
    if (state.kept !== undefined || !hasPrevious(device.store)) {
      throw new OtaError("usage", "the other slot does not hold the firmware that ran before this one");
    }
    // A restart during its trial (`aborted`) says nothing about an image.
    if (device.boot.status().targetState === "invalid") {
      throw new OtaError("switch-failed", "the firmware in the other slot has failed its trial");
    }
    const failure = rollbackFailure();
    if (failure !== undefined) throw new OtaError(failure.code, failure.message);
    storeRollback(device.store, { from: version, reason, reported: false });
    try {
      device.boot.setPending();
    } catch (error) {
      forgetRollback(device.store);
      throw new OtaError("switch-failed", `the other slot has no sound image: ${describeError(error)}`);
    }
    device.log("warn", "update", () => `goes back from version ${version}: ${reason}`);
    restart();
  }

  /** The version that was left is wanted again. @throws HalError */
  forget(): void {
    this.#record = undefined;
    forgetRollback(this.#options.device.store);
  }

  /** @returns why a version is not wanted; `undefined`: it is */
  refusal(version: string): Failure | undefined {
    const record = this.#record;
    if (record?.from !== version) return undefined;
    return { code: "offer-refused", message: `rolled back: ${record.reason}` };
  }

  /** The other slot is about to be erased. @throws HalError */
  slotTaken(): void {
    notePrevious(this.#options.device.store, false);
  }

  /** An update of the own firmware has succeeded. @throws HalError */
  updated(): void {
    notePrevious(this.#options.device.store, true);
    if (this.#record !== undefined) this.forget();
  }

  /** A connection began or ended: what was on its way is over. */
  connectionChanged(): void {
    this.#reporting = false;
    this.report();
  }

  /** Before the version is reported: otherwise the platform would offer the version that was left once more. */
  report(): void {
    const { device, reporter, driver, isOnline } = this.#options;
    const record = this.#record;
    if (record === undefined || record.reported || this.#reporting || !isOnline()) return;
    if (driver().state.name === "confirming") return;
    const result = { outcome: "failed", message: `rolled back: ${record.reason}` } as const;
    this.#reporting = reporter.result(record.from, result, () => {
      if (this.#record !== record) return;
      this.#record = { ...record, reported: true };
      try {
        storeRollback(device.store, this.#record);
      } catch (error) {
        // After the next restart it is reported once more.
        device.log("error", "update", () => describeError(error));
      }
    });
  }
}
