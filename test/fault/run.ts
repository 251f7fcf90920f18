import { MIN_IMAGE_LENGTH } from "../../hal/boards/sim/app-image-builder.js";
import type { BoardModules, Log } from "../../hal/boards/main.js";
import type { Power } from "../../hal/boards/sim/power.js";
import { MQTT_PORT } from "../support/virtual-network.js";
import { SeededRandom } from "../support/seed.js";
import { FaultBoard } from "./board.js";
import type { Chip, CutPlan } from "./chip.js";
import { type Engine, ENGINES, type RunningAgent } from "./engines.js";
import type { RequestSeen } from "./file-server.js";
import { fileOf, type FirmwareFile, OLD } from "./files.js";
import { BROKER, type FileMaker, Outside } from "./outside.js";
import { packedFactory } from "./packed-files.js";
import type { Job } from "./platform.js";
import type { Scenario } from "./scenario.js";

/** Makes the board of one run, with the factory's image. */
export type ChipMaker = (options: { factory: Uint8Array; cutPlan: CutPlan }) => Chip;

export interface RunOptions {
  readonly scenario: Scenario;
  readonly makeChip: ChipMaker;
  /** Seed of the device's entropy. */
  readonly seed: number;
  /** The firmware that runs at the start; default: the factory's image. */
  readonly running?: FirmwareFile;
  /** Files instead of those that are made up. */
  readonly files?: FileMaker;
  readonly log?: Log | undefined;
  /** Default: Node. */
  readonly engine?: Engine | undefined;
}

/** The outcome of a scenario. */
export interface RunRecord {
  /** Rules that hold in every run, and were broken. */
  readonly violations: readonly string[];
  /** Version that runs in the end. */
  readonly version: string;
  readonly jobs: readonly Job[];
  readonly words: readonly string[];
  readonly requests: readonly RequestSeen[];
  /** The time of each CONNECT. */
  readonly connects: readonly number[];
  readonly resultAtMs: number | undefined;
  readonly boots: number;
  readonly blockLength: number;
}

const FACTORY_LENGTH = 2048;
/** Longer than any of the agent's waits. */
const CALM_MS = 600_000;
const VIRTUAL_LIMIT_MS = 48 * 3_600_000;
const TURN_LIMIT = 200_000;
const BOOT_LIMIT = 60;
const POWER_PAUSE_MS = 1_000;

/** The image that a board leaves the factory with. */
export function factoryFile(): FirmwareFile {
  return fileOf(OLD, FACTORY_LENGTH);
}

/** One board and its surroundings, from the factory to the end of all jobs. */
export function run(options: RunOptions): RunRecord {
  return new Run(options).go();
}

class Run {
  readonly #options: RunOptions;
  readonly #chip: Chip;
  readonly #outside: Outside;
  readonly #random: SeededRandom;
  readonly #violations: string[] = [];
  readonly #first: FirmwareFile;
  #board: FaultBoard | undefined;
  /** Milliseconds of the boots before this one. */
  #elapsedMs = 0;
  #cutAtMs = 0;
  #lastActivityMs = 0;
  #running: string;
  #boots = 0;
  #started = false;
  #stopping = false;
  #resultAtMs: number | undefined;
  #cuts = 0;
  #sinceCut = 0;

