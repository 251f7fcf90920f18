import type { Device, Timer, TlsOptions } from "../../hal/ports/index.js";
import { describeError, describeFailure, ruleFor } from "../errors.js";
import type { Offer, Result } from "../protocol/messages.js";
import { clearRecord, loadRecord, storeRecord } from "./checkpoint.js";
import { FlashWork } from "./flash/work.js";
import { transition } from "./machine/transition.js";
import type { Unpacker } from "./unpacker.js";
import { Progress } from "./progress.js";
import { SelfTest } from "./self-test.js";
import type { Reporter } from "./reporter.js";
import type { Gate, Target } from "./target.js";
import { UpdateTimers, type UpdateWaits } from "./timers.js";
import type { ClearedStep, Context, Effect, Event, Failure, Image, State, Step } from "./machine/types.js";

/** Waits and budgets of a job. */
export interface UpdateLimits extends UpdateWaits {
  /** Longest wait for a byte. */
  readonly idleTimeoutMs: number;
  /** Consecutive tries that do not advance before a job fails. */
  readonly maxAttempts: number;
}

export interface DriverOptions {
  readonly device: Device;
  readonly target: Target;
  /** The version that runs on the target; `undefined` if it is not known. */
  readonly runningVersion: string | undefined;
  /** Whether an offer of a lower version than the running one is taken. Default true. */
  readonly allowsDowngrade?: boolean | undefined;
  /** Absent: every update is wanted at once. */
  readonly gate?: Gate | undefined;
  /** A firmware on trial is confirmed once this holds; absent: once it has reached the cloud. */
  readonly selfTest?: (() => boolean | Promise<boolean>) | undefined;
  /** Absent: packages are refused. */
  readonly packages?: Unpacker | undefined;
  readonly reporter: Reporter;
  readonly limits: UpdateLimits;
  /** For https. */
  readonly tls: TlsOptions;
  /** After each step. */
  onStep(state: State, event: Event | undefined): void;
  /** The platform has acknowledged a result. */
  onReported(version: string, result: Result): void;
  /** The last thing before a restart. @returns how long the restart has to wait, in milliseconds */
  onRestart(): number;
}

function clearanceOf(gate: Gate | undefined): Pick<Context, "asks" | "consents"> {
  return { asks: gate !== undefined, consents: gate?.consents === true };
}

/** Runs the machine: its effects in order, every failure turned into an event, one event at a time. */
export class UpdateDriver {
  readonly #options: DriverOptions;
  #context: Context;
  #gate: Gate | undefined;
  readonly #progress = new Progress();
  readonly #queue: Event[] = [];
  readonly #timers: UpdateTimers;
  readonly #work: FlashWork;
  readonly #selfTest: SelfTest | undefined;
  #state: State;
  #first: readonly Effect[] = [];
  #restartTimer: Timer | undefined;
  #busy = false;
  #stopped = false;

