import type { Device, Timer, TlsOptions } from "../../hal/ports/index.js";
import { describeError } from "../errors.js";
import { ReadBack } from "../image/read-back.js";
import type { ResumeSearch } from "../image/resume-point.js";
import { Verifier } from "../image/verifier.js";
import { fullJitter } from "../lib/jitter.js";
import type { Offer, Result } from "../protocol/messages.js";
import { clearRecord, loadRecord, storeRecord } from "./checkpoint.js";
import { Download } from "./download.js";
import { newKnowledge, searchFor } from "./flash-knowledge.js";
import { transition } from "./machine.js";
import { ProgressLimit } from "./progress.js";
import type { Reporter } from "./reporter.js";
import type { Gate, Target } from "./target.js";
import type { ClearedStep, Context, Effect, Event, Failure, Image, State, Step, Stored, TimerName } from "./types.js";

/** Waits and budgets of a job. */
export interface UpdateLimits {
  /** Longest wait for a byte. */
  readonly idleTimeoutMs: number;
  /** Consecutive tries without a new block before a job fails. */
  readonly maxAttempts: number;
  /** Longest pause between two tries, whatever a server's Retry-After says. */
  readonly backoffMaxMs: number;
  /** How long a firmware on trial may take to reach the cloud. */
  readonly trialMs: number;
  /** How long the application's own test may take after that. */
  readonly selfTestMs: number;
}

export interface DriverOptions {
  readonly device: Device;
  readonly target: Target;
  /** The version that runs where the image is for; `undefined` where it does not say. */
  readonly runningVersion: string | undefined;
  /** Absent: every update is wanted at once. */
  readonly gate?: Gate | undefined;
  /** A firmware on trial is confirmed once this holds; absent: once it has reached the cloud. */
  readonly selfTest?: (() => boolean | Promise<boolean>) | undefined;
  readonly reporter: Reporter;
  readonly limits: UpdateLimits;
  /** For https. */
  readonly tls: TlsOptions;
  /** After each step. */
  onStep(state: State, event: Event | undefined): void;
  /** The platform has acknowledged a result. */
  onReported(version: string, result: Result): void;
  /** The last thing before a restart. */
  onRestart(): void;
}

const BACKOFF_BASE_MS = 1_000;
const FRESH_URL_MS = 5_000;
const ANNOUNCEMENT_MS = 10_000;

/** Runs the machine: its effects in order, every failure turned into an event, one event at a time. */
export class UpdateDriver {
  readonly #options: DriverOptions;
  #context: Context;
  #gate: Gate | undefined;
  readonly #progress = new ProgressLimit();
  readonly #queue: Event[] = [];
  readonly #knowledge = newKnowledge();
  readonly #timers: { [Name in TimerName]?: Timer | undefined } = {};
  #state: State;
  #first: readonly Effect[] = [];
  #busy = false;
  #stopped = false;
  #searchTimer: Timer | undefined;
  #block: Uint8Array | undefined;
  #download: Download | undefined;
  #verifier: Verifier | undefined;
  #proof: object | undefined;

