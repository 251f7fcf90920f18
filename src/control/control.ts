import type { Device, Timer } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import type { MqttSession } from "../mqtt/session.js";
import type { Result } from "../protocol/messages.js";
import type { UpdateDriver } from "../update/driver.js";
import type { DownloadProgress } from "../update/machine/progress-of.js";
import type { Failure, State } from "../update/machine/types.js";
import type { Reporter } from "../update/reporter.js";
import type { Gate } from "../update/target.js";
import { type EndedJob, isEndOf, loadEndedJob, storeEndedJob } from "./ended-job.js";
import { ControlGate } from "./gate.js";
import { Rate, type TimedProgress } from "./rate.js";
import { forgetRollback, isSlotTaken, loadRollback, noteSlotTaken, type Rollback, storeRollback } from "./rollback.js";
import { type CheckEnd, SETTLE_MS, SingleShot } from "./single-shot.js";

/** The agent's events that this part follows. */
export interface FollowedEvents {
  readonly state: { readonly from: State["name"]; readonly to: State["name"] };
  readonly progress: DownloadProgress;
  readonly connection: { readonly online: boolean };
  readonly answer: object;
  readonly result: { readonly version: string; readonly result: Result };
}

/** What the agent hands to the part. */
export interface ControlOptions {
  readonly device: Device;
  readonly session: MqttSession;
  readonly reporter: Reporter;
  readonly listeners: {
    add<Name extends keyof FollowedEvents>(name: Name, listener: (event: FollowedEvents[Name]) => void): void;
  };
  /** The version that is reported. */
  readonly version: string;
  driver(): UpdateDriver;
  isOnline(): boolean;
  /** Stops the agent and restarts the board. */
  restart(): void;
}

const CHECK_SECONDS = 60;

/** What an application itself decides about the updates of its own firmware. */
export class UpdateControl {
  readonly #options: ControlOptions;
  readonly #gate: ControlGate;
  readonly #rate = new Rate();
  #holdsInstallation = false;
  #rollback: Rollback | undefined;
  /** The report about the rollback is on its way on this connection. */
  #reporting = false;
  #shot: SingleShot | undefined;
  #checks: ((end: CheckEnd) => void)[] = [];
  readonly #idle: (() => void)[] = [];
  #idleTimer: Timer | undefined;