  /** Reads what an earlier boot left. @throws HalError if storage cannot be read */
  constructor(options: DriverOptions) {
    const { device, target, runningVersion, gate, selfTest, limits, packages } = options;
    this.#options = options;
    this.#gate = gate;
    this.#context = {
      runningVersion,
      target: target.kind,
      targetSlot: target.label,
      capacity: target.partition.byteLength,
      ...(packages && { unpacks: true }),
      maxAttempts: limits.maxAttempts,
      ...clearanceOf(gate),
      allowsDowngrade: options.allowsDowngrade !== false,
      proves: selfTest !== undefined,
    };
    this.#timers = new UpdateTimers({
      clock: device.clock,
      random: device.random,
      waits: limits,
      onFired: (timer) => this.dispatch({ type: "timer-fired", timer }),
    });
    this.#work = new FlashWork({
      device,
      target,
      tls: options.tls,
      ...(packages && { packages }),
      idleTimeoutMs: limits.idleTimeoutMs,
      progress: this.#progress,
      onEvent: (event) => this.dispatch(event),
    });
    if (selfTest !== undefined) this.#selfTest = new SelfTest({ selfTest, onEnd: (event) => this.dispatch(event) });
    const step = target.restore(loadRecord(device.store, target.recordKey));
    this.#state = step.state;
    this.#first = step.effects;
  }

  /** A sub-device or component runs another version now. */
  set runningVersion(version: string | undefined) {
    this.#context = { ...this.#context, runningVersion: version };
  }

  /** Holds from the next question on. */
  set gate(gate: Gate | undefined) {
    this.#gate = gate;
    this.#context = { ...this.#context, ...clearanceOf(gate) };
  }

  /** Bytes that the target holds. */
  get capacity(): number {
    return this.#context.capacity;
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#perform({ state: this.#state, effects: this.#first }, undefined);
    this.#first = [];
    this.#work.search(this.#state);
    this.#drain();
  }

  /** Stops all that is under way. What is stored stays, for the next start. */
  stop(): void {
    this.#stopped = true;
    this.#work.close();
    this.#gate?.withdraw();
    this.#options.target.stop();
    this.#timers.stopAll();
    // The slots are switched already: only the wait is given up.
    if (this.#restartTimer !== undefined) this.#restartNow();
  }

  /** Handles the event, and all that follows from it, before it returns; from inside a step, after that step. */
  dispatch(event: Event): void {
    if (this.#stopped) return;
    const written = this.#progress.take();
    // The event `region-erased` implies that everything before the region is in flash.
    if (written !== undefined && event.type !== "region-erased") this.#queue.push(written);
    this.#queue.push(event);
    if (!this.#busy) this.#drain();
  }

  #drain(): void {
    while (!this.#stopped) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#perform(transition(this.#state, next, this.#context), next);
    }
  }

  #perform(step: Step, event: Event | undefined): void {
    const from = this.#state.name;
    this.#busy = true;
    this.#state = step.state;
    if (event !== undefined && "failure" in event) this.#logFailure(event.failure);
    if (step.state.name !== from) {
      this.#options.device.log(
        "info",
        "update",
        () => `${from} -> ${step.state.name}${event === undefined ? "" : ` (${event.type})`}`,
      );
    }
    try {
      this.#options.onStep(step.state, event);
      for (const effect of step.effects) this.#run(effect);
    } finally {
      this.#busy = false;
    }
  }

  #run(effect: Effect): void {
    if (this.#stopped) return;
    const { device, reporter, target } = this.#options;
    switch (effect.do) {
      case "store":
        this.#attempt(() =>
          storeRecord(device.store, target.recordKey, { owner: target.owner, checkpoint: effect.checkpoint }),
        );
        return;
      case "log":
        this.#logFailure(effect.failure);
        return;
      case "clear":
        this.#attempt(() => clearRecord(device.store, target.recordKey));
        return;
      case "forget":
        this.#attempt(() => target.forget());
        return;
      case "ask":
        this.#ask(effect.step, effect.offer);
        return;
      case "withdraw":
        this.#gate?.withdraw();
        return;
      case "download":
        this.#work.download(effect.offer, effect.stored);
        return;
      case "stop-download":
        this.#work.stopDownload();
        return;
      case "verify":
        if (this.#state.name === "verifying" && this.#state.stored === undefined) {
          device.log("info", "update", () => `${effect.image.version} is in ${target.label} already`);
        }
        this.#work.verify(effect.image);
        return;
      case "stop-verify":
        this.#work.stopVerify();
        return;
      case "apply":
        this.#apply(effect.image);
        return;
      case "prove":
        this.#selfTest?.ask();
        return;
      case "confirm":
        this.#confirm();
        return;
      case "revert":
        this.#revert();
        return;
      case "restart":
        this.#restart();
        return;
      case "report-version":
        this.#reportVersion();
        return;
      case "report-downloading":
        if (this.#progress.admits(effect.percent, effect.always, device.clock.now())) {
          reporter.downloading(effect.version, effect.percent);
        }
        return;
      case "report-burning":
        reporter.burning(effect.version, () => this.dispatch({ type: "burning-acknowledged" }));
        return;
      case "report-result":
        reporter.result(effect.version, effect.result, () => {
          // A sub-device may have been removed meanwhile.
          if (this.#stopped) return;
          this.dispatch({ type: "result-acknowledged" });
          this.#options.onReported(effect.version, effect.result);
        });
        return;
      case "start-timer":
        this.#timers.start(effect.timer, effect.attempt, effect.atLeastMs);
        return;
      case "stop-timer":
        this.#timers.stop(effect.timer);
        return;
    }
  }

  /** The one place that logs why a try, or a job, failed: once, whatever follows from it. */
  #logFailure(failure: Failure): void {
    this.#options.device.log(ruleFor(failure.code).level, "update", () => describeFailure(failure));
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#queue.push({ type: "store-failed", failure: { code: "store-failed", message: describeError(error) } });
    }
  }

  #reportVersion(): void {
    const { runningVersion } = this.#context;
    if (runningVersion === undefined) return;
    this.#options.reporter.version(runningVersion, () => this.dispatch({ type: "version-acknowledged" }));
  }

  #ask(step: ClearedStep, offer: Offer): void {
    this.#gate?.ask(
      step,
      offer,
      (failure) => this.dispatch(failure === undefined ? { type: "cleared", step } : { type: "declined", failure }),
      // The platform has no state for it: it is the message of the progress that was reported last.
      (seconds) => this.#options.reporter.deferred(offer.version, step === "download" ? 0 : 100, seconds),
    );
  }

  #apply(image: Image): void {
    this.#options.target.apply(image, (failure) =>
      this.dispatch(failure === undefined ? { type: "applied" } : { type: "apply-failed", failure }),
    );
  }

  #confirm(): void {
    try {
      this.#options.device.boot.confirm();
      this.#queue.push({ type: "confirmed" });
    } catch (error) {
      this.#options.device.log("error", "update", () => describeError(error));
      this.#queue.push({ type: "confirm-failed" });
    }
  }

  #revert(): void {
    try {
      this.#options.device.boot.revert();
    } catch (error) {
      this.#options.device.log("error", "update", () => describeError(error));
      this.#queue.push({ type: "revert-failed" });
      return;
    }
    this.#restart();
  }

  #restart(): void {
    const { device, onRestart } = this.#options;
    this.stop();
    // In a turn of its own: the DISCONNECT is not written on top of what ended the work.
    this.#restartTimer = device.clock.timer("restart", 0, () => {
      this.#restartTimer = device.clock.timer("restart", Math.max(0, onRestart()), () => this.#restartNow());
    });
  }

  #restartNow(): void {
    this.#restartTimer?.cancel();
    this.#restartTimer = undefined;
    this.#options.device.boot.restart();
  }
}
