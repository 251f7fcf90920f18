import { createDevice, OtaAgent } from "../../hal/boards/main.js";
import type { BoardModules } from "../../hal/ecma419/modules.js";
import { FaultBoard } from "../../test/fault/board.js";
import type { CutPlan } from "../../test/fault/chip.js";
import { fileOf, NEW, OLD } from "../../test/fault/files.js";
import { BROKER, Outside } from "../../test/fault/outside.js";
import type { Scenario } from "../../test/fault/scenario.js";
import { type ChipOperation, SimChip, SLOT_0_ADDRESS } from "../../test/fault/sim-chip.js";
import { SeededRandom } from "../../test/support/seed.js";
import { TimedLink } from "./link.js";
import { BLOCK_LENGTH, eraseMs, type Profile, programMs, readMs } from "./profiles.js";
import { createTimedTcp } from "./tcp.js";
import { createTimedTls } from "./tls.js";
import { Trace } from "./trace.js";

export interface TimedRunOptions {
  readonly profile: Profile;
  readonly byteLength: number;
  /** Power cut inside the nth change of this kind to the flash; the mode says how it is left. */
  readonly cut?: { readonly operation: number; readonly mode: number } | undefined;
  /** Seconds; default 120. */
  readonly keepaliveSeconds?: number;
}

/** One boot: what happened, in milliseconds since it began. */
export interface TimedBoot {
  readonly trace: Trace;
  /** The offer was taken up. */
  readonly offeredMs: number | undefined;
  /** The image was made pending: the end of what is measured. */
  readonly pendingMs: number | undefined;
  /** Requests for the file: their first byte each. */
  readonly requests: readonly number[];
  /** When the first byte of the file was in the receive window. */
  readonly firstByteMs: number | undefined;
  /** Longest that a callback of the thread came late. */
  readonly latestMs: number;
  readonly endMs: number;
  /** CONNECT packets that the broker has seen. */
  readonly connects: number;
  readonly keyValueWrites: number;
  /** Everything before it was programmed by this boot or an earlier one, when the power went. */
  readonly storedEnd: number;
}

export const FILE_PORT = 443;
const FACTORY_LENGTH = 4096;
const TURN_LIMIT = 2_000_000;
const SEED = 7;

/** The agent that ships, with its adapters and its HTTP client, on a board whose flash and network take time. */
export class TimedRun {
  readonly boots: TimedBoot[] = [];
  readonly #options: TimedRunOptions;
  readonly #chip: SimChip;
  readonly #outside: Outside;
  readonly #factory = fileOf(OLD, FACTORY_LENGTH);
  #board: FaultBoard | undefined;
  #trace = new Trace();
  #elapsedMs = 0;
  #changes = 0;
  #pendingMs: number | undefined;
  #storedEnd = 0;
  /** Where the block ends that is being programmed. */
  #programmingEnd = 0;

