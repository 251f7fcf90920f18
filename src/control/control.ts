import type { Timer } from "../../hal/ports/index.js";
import { describeError } from "../errors.js";
import type { State } from "../update/machine/types.js";
import type { Gate } from "../update/target.js";
import { type EndedJob, isEndOf, loadEndedJob, storeEndedJob } from "./ended-job.js";
import { ControlGate } from "./gate.js";
import { Rate, type TimedProgress } from "./rate.js";
import type { ControlOptions } from "./options.js";
import { Rollback } from "./rollback.js";
import { type CheckEnd, SETTLE_MS, SingleShot } from "./single-shot.js";

const CHECK_SECONDS = 60;

/** What an application itself decides about the updates of its own firmware. */
export class UpdateControl {
  readonly #options: ControlOptions;
  readonly #gate: ControlGate;
  readonly #rate = new Rate();
  #holdsInstallation = false;
  readonly #rollback: Rollback;
  #shot: SingleShot | undefined;
  #checks: ((end: CheckEnd) => void)[] = [];
  readonly #idle: (() => void)[] = [];
  #idleTimer: Timer | undefined;

  constructor(options: ControlOptions) {
    const { device, listeners } = options;
    this.#options = options;
    this.#rollback = new Rollback(options);
    this.#gate = new ControlGate({
      clock: device.clock,
      holdsInstallation: () => this.#holdsInstallation,
      refusal: ({ version }) => this.#rollback.refusal(version),
    });
    listeners.add("state", ({ from, to }) => this.#onState(from, to));
    listeners.add("progress", (progress) => this.#rate.note(progress, device.clock.now()));
    listeners.add("connection", () => {
      this.#rollback.connectionChanged();
      this.#look();
    });
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
      .dispatch({ type: "declined", failure: { code: "offer-refused", message: `cancelled: ${reason}` } });
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
   * @throws OtaError `usage` on trial, during an update, or if the other slot is not known to hold the firmware that
   *   ran before this one; `switch-failed` if its image does not boot, or has failed its trial; `rollback-refused` if
   *   its security version is below the floor of the part `seal`
   * @throws HalError if storage fails
   */
  rollback(reason: string): void {
    this.#rollback.go(reason);
  }

  /** The version that was left by `rollback` is wanted again when it is offered. @throws HalError */
  forgetRollback(): void {
    this.#rollback.forget();
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
    const { device, driver } = this.#options;
    this.#attempt(() => {
      this.#rollback.start();
      const { state } = driver();
      const known = loadEndedJob(device.store);
      if (state.name !== "reporting" || (known !== undefined && isEndOf(known, state))) return;
      this.#noteEnd();
    });
    this.#look();
  }

  /** For the agent: the other slot is about to be erased, for an update or for a sub-device's image. */
  slotTaken(): void {
    this.#attempt(() => this.#rollback.slotTaken());
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
    if (to === "idle" || to === "reporting") {
      this.#gate.release();
      this.#rate.clear();
    }
    if (from === "confirming") this.#rollback.report();
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
      if (result.outcome === "done") this.#rollback.updated();
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
