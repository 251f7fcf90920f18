import type { BootStatus, Device } from "../../hal/ports/index.js";
import { refusalIn } from "../errors.js";
import type { Offer, Result } from "../protocol/messages.js";
import type { Guard } from "../update/guard.js";
import { UpdateDriver } from "../update/driver.js";
import { progressOf } from "../update/machine/progress-of.js";
import type { Event, State } from "../update/machine/types.js";
import { versionOf } from "../update/machine/version-of.js";
import type { Unpacker } from "../update/unpacker.js";
import type { Reporter } from "../update/reporter.js";
import { SlotTarget } from "../update/slot-target.js";
import type { Gate } from "../update/target.js";
import type { ResolvedConfig } from "./config.js";
import type { Listeners } from "./events.js";

/** What the rest of the agent has to do with the update. */
export interface FirmwareSurroundings {
  /** Asked before a download and an installation; `undefined`: every update is wanted at once. */
  firmwareGate(): Gate | undefined;
  /** The slot is about to be erased. */
  slotPrepared(): void;
  /** @param from name of the state before */
  firmwareStepped(from: State["name"], state: State, event: Event | undefined): void;
  /** The last thing before a restart. @returns how long the restart has to wait, in milliseconds */
  beforeRestart(): number;
}

export interface OwnFirmwareOptions {
  readonly device: Device;
  readonly config: ResolvedConfig;
  readonly boot: BootStatus;
  /** The version that is reported. */
  readonly version: string;
  readonly reporter: Reporter;
  readonly listeners: Listeners;
  /** Absent: every image that boots is taken. */
  readonly guard: Guard | undefined;
  /** Absent: packages are refused. */
  readonly packages: Unpacker | undefined;
  readonly surroundings: FirmwareSurroundings;
}

/** The update of the firmware that runs the agent: its driver, and what an application is told about it. */
export class OwnFirmware {
  readonly #options: OwnFirmwareOptions;
  #driver: UpdateDriver;
  #stateName: State["name"];

  /** @throws HalError if the board's storage cannot be read */
  constructor(options: OwnFirmwareOptions) {
    this.#options = options;
    this.#driver = this.#createDriver(options.boot);
    this.#stateName = this.#driver.state.name;
  }

  /** It is another one after `leaveSlot`. */
  get driver(): UpdateDriver {
    return this.#driver;
  }

  /** The state that the application was told last. */
  get stateName(): State["name"] {
    return this.#stateName;
  }

  get onTrial(): boolean {
    return this.#stateName === "confirming";
  }

  /** The offer that waits for its download or installation to be cleared. */
  get waitingOffer(): Offer | undefined {
    const { state } = this.#driver;
    return state.name === "offered" || state.name === "ready" ? state.offer : undefined;
  }

  /** Takes up what an earlier boot left. */
  start(): void {
    this.renewGate();
    this.#driver.start();
  }

  /** The gate may be another one now. */
  renewGate(): void {
    this.#driver.gate = this.#options.surroundings.firmwareGate();
  }

  /** Reports the version, or goes on with what waits for a connection. */
  online(): void {
    this.#driver.dispatch({ type: "online" });
  }

  /** Reports the version; does nothing in a state in which `online` means more than that. */
  reportVersion(): void {
    const { name } = this.#driver.state;
    if (name !== "applying" && name !== "confirming" && name !== "reporting") this.online();
  }

  offered(offer: Offer): void {
    this.#options.device.log("info", "update", () => `offered version ${offer.version}, ${offer.size} bytes`);
    this.#driver.dispatch({ type: "offer-received", offer });
  }

  /**
   * Whether an offer of that version needs no report if it cannot be used: a job of the version, and what runs already,
   * report their own end. A firmware on trial takes no offer.
   */
  answersFor(version: string): boolean {
    const { state } = this.#driver;
    if (state.name === "confirming" || version === this.#options.version) return true;
    return state.name !== "idle" && version === versionOf(state);
  }

  /** Others take the slot: the kept part of a download is about to be erased, and forgotten. A waiting offer stays. */
  leaveSlot(): void {
    const { state } = this.#driver;
    this.#driver.stop();
    this.#driver = this.#createDriver(this.#options.device.boot.status());
    this.start();
    if (state.name === "offered") this.#driver.dispatch({ type: "offer-received", offer: state.offer });
  }

  #createDriver(boot: BootStatus): UpdateDriver {
    const { device, config, version, reporter, surroundings, guard, packages } = this.#options;
    const target = new SlotTarget({
      boot: device.boot,
      status: boot,
      checksVersion: version === boot.runningVersion,
      log: device.log,
      onPrepare: () => surroundings.slotPrepared(),
    });
    return new UpdateDriver({
      device,
      target: guard?.target(target) ?? target,
      allowsDowngrade: config.allowDowngrade,
      runningVersion: version,
      selfTest: config.selfTest,
      packages,
      reporter,
      limits: config.limits,
      tls: config.downloadTls,
      onStep: (state, event) => this.#onStep(state, event),
      onReported: (installed, result) => this.#onReported(installed, result),
      onRestart: () => surroundings.beforeRestart(),
    });
  }

  #onStep(state: State, event: Event | undefined): void {
    const { listeners, surroundings } = this.#options;
    const from = this.#stateName;
    this.#stateName = state.name;
    surroundings.firmwareStepped(from, state, event);
    // An offer that waited for the end of the one before may end at once.
    const isNew = from !== "reporting" || event?.type === "result-acknowledged";
    if (isNew && state.name === "reporting") this.#tellRefused(state);
    const progress = progressOf(state, event);
    if (progress !== undefined) listeners.tell("progress", progress);
  }

  /** The code is the first word of what is reported. */
  #tellRefused({ image: { version }, result }: Extract<State, { name: "reporting" }>): void {
    const text = result.outcome === "done" ? "" : result.message;
    const code = refusalIn(text);
    if (code !== undefined)
      this.#options.listeners.tell("refused", { version, code, message: text.slice(code.length + 2) });
  }

  #onReported(version: string, result: Result): void {
    this.#options.listeners.tell("result", { version, result });
    if (result.outcome === "done") this.#checkInstalled(version);
  }

  /** The platform offers a version again and again to a firmware that was made from it and reports another. */
  #checkInstalled(installed: string): void {
    const { version: reported, device, listeners } = this.#options;
    if (installed === reported) return;
    device.log(
      "warn",
      "update",
      () => `version ${installed} is installed and reports ${reported}: raise \`config.version\`, or leave it out`,
    );
    listeners.tell("version-mismatch", { installed, reported });
  }
}
