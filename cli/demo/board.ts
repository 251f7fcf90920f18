import { createFirmware } from "../../hal/boards/sim/main.js";
import { SimulatedBoard } from "../../hal/boards/sim/board.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import type { Partition } from "../../hal/boards/sim/partition-table.js";
import { slotVersion } from "../../hal/boards/sim/platform.js";
import type { Power } from "../../hal/boards/sim/power.js";
import { openFlash } from "../../hal/boards/sim/state-dir.js";
import type { Log } from "../../hal/ports/index.js";
import type { OtaAgent, PolicyConfig } from "../../src/index.js";
import { selfTest } from "./firmware.js";
import { MOST_DEFERRALS, Person } from "./person.js";
import { DEMO_PRODUCT, type RosterEntry } from "./roster.js";

export interface DemoBoardOptions {
  readonly entry: RosterEntry;
  /** Folder of its flash. */
  readonly folder: string;
  readonly mqttUrl: string;
  /** In base64. */
  readonly deviceSecret: string;
  readonly log: Log;
  /** What the board measures of its battery. */
  batteryPercent(): number;
  /** The board has got an offer. */
  onOffer(): void;
  /** The battery is too low, and the update was declined. */
  onDeclined(): void;
  onOnline(): void;
  /** The board is of no use any more. */
  onDead(error: Error): void;
}

const POLICY: PolicyConfig = {
  consent: "silent",
  minBatteryPercent: 30,
  maxDeferrals: MOST_DEFERRALS,
  // An image that a board has reverted is tried again at the next offer, so that each try reports the true reason.
  coolDownSeconds: 5,
  recheckSeconds: 1,
};

/** A simulated board of the demo, and the person at it. */
export class DemoBoard {
  readonly name: string;
  readonly #options: DemoBoardOptions;
  readonly #flash: NorFlash;
  readonly #board: SimulatedBoard;
  #agent: OtaAgent | undefined;
  #version: string | undefined;

  /** @throws StateError if its flash cannot be read */
  constructor(options: DemoBoardOptions) {
    this.name = options.entry.name;
    this.#options = options;
    this.#flash = openFlash(options.folder, "r+");
    this.#board = new SimulatedBoard({
      flash: this.#flash,
      surroundings: { batteryPercent: () => options.batteryPercent() },
      firmware: (modules, power) => this.#firmware(power)(modules, power),
      onBoot: (slot: Partition) => {
        this.#version = slotVersion(this.#flash, slot);
      },
      onDead: (error) => options.onDead(error),
    });
  }

  get isOn(): boolean {
    return this.#board.running;
  }

  powerOn(): void {
    this.#board.powerOn();
  }

  /** Cuts the power, even if something is under way. */
  cutPower(): void {
    this.#board.cutPower();
  }

  /** What was declined is asked about again. @returns whether the board runs, so that it could be done */
  forgetDeclined(): boolean {
    this.#agent?.forgetDeclined();
    return this.#agent !== undefined;
  }

  /** Lets the board say goodbye to the broker. It is switched off by `close`. */
  stop(): void {
    this.#agent?.stop();
  }

  close(): void {
    this.cutPower();
    this.#flash.close();
  }

  #firmware(power: Power): ReturnType<typeof createFirmware> {
    const { entry, mqttUrl, deviceSecret, log } = this.#options;
    const { name: deviceName, broken } = entry;
    return createFirmware({
      log,
      packages: true,
      config: {
        identity: { productId: DEMO_PRODUCT, deviceName, authentication: { mode: "KEY", deviceSecret } },
        broker: { url: mqttUrl },
        policy: POLICY,
        selfTest: () => selfTest(this.#version, broken),
      },
      onAgent: (agent) => this.#follow(agent, power),
    });
  }

  #follow(agent: OtaAgent, power: Power): void {
    const { entry, onOffer, onOnline, onDeclined } = this.#options;
    this.#agent = agent;
    power.onCut(() => {
      if (this.#agent === agent) this.#agent = undefined;
    });
    const person = new Person({
      entry,
      onDeclined,
      after: (delayMs, answer) => {
        const timer = setTimeout(answer, delayMs);
        power.onCut(() => clearTimeout(timer));
      },
    });
    agent.on("connection", ({ online }) => {
      if (online) onOnline();
    });
    agent.on("state", ({ from, to }) => {
      if (from === "idle" && (to === "offered" || to === "downloading" || to === "verifying")) onOffer();
    });
    agent.on("plan", (plan) => person.onPlan(plan));
  }
}
