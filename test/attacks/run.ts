import { verifyP256 } from "../../hal/boards/sim/p256.js";
import type { BoardModules, Log } from "../../hal/boards/main.js";
import { decodeFloor } from "../../src/seal/floor.js";
import { FaultBoard, type Surroundings } from "../fault/board.js";
import type { Chip, CutPlan } from "../fault/chip.js";
import { type Engine, ENGINES, type RunningAgent } from "../fault/engines.js";
import { PRODUCT } from "../support/seals.js";
import { SeededRandom } from "../support/seed.js";
import { type Attack, changesFlash, type Try } from "./attack.js";
import { OLDEST, published, RUNNING, VENDOR } from "./files.js";
import { Platform } from "./platform.js";

/** The power goes inside the nth change to flash, otadata or key-value store. */
export interface Cut {
  readonly operation: number;
  /** Selects one of the ways in which that operation can be cut. */
  readonly mode: number;
}

export interface RunOptions {
  readonly attack: Attack;
  readonly makeChip: (options: { factory: Uint8Array; cutPlan: CutPlan }) => Chip;
  readonly engine?: Engine;
  /** Whether the board has native code for signatures. Default true. */
  readonly native?: boolean;
  readonly cut?: Cut;
  readonly log?: Log | undefined;
}

export interface RunRecord {
  readonly violations: readonly string[];
  /** Version that runs in the end. */
  readonly version: string;
  /** How each try ended, in the words of its report. */
  readonly results: readonly string[];
  /** Changes to what outlives a power cut, until the end of the last try. */
  readonly operations: number;
}

const TURN_LIMIT = 100_000;
const BOOT_LIMIT = 20;
/** Longer than the agent needs to come to rest after a result. */
const CALM_MS = 60_000;
const LIMIT_MS = 4 * 3_600_000;
const FLOOR_KEY = "floor";
const NEXT_SLOT = "nextota";
const NAMESPACE = "ota";
/** Bytes of the slot that hold each of the files, in whole blocks. */
const SLOT_SHARE = 4096;
/** In the second block of a small chip. */
const CHANGED_OFFSET = 600;
/** `secure_version` in an image. */
const SECURE_VERSION_OFFSET = 36;

/** Plays one attack on a board that wants seals, from the factory to the end of its last try. */
export function run(options: RunOptions): RunRecord {
  return new Run(options).go();
}

class Run {
  readonly #options: RunOptions;
  readonly #chip: Chip;
  readonly #platform: Platform;
  readonly #violations: string[] = [];
  readonly #factory: Uint8Array;
  /** Files that may boot so far: what was there, and what the vendor has sealed for this board and offered. */
  readonly #mayBoot: Map<string, Uint8Array>;
  #running: string = RUNNING.version;
  #operations = 0;
  #started = false;
  #erases = 0;
  #changed = false;
  #wiped = new Set<Try>();
  #floor = 0;
  #calmSince: number | undefined;
  #modules: BoardModules | undefined;