  /** Reads what an earlier boot left. @throws HalError where storage cannot be read */
  constructor(options: DriverOptions) {
    const { device, target, runningVersion, gate, limits } = options;
    this.#options = options;
    this.#gate = gate;
    this.#context = {
      runningVersion,
      target: target.kind,
      targetSlot: target.label,
      capacity: target.partition.byteLength,
      maxAttempts: limits.maxAttempts,
      asks: gate !== undefined,
      proves: options.selfTest !== undefined,
    };
    const step = target.restore(loadRecord(device.store, target.recordKey));
    this.#state = step.state;
    this.#first = step.effects;
  }

  /** A sub-device or component runs another version now. */
  set runningVersion(version: string | undefined) {
    this.#context = { ...this.#context, runningVersion: version };
  }

  /** From the next question on. */
  set gate(gate: Gate | undefined) {
    this.#gate = gate;
    this.#context = { ...this.#context, asks: gate !== undefined };
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
    const search = searchFor(this.#state, this.#options.target.partition);
    if (search !== undefined) this.#startSearch(search);
    this.#drain();
  }

  /** A block a turn, while the connection to the broker is being made. */
  #search(search: ResumeSearch): void {
    if (this.#download !== undefined) return;
    try {
      search.step(this.#buffer());
    } catch {
      // A download will look again, and tell.
      return;
    }
    this.#knowledge.resumeOffset = search.found;
    if (search.found === undefined) this.#startSearch(search);
  }

  #startSearch(search: ResumeSearch): void {
    this.#searchTimer = this.#options.device.clock.timer("resume point", 0, () => this.#search(search));
  }

  /** Stops all that is under way. What is stored stays, for the next start. */
  stop(): void {
    this.#stopped = true;
    this.#searchTimer?.cancel();
    this.#download?.close();
    this.#verifier?.close();
    this.#gate?.withdraw();
    this.#options.target.stop();
    for (const timer of Object.values(this.#timers)) timer?.cancel();
  }

  /** Handles the event, and all that follows from it, before it returns; from inside a step, after that step. */
  dispatch(event: Event): void {
    // What a download has not told yet comes first; of a region that is entered its event says the same.
    if (event.type !== "region-erased") this.#download?.tell();
    if (this.#stopped) return;
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
    if (step.state.name !== from) {
      this.#options.device.log("info", "update", () => `${from} -> ${step.state.name}${event === undefined ? "" : ` (${event.type})`}`);
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
        this.#attempt(() => storeRecord(device.store, target.recordKey, { owner: target.owner, checkpoint: effect.checkpoint }));
        return;
      case "clear":
        this.#attempt(() => clearRecord(device.store, target.recordKey));
        return;
      case "ask":
        this.#ask(effect.step, effect.offer);
        return;
      case "withdraw":
        this.#gate?.withdraw();
        return;
      case "download":
        this.#startDownload(effect.offer, effect.stored);
        return;
      case "stop-download":
        this.#download?.close();
        return;
      case "verify":
        this.#startVerifier(effect.image);
        return;
      case "stop-verify":
        this.#verifier?.close();
        return;
      case "apply":
        this.#apply(effect.image);
        return;
      case "prove":
        this.#prove();
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
          this.dispatch({ type: "result-acknowledged" });
          this.#options.onReported(effect.version, effect.result);
        });
        return;
      case "start-timer":
        this.#startTimer(effect.timer, effect.attempt, effect.atLeastMs);
        return;
      case "stop-timer":
        this.#timers[effect.timer]?.cancel();
        return;
    }
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#options.device.log("error", "update", () => describeError(error));
      this.#queue.push({ type: "store-failed", failure: failureOf("store-failed", error) });
    }
  }

  #reportVersion(): void {
    const { runningVersion } = this.#context;
    if (runningVersion === undefined) return;
    this.#options.reporter.version(runningVersion, () => this.dispatch({ type: "version-acknowledged" }));
  }

  #ask(step: ClearedStep, offer: Offer): void {
    this.#gate?.ask(step, offer, (failure) =>
      this.dispatch(failure === undefined ? { type: "cleared", step } : { type: "declined", failure }),
    );
  }

  #apply(image: Image): void {
    this.#options.target.apply(image, (failure) =>
      this.dispatch(failure === undefined ? { type: "applied" } : { type: "apply-failed", failure }),
    );
  }

  #startDownload(offer: Offer, stored: Stored): void {
    const { device, target, tls, limits } = this.#options;
    this.#download?.close();
    this.#verifier?.close();
    this.#download = new Download({
      device,
      target,
      block: this.#buffer(),
      knowledge: this.#knowledge,
      readBack: new ReadBack({ partition: target.partition, digests: device.digests }),
      offer,
      stored,
      tls,
      idleTimeoutMs: limits.idleTimeoutMs,
      onEvent: (event) => this.dispatch(event),
    });
  }

  #startVerifier(image: Image): void {
    const { device, target } = this.#options;
    const readBack = this.#download?.readBack ?? new ReadBack({ partition: target.partition, digests: device.digests });
    this.#download?.close();
    this.#download = undefined;
    this.#verifier?.close();
    this.#verifier = new Verifier({
      readBack,
      clock: device.clock,
      size: image.size,
      md5: image.md5,
      block: this.#buffer(),
      onVerified: (matches) => this.dispatch({ type: "verified", matches }),
      onFailed: (error) => this.dispatch({ type: "verify-failed", failure: failureOf("flash-failed", error) }),
    });
  }

  /** One block, shared by download and verifier: never both at work. */
  #buffer(): Uint8Array {
    return (this.#block ??= new Uint8Array(this.#options.target.partition.blockLength));
  }

  /** The answer to an earlier question, asked before a new connection, counts for nothing. */
  #prove(): void {
    const run = {};
    this.#proof = run;
    const end = (event: Event): void => {
      if (this.#proof !== run) return;
      this.#proof = undefined;
      this.dispatch(event);
    };
    const fail = (message: string): void => end({ type: "unproven", failure: { code: "reverted", message } });
    const settle = (holds: boolean): void => (holds === true ? end({ type: "proven" }) : fail("self test failed"));
    const thrown = (error: unknown): void => fail(`self test: ${describeError(error)}`);
    try {
      Promise.resolve(this.#options.selfTest?.() ?? false).then(settle, thrown);
    } catch (error) {
      thrown(error);
    }
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
    this.stop();
    this.#options.onRestart();
    this.#options.device.boot.restart();
  }

  #startTimer(timer: TimerName, attempt: number, atLeastMs: number): void {
    const { clock } = this.#options.device;
    this.#timers[timer]?.cancel();
    this.#timers[timer] = clock.timer(timer, this.#delayMs(timer, attempt, atLeastMs), () =>
      this.dispatch({ type: "timer-fired", timer }),
    );
  }

  #delayMs(timer: TimerName, attempt: number, atLeastMs: number): number {
    const { device, limits } = this.#options;
    switch (timer) {
      case "pause": {
        const { random } = device;
        const jitterMs = fullJitter(attempt, { baseMs: BACKOFF_BASE_MS, maxMs: limits.backoffMaxMs, random });
        return Math.max(jitterMs, Math.min(atLeastMs, limits.backoffMaxMs));
      }
      case "fresh-url":
        return FRESH_URL_MS;
      case "announcement":
        return ANNOUNCEMENT_MS;
      case "trial":
        return limits.trialMs;
      case "self-test":
        return limits.selfTestMs;
    }
  }
}

function failureOf(code: Failure["code"], error: unknown): Failure {
  return { code, message: describeError(error) };
}