  constructor(options: TimedRunOptions) {
    const { byteLength } = options;
    this.#options = options;
    this.#chip = new SimChip({
      factory: this.#factory.bytes,
      slotLength: Math.ceil(byteLength / BLOCK_LENGTH) * BLOCK_LENGTH,
      cutPlan: this.#planCut,
      onOperation: (operation) => this.#pass(operation),
    });
    const scenario: Scenario = {
      name: "timed",
      size: byteLength,
      url: `https://files.test/${NEW}`,
      always: { pace: { bytes: byteLength, everyMs: 0 } },
    };
    this.#outside = new Outside({
      scenario,
      blockLength: this.#chip.blockLength,
      slotLength: this.#chip.slotLength,
      now: () => this.#nowMs,
      bootedAt: () => this.#elapsedMs,
      running: () => OLD,
      onActivity: () => {},
      onBroken: (what) => {
        throw new Error(what);
      },
      onResult: (_job, word) => {
        throw new Error(`a result before its time: ${word}`);
      },
      stopAgent: () => {},
      cutPower: () => {},
    });
  }

  /** Runs until the image is pending, through the power cut where there is one. */
  static go(options: TimedRunOptions): TimedRun {
    const run = new TimedRun(options);
    while (run.#pendingMs === undefined) run.#boot();
    return run;
  }

  get last(): TimedBoot {
    return this.boots.at(-1) as TimedBoot;
  }

  /** Of the slot that the image goes to. */
  get #targetAddress(): number {
    return SLOT_0_ADDRESS + this.#chip.slotLength;
  }

  get #nowMs(): number {
    return this.#elapsedMs + (this.#board?.scheduler.now ?? 0);
  }

  #boot(): void {
    const board = new FaultBoard({ surroundings: this.#outside, random: new SeededRandom(SEED) });
    const { scheduler, power } = board;
    const trace = (this.#trace = new Trace());
    const chip = this.#chip.boot({ power, restart: () => {}, onBroken: () => {} });
    if (chip === undefined) throw new Error("no image boots");
    const modules = this.#timed(board.modules(chip), board);
    const words = this.#outside.platform.words.length;
    const requests = this.#outside.requests.length;
    const connects = this.#outside.connects.length;
    const { keyValueWrites } = this.#chip;
    this.#board = board;
    let offeredMs: number | undefined;
    power.run(() => {
      const agent = this.#agent(modules);
      agent.on("state", ({ to }) => {
        if (to === "downloading") offeredMs ??= scheduler.now;
      });
      agent.start();
    });
    let heard = words;
    while (power.on && this.#pendingMs === undefined && scheduler.turn()) {
      if (scheduler.turns > TURN_LIMIT) throw new Error("it does not end");
      for (; heard < this.#outside.platform.words.length; heard++) {
        trace.reports.push({ atMs: scheduler.now, word: this.#outside.platform.words[heard] as string });
      }
    }
    if (power.on && this.#pendingMs === undefined) throw new Error("it stands still");
    this.boots.push({
      trace,
      offeredMs,
      pendingMs: this.#pendingMs,
      requests: this.#outside.requests.slice(requests).map(({ from }) => from),
      firstByteMs: firstBodyByteMs(trace),
      latestMs: scheduler.latestMs,
      endMs: scheduler.now,
      connects: this.#outside.connects.length - connects,
      keyValueWrites: this.#chip.keyValueWrites - keyValueWrites,
      storedEnd: this.#storedEnd,
    });
    this.#elapsedMs = this.#nowMs;
    this.#board = undefined;
    power.cut();
  }

  #timed(modules: BoardModules, { scheduler }: FaultBoard): BoardModules {
    const { profile } = this.#options;
    const link = new TimedLink({ scheduler, link: profile.link });
    const { boot } = modules.platform;
    return {
      ...modules,
      TCP: createTimedTcp({ scheduler, servers: this.#outside, link, trace: this.#trace }),
      TLS: createTimedTls({ scheduler, roundTripMs: link.roundTripMs }),
      platform: {
        ...modules.platform,
        resolve: (host, callback) => {
          const address = this.#outside.resolves(host) ? "10.0.0.1" : undefined;
          scheduler.setOutside(() => scheduler.set(() => callback(host, address), 0), link.roundTripMs);
        },
        boot: {
          ...boot,
          setPending: () => void (this.#pendingMs = scheduler.now),
          imageState: (slot) =>
            this.#pendingMs !== undefined && slot === boot.targetSlot() ? "new" : boot.imageState(slot),
        },
      },
    };
  }

  #agent(modules: BoardModules): OtaAgent {
    const { keepaliveSeconds } = this.#options;
    return new OtaAgent({
      device: createDevice(modules, () => {}),
      config: {
        identity: {
          productId: "ABCDE12345",
          deviceName: "board_01",
          authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
        },
        broker: { url: `mqtt://${BROKER}`, keepaliveSeconds },
      },
    });
  }

  /** Of the boot loader's own work nothing is measured. */
  #pass({ kind, erases, address, byteLength }: ChipOperation): void {
    const scheduler = this.#board?.scheduler;
    if (scheduler === undefined) return;
    const { flash } = this.#options.profile;
    const startMs = scheduler.now;
    if (kind === "read") scheduler.block(readMs(flash, byteLength));
    else scheduler.block(erases ? eraseMs(flash, address, byteLength) : programMs(flash, address, byteLength));
    if (kind !== "read") this.#storedEnd = Math.max(this.#storedEnd, this.#programmingEnd);
    if (kind === "program") this.#programmingEnd = address + byteLength - this.#targetAddress;
    this.#trace.flash.push({ kind, erases, startMs, endMs: scheduler.now, address, byteLength, turn: scheduler.turns });
  }

  readonly #planCut: CutPlan = () => {
    const { cut } = this.#options;
    if (this.#board === undefined || cut === undefined || this.#changes++ !== cut.operation) return undefined;
    return cut.mode;
  };
}

/** Head and body come in one piece or more: the first byte behind the head's end. */
function firstBodyByteMs(trace: Trace): number | undefined {
  return trace.wire.filter(({ port, direction }) => port === FILE_PORT && direction === "in")[1]?.atMs;
}