  constructor(options: RunOptions) {
    const { attack, makeChip } = options;
    this.#options = options;
    this.#factory = attack.running ?? published(RUNNING);
    this.#mayBoot = new Map([[RUNNING.version, this.#factory]]);
    this.#chip = makeChip({ factory: this.#factory, cutPlan: () => this.#planCut() });
    this.#platform = new Platform({
      attack,
      running: () => this.#running,
      onWord: (word) => this.#onWord(word),
      onEnded: (attempt, word) => this.#onEnded(attempt, word),
      onBroken: (what) => this.#break(what),
    });
    this.#admit();
  }

  go(): RunRecord {
    let boots = 0;
    while (this.#boot()) {
      if (++boots >= BOOT_LIMIT) {
        this.#break("it restarts for ever");
        break;
      }
    }
    const { attack } = this.#options;
    if (this.#running !== attack.ends) this.#break(`${this.#running} runs in the end, not ${attack.ends}`);
    return {
      violations: this.#violations,
      version: this.#running,
      results: this.#platform.results,
      operations: this.#operations,
    };
  }

  /** @returns whether the board boots once more */
  #boot(): boolean {
    const surroundings: Surroundings = {
      accept: (port, line) => this.#platform.accept(port, line),
      resolves: () => true,
      handshake: undefined,
      ticksOffset: 0,
      wallClock: undefined,
    };
    const board = new FaultBoard({ surroundings, random: new SeededRandom(1) });
    try {
      return this.#powered(board);
    } catch (error) {
      if (board.power.on) this.#break(`it throws: ${error instanceof Error ? error.stack : String(error)}`);
      return !board.power.on;
    } finally {
      board.power.cut();
    }
  }

  #powered(board: FaultBoard): boolean {
    const { power, scheduler } = board;
    const chip = this.#chip.boot({ power, restart: () => power.cut(), onBroken: (what) => this.#break(what) });
    if (chip === undefined) {
      this.#break("no image boots");
      return false;
    }
    this.#identify();
    const modules = this.#watched(board.modules(chip));
    this.#modules = modules;
    this.#wipe(modules);
    this.#started = true;
    const agent = this.#start(modules, board);
    this.#calmSince = undefined;
    for (let turns = 0; turns < TURN_LIMIT && scheduler.now < LIMIT_MS; turns++) {
      if (!power.on) return true;
      if (this.#ended(agent, scheduler.now)) {
        this.#checkFloor(modules);
        if (this.#platform.attempt === undefined) {
          agent.stop();
          return false;
        }
        if (this.#wantsWipe()) return true;
        this.#platform.held = false;
        this.#platform.offer();
        this.#calmSince = undefined;
      }
      try {
        if (!scheduler.turn()) break;
      } catch (error) {
        if (power.on) throw error;
      }
    }
    this.#break(`it does not end: ${agent.state} after ${scheduler.now} ms, ${this.#platform.results.join(", ")}`);
    return false;
  }

  #start(modules: BoardModules, { power }: FaultBoard): RunningAgent {
    const { attack, engine = ENGINES.node, log } = this.#options;
    const agent = engine({
      modules,
      power,
      log,
      config: {
        identity: {
          productId: PRODUCT,
          deviceName: "board_01",
          authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
        },
        broker: { url: "mqtt://broker.test" },
        seal: { trusted: (attack.trusted ?? [VENDOR]).map(({ pem }) => pem) },
      },
    });
    agent.start();
    return agent;
  }

  /** Whether the board has been at rest for a while, with the result of a try that is over. */
  #ended(agent: RunningAgent, now: number): boolean {
    const rests = agent.state === "idle" && (this.#platform.held || this.#platform.attempt === undefined);
    this.#calmSince = rests ? (this.#calmSince ?? now) : undefined;
    return this.#calmSince !== undefined && now - this.#calmSince >= CALM_MS;
  }

  #onWord(word: string): void {
    const deeds = this.#platform.attempt?.deeds ?? [];
    if (word !== "burning" || this.#changed || !changesFlash(deeds)) return;
    this.#changed = true;
    const flash = (this.#modules as BoardModules).flash.open({ path: NEXT_SLOT });
    const { blockLength } = flash.status();
    const bytes = new Uint8Array(SLOT_SHARE);
    flash.read(bytes, 0);
    if (deeds.includes("swap-flash")) bytes.set(published(OLDEST));
    else bytes[CHANGED_OFFSET] = (bytes[CHANGED_OFFSET] as number) ^ 1;
    flash.eraseBlock(0, SLOT_SHARE / blockLength);
    for (let at = 0; at < SLOT_SHARE; at += blockLength) flash.write(bytes.subarray(at, at + blockLength), at);
    flash.close();
  }

  #onEnded({ report, early, version, deeds }: Try, word: string): void {
    // After a cut the changed byte is found by the MD5, and fetched again.
    const mended = changesFlash(deeds ?? []) && this.#options.cut !== undefined && word === "done";
    if (!word.startsWith(report) && !mended) this.#break(`${version} ends with ${word}, not with ${report}`);
    if (early === true && this.#erases > 0) this.#break(`${this.#erases} blocks were erased before ${word}`);
    this.#erases = 0;
    this.#platform.held = true;
    this.#admit();
  }

  /** The vendor's own file may boot as soon as it is offered. */
  #admit(): void {
    const attempt = this.#platform.attempt;
    if (attempt !== undefined && isTaken(attempt)) this.#mayBoot.set(attempt.version, attempt.file);
  }

  /** What boots is what the vendor has sealed and offered, byte for byte. */
  #identify(): void {
    const { bytes, slot } = this.#chip.running();
    for (const [version, file] of this.#mayBoot) {
      if (sameStart(bytes, file)) {
        this.#running = version;
        return;
      }
    }
    this.#break(`${slot} boots bytes that must not boot`);
  }

  #watched(modules: BoardModules): BoardModules {
    const { boot } = modules.platform;
    const setPending = (): void => {
      const attempt = this.#platform.attempt;
      if (attempt === undefined || !isTaken(attempt)) this.#break("something becomes pending that must not boot");
      else if (!this.#holds(modules, attempt.file)) this.#break("other bytes than the vendor's become pending");
      boot.setPending();
    };
    return {
      ...modules,
      flash: {
        open: (options) => {
          const instance = modules.flash.open(options);
          return {
            status: () => instance.status(),
            read: (buffer, byteOffset) => instance.read(buffer, byteOffset),
            write: (buffer, byteOffset) => instance.write(buffer, byteOffset),
            eraseBlock: (start, end) => {
              this.#erases += end - start;
              instance.eraseBlock(start, end);
            },
            close: () => instance.close(),
          };
        },
      },
      platform: {
        ...modules.platform,
        boot: { ...boot, setPending },
        ...(this.#options.native === false ? {} : { verifyP256 }),
      },
    };
  }

  #holds({ flash }: BoardModules, file: Uint8Array): boolean {
    const slot = flash.open({ path: NEXT_SLOT });
    const bytes = new Uint8Array(file.byteLength);
    slot.read(bytes, 0);
    slot.close();
    return sameStart(bytes, file);
  }

  #wantsWipe(): boolean {
    const attempt = this.#platform.attempt;
    return attempt?.deeds?.includes("wipe") === true && !this.#wiped.has(attempt);
  }

  #wipe({ keyValue }: BoardModules): void {
    const attempt = this.#platform.attempt;
    if (attempt === undefined || !this.#wantsWipe()) return;
    this.#wiped.add(attempt);
    this.#platform.held = false;
    const store = keyValue.open({ path: NAMESPACE });
    for (const key of this.#chip.keys()) store.delete(key);
    store.close();
    this.#floor = 0;
  }

  /** The floor never falls, and is at the end of a try what the confirmed firmware needs. */
  #checkFloor({ keyValue }: BoardModules): void {
    const store = keyValue.open({ path: NAMESPACE });
    const record = store.read(FLOOR_KEY);
    store.close();
    const floor = record === undefined ? 0 : (decodeFloor(new Uint8Array(record)) ?? 0);
    const running = Buffer.from(this.#chip.running().bytes).readUInt32LE(SECURE_VERSION_OFFSET);
    if (floor < this.#floor) this.#break(`the floor falls from ${this.#floor} to ${floor}`);
    if (floor !== Math.max(running, this.#floor)) this.#break(`the floor is ${floor}, and ${running} runs`);
    this.#floor = floor;
  }

  #planCut(): number | undefined {
    if (!this.#started) return undefined;
    const { cut } = this.#options;
    return this.#operations++ === cut?.operation ? cut.mode : undefined;
  }

  #break(what: string): void {
    if (!this.#violations.includes(what)) this.#violations.push(what);
  }
}

/** Whether it is the vendor's own, and may boot as long as it is whole. */
function isTaken({ report, deeds = [] }: Try): boolean {
  return report === "done" || deeds.includes("unreachable") || changesFlash(deeds);
}

function sameStart(bytes: Uint8Array, expected: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, expected.byteLength), expected) === 0;
}