  constructor(options: ControlOptions) {
    const { device, listeners } = options;
    this.#options = options;
    this.#gate = new ControlGate({
      clock: device.clock,
      holdsInstallation: () => this.#holdsInstallation,
      refusal: ({ version }) => this.#refusal(version),
    });
    listeners.add("state", ({ from, to }) => this.#onState(from, to));
    listeners.add("progress", (progress) => this.#rate.note(progress, device.clock.now()));
    listeners.add("connection", () => this.#onConnection());
    listeners.add("answer", () => {
      this.#shot?.answered();
      this.#look();
    });
    listeners.add("result", ({ version, result }) => {
      this.#shot?.ended({ version, result, endedAt: device.clock.unixTime() });
      this.#look();
    });
  }

  /** Ends the update that is under way: it is reported as -5. @returns false if none can still be ended */
  cancel(reason: string): boolean {
    const { state } = this.#options.driver();
    if (!("offer" in state)) return false;
    this.#gate.withdraw();
    this.#options
      .driver()
      .dispatch({ type: "declined", failure: { code: "declined", message: `cancelled: ${reason}` } });
    return true;
  }

  /**
   * The download rests until `resume`, or until the board restarts. What is stored stays.
   *
   * @returns false if nothing is being downloaded
   */
  pause(): boolean {
    const driver = this.#options.driver();
    const { name } = driver.state;
    if (name !== "downloading" && name !== "waiting") return false;
    this.#rate.pause();
    driver.dispatch({ type: "paused" });
    this.#look();
    return true;
  }

  /** @returns false if no download was resting */
  resume(): boolean {
    const driver = this.#options.driver();
    const { state } = driver;
    if (state.name !== "waiting" || state.for !== "resumption") return false;
    driver.dispatch({ type: "resumed" });
    return true;
  }

  /** From now on an image that is whole and verified waits for `install`: the state is `ready` then. */
  holdInstallation(): void {
    this.#holdsInstallation = true;
  }

  /** Installs the image that waits for it. @returns false if none does */
  install(): boolean {
    return this.#gate.install();
  }

  /** How far the download is that is under way, and how long it will take; `undefined` if there is none. */
  get progress(): TimedProgress | undefined {
    return this.#rate.progress;
  }

  /**
   * How the last job ended, through restarts; `undefined` if none has ended yet, or if storage cannot be read. Its
   * result may still be on its way to the platform.
   */
  get lastResult(): EndedJob | undefined {
    return this.#attempt(() => loadEndedJob(this.#options.device.store));
  }

  /**
   * Goes back to the firmware in the other slot: selects it, on trial, and restarts. It reports the version that ran
   * before as failed, with the reason, and declines it if it is offered again, until `forgetRollback` or another
   * update. For that the other firmware needs this part too.
   *
   * @throws OtaError `usage` on trial, during an update, or if the other slot holds a part of one; `switch-failed` if
   *   the other slot has no image that boots, or has one that has failed its trial
   */
  rollback(reason: string): void {
    const { device, driver, version, restart } = this.#options;
    const { state } = driver();
    if (state.name === "confirming") throw new OtaError("usage", "on trial: let selfTest answer false");
    if (state.name !== "idle") throw new OtaError("usage", `an update is under way: ${state.name}`);
    if (state.kept !== undefined || isSlotTaken(device.store)) {
      throw new OtaError("usage", "an update has overwritten the other slot");
    }
    const { targetState } = device.boot.status();
    // A restart during its trial (`aborted`) says nothing about an image.
    if (targetState === "invalid") {
      throw new OtaError("switch-failed", "the firmware in the other slot has failed its trial");
    }
    storeRollback(device.store, { from: version, reason, reported: false });
    try {
      device.boot.setPending();
    } catch (error) {
      this.#attempt(() => forgetRollback(device.store));
      throw new OtaError("switch-failed", `the other slot has no sound image: ${describeError(error)}`);
    }
    device.log("warn", "update", () => `goes back from version ${version}: ${reason}`);
    restart();
  }

  /** The version that was left by `rollback` is wanted again when it is offered. @throws HalError */
  forgetRollback(): void {
    this.#rollback = undefined;
    forgetRollback(this.#options.device.store);
  }

  /**
   * The board has another network: if the agent waits before it connects to the broker again, it does so now. A
   * connection that works is left alone, and so is the pause of a download: it may be the server's wish (Retry-After).
   */
  networkChanged(): void {
    this.#options.session.retry();
  }

  /**
   * Resolves once no work is under way that a deep sleep would disturb: at once if there is none. An offer may still be
   * on its way: `checkOnce` waits for that.
   */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#look();
    });
  }

  /**
   * For devices that sleep: resolves once the platform has been asked and nothing more is to be done. Start the agent
   * before, and stop it after. A new firmware restarts the board; its own check then ends with the result.
   *
   * `timeoutSeconds`: longest wait for the platform. Default 60.
   */
  checkOnce({ timeoutSeconds = CHECK_SECONDS }: { timeoutSeconds?: number } = {}): Promise<CheckEnd> {
    return new Promise((resolve) => {
      const { device, driver, isOnline } = this.#options;
      this.#checks.push(resolve);
      this.#shot?.stop();
      this.#shot = new SingleShot({
        clock: device.clock,
        timeoutMs: timeoutSeconds * 1000,
        onEnd: (end) => this.#endChecks(end),
      });
      // The platform may have been asked, and have answered, before this call: it is asked again.
      if (isOnline() && driver().state.name === "idle") driver().dispatch({ type: "online" });
      this.#look();
    });
  }

  /** For the agent. */
  gate(inner: Gate | undefined): Gate {
    this.#gate.inner = inner;
    return this.#gate;
  }

  /** For the agent: before the update of an earlier boot is taken up. */
  start(): void {
    const { device, driver, version } = this.#options;
    this.#attempt(() => {
      const rollback = loadRollback(device.store);
      if (rollback?.from === version) forgetRollback(device.store);
      else this.#rollback = rollback;
      const { state } = driver();
      const known = loadEndedJob(device.store);
      if (state.name !== "reporting" || (known !== undefined && isEndOf(known, state))) return;
      this.#noteEnd();
    });
    this.#look();
  }

  /** For the agent: the other slot is about to be erased, for an update or for a sub-device's image. */
  slotTaken(): void {
    this.#attempt(() => noteSlotTaken(this.#options.device.store, true));
  }

  /** For the agent. */
  stop(): void {
    this.#shot?.stop();
    this.#gate.withdraw();
    this.#endChecks({ end: "stopped" });
    this.#endIdle();
  }

  #endChecks(end: CheckEnd): void {
    this.#shot = undefined;
    for (const resolve of this.#checks.splice(0)) resolve(end);
  }

  #endIdle(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #onState(from: State["name"], to: State["name"]): void {
    if (to === "downloading") this.slotTaken();
    if (to === "reporting") this.#noteEnd();
    if (to === "idle" || to === "reporting") this.#gate.release();
    if (to === "idle" || to === "reporting") this.#rate.clear();
    if (from === "confirming") this.#reportRollback();
    this.#look();
  }

  #onConnection(): void {
    this.#reporting = false;
    this.#reportRollback();
    this.#look();
  }

  /** A job has ended: its result is stored before it is sent. */
  #noteEnd(): void {
    const { device, driver } = this.#options;
    const { state } = driver();
    if (state.name !== "reporting") return;
    const { image, result } = state;
    this.#attempt(() => {
      storeEndedJob(device.store, { version: image.version, result, endedAt: device.clock.unixTime() });
      if (result.outcome !== "done") return;
      noteSlotTaken(device.store, false);
      if (this.#rollback !== undefined) this.forgetRollback();
    });
  }

  #refusal(version: string): Failure | undefined {
    const rollback = this.#rollback;
    if (rollback?.from !== version) return undefined;
    return { code: "declined", message: `rolled back: ${rollback.reason}` };
  }

  /** Before the version is reported: otherwise the platform would offer the version that was left once more. */
  #reportRollback(): void {
    const { device, reporter, driver, isOnline } = this.#options;
    const rollback = this.#rollback;
    if (rollback === undefined || rollback.reported || this.#reporting || !isOnline()) return;
    if (driver().state.name === "confirming") return;
    const result = { outcome: "failed", message: `rolled back: ${rollback.reason}` } as const;
    this.#reporting = reporter.result(rollback.from, result, () => {
      if (this.#rollback !== rollback) return;
      this.#rollback = { ...rollback, reported: true };
      this.#attempt(() => storeRollback(device.store, { ...rollback, reported: true }));
    });
  }

  #look(): void {
    const { device, driver, isOnline } = this.#options;
    const { state } = driver();
    // A download that rests waits for the application, as an image does that waits for `install`.
    const name = state.name === "waiting" && state.for === "resumption" ? "ready" : state.name;
    // Without a connection, a wait for a fresh URL has no end, as that for the acknowledgement of a report.
    const waitsForUrl = state.name === "waiting" && state.for === "fresh-url";
    this.#shot?.look(waitsForUrl ? "reporting" : name, isOnline());
    if (name === "idle") {
      this.#endIdle();
    } else if (name !== "offered" && name !== "ready") {
      this.#idleTimer?.cancel();
      this.#idleTimer = undefined;
    } else if (this.#idle.length > 0) {
      // Without a reason to wait, the update goes on from there in the next turn.
      this.#idleTimer ??= device.clock.timer("idle", SETTLE_MS, () => this.#endIdle());
    }
  }

  /** What this part stores is a help, and no update fails for want of it. */
  #attempt<Value>(access: () => Value): Value | undefined {
    try {
      return access();
    } catch (error) {
      this.#options.device.log("error", "update", () => describeError(error));
      return undefined;
    }
  }
}
