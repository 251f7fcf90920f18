import { setTimeout as pause } from "node:timers/promises";
import type { Cloud } from "../../cloud/cloud.js";
import type { PowerMoment } from "../../cloud/faults/fault.js";
import { DemoBoard } from "./board.js";
import { prepareCloud } from "./cloud-side.js";
import type { DemoFolder } from "./folder.js";
import { DEMO_PRODUCT, type RosterEntry } from "./roster.js";

/** Charge of a battery that nothing is wrong with. */
const FULL_PERCENT = 90;
/** Longest wait for the boards to come online. */
const ONLINE_WAIT_MS = 20_000;
const ONLINE_LOOK_MS = 20;
/** In this time the last messages of the boards arrive. */
const GOODBYE_MS = 100;

export interface DemoFleetOptions {
  readonly folder: DemoFolder;
  /** Called with one line about a board. */
  onLine(line: string): void;
  /** Called with one line of a board's own log. */
  onBoardLog?(line: string): void;
}

/** The boards of a demo, in the process of their cloud, on its servers like any board. */
export class DemoFleet {
  readonly #options: DemoFleetOptions;
  readonly #boards = new Map<string, DemoBoard>();
  readonly #online = new Set<string>();
  /** Boards whose battery is too low, and those that do not know yet that it was charged. */
  readonly #low = new Set<string>();
  /** Boards without power. */
  readonly #off: Set<string>;
  #cloud: Cloud | undefined;

  constructor(options: DemoFleetOptions) {
    this.#options = options;
    this.#off = new Set(options.folder.off);
  }

  /**
   * Switches the boards on.
   *
   * @param stopped ends the wait for them
   * @returns how many are online, once all are that have power; after 20 s in any case
   * @throws UsageError if the cloud has these devices with other secrets, StateError if a flash cannot be read
   */
  async start(cloud: Cloud, stopped: AbortSignal): Promise<number> {
    const { folder } = this.#options;
    await prepareCloud(cloud.operator, folder);
    for (const fault of folder.faults) cloud.faults.add(fault);
    for (const entry of folder.roster.boards) this.#boards.set(entry.name, this.#boardOf(entry, cloud.mqttUrl));
    this.#cloud = cloud;
    this.onFaults();
    for (const board of this.#boards.values()) {
      if (stopped.aborted) break;
      if (this.#off.has(board.name) || this.#strikePower(board, "now")) continue;
      board.powerOn();
      await new Promise(setImmediate);
    }
    const end = performance.now() + ONLINE_WAIT_MS;
    const isComplete = (): boolean => this.#online.size + this.#off.size >= this.#boards.size;
    while (!isComplete() && !stopped.aborted && performance.now() < end) await pause(ONLINE_LOOK_MS);
    return this.#online.size;
  }

  /** A fault was added or removed: power goes off or comes back, and batteries are charged. */
  onFaults(): void {
    if (this.#cloud === undefined) return;
    for (const board of this.#boards.values()) {
      if (board.isOn) this.#strikePower(board, "now");
      else if (this.#off.has(board.name) && this.#faultsOf("power", board.name).length === 0) this.#switchOn(board);
      this.#charge(board);
    }
    this.#keep();
  }

  /** The cloud has got a message of a device, which it has not acknowledged yet. */
  onReport(topic: string, payload: string): void {
    const [, , productId, deviceName = ""] = topic.split("/");
    const board = productId === DEMO_PRODUCT ? this.#boards.get(deviceName) : undefined;
    if (board !== undefined && payload.includes('"state":"burning"')) this.#strikePower(board, "burning");
  }

  async stop(): Promise<void> {
    this.#keep();
    this.#cloud = undefined;
    for (const board of this.#boards.values()) board.stop();
    await pause(GOODBYE_MS);
    for (const board of this.#boards.values()) board.close();
  }

  #boardOf(entry: RosterEntry, mqttUrl: string): DemoBoard {
    const { folder, onBoardLog } = this.#options;
    const { name } = entry;
    const board: DemoBoard = new DemoBoard({
      entry,
      folder: folder.boardFolder(name),
      mqttUrl,
      deviceSecret: folder.secretOf(name),
      log: (level, area, message) => {
        if (level !== "debug") onBoardLog?.(`${name} ${area}: ${message()}`);
      },
      batteryPercent: () => this.#faultsOf("battery", name)[0]?.percent ?? FULL_PERCENT,
      // In a later turn: the power does not go off on top of the firmware's own work.
      onOffer: () => void setImmediate(() => this.#strikePower(board, "offer")),
      onDeclined: () => {
        this.#cloud?.faults.strike("battery", targetOf(name));
        // Once the answer is stored: if the fault has struck often enough, the next offer is asked about again.
        setImmediate(() => this.#charge(board));
      },
      onOnline: () => {
        this.#online.add(name);
        this.#charge(board);
      },
      onDead: (error) => this.#options.onLine(`${name} is dead: ${error.message}`),
    });
    return board;
  }

  #faultsOf<At extends "power" | "battery">(moment: At, name: string) {
    const found = this.#cloud?.faults.of(moment, targetOf(name)) ?? [];
    // A board stays off until the fault is removed, but a battery that was low often enough is full.
    return found.filter(({ spent }) => moment === "power" || !spent).map(({ fault }) => fault);
  }

  /** @returns whether the board has no power now */
  #strikePower(board: DemoBoard, moment: PowerMoment): boolean {
    const struck = this.#cloud?.faults.strike("power", targetOf(board.name), ({ at = "now" }) => at === moment);
    if (struck === undefined) return false;
    board.cutPower();
    this.#online.delete(board.name);
    this.#off.add(board.name);
    this.#keep();
    return true;
  }

  /** What was declined because of the battery is asked about again, once it is full. */
  #charge(board: DemoBoard): void {
    if (this.#faultsOf("battery", board.name).length > 0) this.#low.add(board.name);
    else if (this.#low.has(board.name) && board.forgetDeclined()) this.#low.delete(board.name);
  }

  #switchOn(board: DemoBoard): void {
    this.#off.delete(board.name);
    board.powerOn();
    this.#options.onLine(`${board.name} has power again`);
  }

  /** Keeps faults of the demo's own product: others end with the cloud. */
  #keep(): void {
    if (this.#cloud === undefined) return;
    const faults = this.#cloud.faults.list().map(({ spec }) => spec);
    try {
      this.#options.folder.keep({
        faults: faults.filter(({ product }) => product === DEMO_PRODUCT),
        off: [...this.#off],
      });
    } catch (error) {
      // The bench goes on; only the next start does not know of the change.
      this.#options.onLine((error as Error).message);
    }
  }
}

function targetOf(deviceName: string): { readonly productId: string; readonly deviceName: string } {
  return { productId: DEMO_PRODUCT, deviceName };
}