  constructor(options: RunOptions) {
    const { scenario, makeChip, seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#first = options.running ?? (scenario.packed === undefined ? factoryFile() : packedFactory());
    this.#running = this.#first.version;
    this.#chip = makeChip({ factory: this.#first.image, cutPlan: () => this.#planCut() });
    this.#outside = new Outside({
      scenario,
      files: options.files,
      blockLength: this.#chip.blockLength,
      slotLength: this.#chip.slotLength,
      now: () => this.#nowMs,
      cutAt: () => this.#cutAtMs,
      running: () => this.#running,
      onActivity: () => (this.#lastActivityMs = this.#nowMs),
      onBroken: (what) => this.#break(what),
      onResult: (job, word) => this.#onResult(job, word),
      stopAgent: () => {
        this.#cutAtMs = this.#nowMs;
        this.#stopping = true;
      },
      cutPower: () => {
        this.#board?.scheduler.set(() => {
          this.#cutAtMs = this.#nowMs;
          this.#board?.power.cut();
        }, 0);
      },
    });
  }

  get #nowMs(): number {
    return this.#elapsedMs + (this.#board?.scheduler.now ?? 0);
  }

  go(): RunRecord {
    while (this.#boot()) {
      this.#elapsedMs = this.#nowMs + POWER_PAUSE_MS;
      this.#board = undefined;
      if (this.#boots >= BOOT_LIMIT) {
        this.#break("it restarts for ever");
        break;
      }
    }
    this.#checkJobs();
    const { platform, requests, connects } = this.#outside;
    return {
      violations: this.#violations,
      version: this.#running,
      jobs: platform.jobs,
      words: platform.words,
      requests,
      connects,
      resultAtMs: this.#resultAtMs,
      boots: this.#boots,
      blockLength: this.#chip.blockLength,
    };
  }

  /** @returns whether the power comes back, or the board restarts */
  #boot(): boolean {
    this.#boots++;
    // The rest of an earlier boot may have taken any time to end.
    this.#lastActivityMs = this.#elapsedMs;
    const board = new FaultBoard({ surroundings: this.#outside, random: this.#random });
    this.#board = board;
    try {
      return this.#powered(board);
    } finally {
      // Whatever ends the boot, an engine outside of this process ends with the power.
      board.power.cut();
    }
  }

  #powered(board: FaultBoard): boolean {
    const { power } = board;
    let agent: RunningAgent | undefined;
    const guarded = (action: () => void): void => {
      try {
        action();
      } catch (error) {
        if (power.on) this.#break(`it throws: ${error instanceof Error ? error.stack : String(error)}`);
      }
    };
    guarded(() => {
      const modules = this.#chip.boot({ power, restart: () => power.cut(), onBroken: (what) => this.#break(what) });
      if (modules === undefined) {
        this.#break("no image boots");
        return;
      }
      this.#identify();
      this.#started = true;
      agent = this.#start(board.modules(modules), power);
    });
    if (!power.on) return true;
    if (agent === undefined) return false;
    const before = this.#chip.running().bytes.slice();
    const again = this.#live(board, agent, guarded);
    if (!sameStart(this.#chip.running().bytes, before)) this.#break("the running slot was written to");
    return again;
  }

  #start(modules: BoardModules, power: Power): RunningAgent {
    const { engine = ENGINES.node, log } = this.#options;
    const agent = engine({
      modules,
      power,
      log,
      packages: this.#options.scenario.packed !== undefined,
      config: {
        identity: {
          productId: "ABCDE12345",
          deviceName: "board_01",
          authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
        },
        broker: { url: `mqtt://${BROKER}` },
      },
    });
    agent.start();
    return agent;
  }

  #live(board: FaultBoard, agent: RunningAgent, guarded: (action: () => void) => void): boolean {
    const { scheduler, power } = board;
    for (const atMs of this.#outside.moments()) scheduler.set(() => {}, atMs - this.#nowMs);
    for (let turns = 0; turns < TURN_LIMIT && this.#nowMs < VIRTUAL_LIMIT_MS; turns++) {
      this.#outside.passTime();
      if (!power.on) return true;
      if (this.#stopping) {
        this.#stopping = false;
        this.#stop(board, agent, guarded);
        power.cut();
        return true;
      }
      if (board.openPorts.length > 2) this.#break(`${board.openPorts.length} sockets at once`);
      if (this.#outside.moments().length === 0 && this.#nowMs - this.#lastActivityMs > CALM_MS) {
        if (!this.#outside.retry()) {
          this.#end(board, agent, guarded);
          return false;
        }
        this.#lastActivityMs = this.#nowMs;
      }
      guarded(() => {
        if (!scheduler.turn()) this.#lastActivityMs = -Infinity;
      });
    }
    this.#break(
      `it does not end: ${agent.state} after ${this.#nowMs} ms, ${this.#outside.platform.words.slice(-5).join(", ")}`,
    );
    return false;
  }

  /** Nothing happens any more: only what an idle agent needs may be left, and after `stop` nothing. */
  #end(board: FaultBoard, agent: RunningAgent, guarded: (action: () => void) => void): void {
    if (agent.state !== "idle") this.#break(`it ends in ${agent.state}`);
    if (board.openPorts.some((port) => port !== MQTT_PORT)) this.#break("a connection for the file is left open");
    this.#stop(board, agent, guarded);
    if (this.#chip.keys().some((key) => key !== "job")) this.#break(`records ${this.#chip.keys().join()}`);
    if (this.#chip.soundSlots() === 0) this.#break("no sound image is left");
  }

  #stop(board: FaultBoard, agent: RunningAgent, guarded: (action: () => void) => void): void {
    guarded(() => agent.stop());
    if (board.timers > 0) this.#break(`${board.timers} timers are left`);
    if (board.openPorts.length > 0) this.#break(`${board.openPorts.length} sockets are left`);
    const words = this.#outside.platform.words.length;
    guarded(() => {
      while (board.scheduler.turn()) continue;
    });
    if (this.#outside.platform.words.length > words || board.timers > 0) this.#break("it goes on after it was stopped");
  }

  /** What boots is the factory's image, or one that was offered, byte for byte. */
  #identify(): void {
    const { bytes, slot } = this.#chip.running();
    const known = [this.#first, ...this.#outside.platform.jobs.map(({ file }) => file)];
    const found = known.find((file) => file.image.byteLength >= MIN_IMAGE_LENGTH && sameStart(bytes, file.image));
    if (found === undefined) this.#break(`${slot} boots bytes that nobody offered`);
    else this.#running = found.version;
  }

  #onResult(job: Job | undefined, word: string): void {
    this.#resultAtMs ??= this.#nowMs;
    if (job === undefined) {
      this.#break(`a result for what was never offered: ${word}`);
      return;
    }
    const updated = this.#running === job.file.version;
    if (updated !== (word === "done")) this.#break(`${word} is reported while ${this.#running} runs`);
    if (this.#chip.running().state === "pending-verify") this.#break(`${word} is reported while on trial`);
  }

  #checkJobs(): void {
    const { jobs } = this.#outside.platform;
    for (const { file, results, replaced } of jobs) {
      if (results.length > 1) this.#break(`different results for ${file.version}: ${results.join(" ")}`);
      // An offer that cannot be used is reported once for its version and connection.
      const isRefusedAgain =
        file.bytes.byteLength === 0 &&
        jobs.some((other) => other.file.version === file.version && other.results.length > 0);
      if (results.length === 0 && !replaced && !isRefusedAgain) this.#break(`no result for ${file.version}`);
    }
    const last = jobs.at(-1);
    if (last?.results[0]?.includes('"done"') === true && this.#running !== last.file.version) {
      this.#break("updated, and then not");
    }
  }

  #planCut(): number | undefined {
    this.#lastActivityMs = this.#nowMs;
    const cut = this.#options.scenario.cuts?.[this.#cuts];
    // The boot loader's first record, which the factory leaves to it, is no part of an update.
    if (!this.#started || cut === undefined || this.#sinceCut++ < cut.operation) return undefined;
    this.#cuts++;
    this.#sinceCut = 0;
    this.#cutAtMs = this.#nowMs;
    return cut.mode;
  }

  #break(what: string): void {
    if (this.#violations.length < 20 && !this.#violations.includes(what)) this.#violations.push(what);
  }
}

function sameStart(bytes: Uint8Array, expected: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, expected.byteLength), expected) === 0;
}
