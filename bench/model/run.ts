import { createDevice, OtaAgent } from "../../hal/boards/main.js";
import type { BoardModules } from "../../hal/ecma419/modules.js";
import { FaultBoard } from "../../test/fault/board.js";
import type { CutPlan } from "../../test/fault/chip.js";
import { fileOf, fileWith, NEW, OLD } from "../../test/fault/files.js";
import { BROKER, Outside } from "../../test/fault/outside.js";
import type { Scenario } from "../../test/fault/scenario.js";
import { type ChipOperation, SimChip, SLOT_0_ADDRESS } from "../../test/fault/sim-chip.js";
import type { PackedUpdate } from "../../test/support/packed-update.js";
import { SeededRandom } from "../../test/support/seed.js";
import { packages } from "../../src/package/part.js";
import { type Computing, createTimedDigest, makingMs } from "./computing.js";
import { createIdealTcp } from "./ideal-tcp.js";
import { TimedLink } from "./link.js";
import { type LinkSettings, SHIPPED } from "./link-settings.js";
import { BLOCK_LENGTH, eraseMs, type Profile, programMs, readMs } from "./profiles.js";
import { Radio } from "./radio.js";
import { createTimedTcp } from "./tcp.js";
import { createTimedTls, withRecords } from "./tls.js";
import { Trace } from "./trace.js";

export interface TimedRunOptions {
  readonly profile: Profile;
  /** Bytes in the image. */
  readonly byteLength: number;
  /** If it is given, the image comes as that. */
  readonly packed?: PackedUpdate;
  /** What the processor does for each byte of the image; default: nothing that takes time, nor do digests. */
  readonly computing?: Computing;
  /** Cuts the power inside the change to the flash with this number; the mode selects what the change leaves behind. */
  readonly cut?: { readonly operation: number; readonly mode: number } | undefined;
  /** Seconds; default 120. */
  readonly keepaliveSeconds?: number;
  /** Default: what the package sets. */
  readonly settings?: LinkSettings;
  /** With a network as no board has it, for a bound: see createIdealTcp. */
  readonly ideal?: boolean;
  /** Bytes that the server puts into a TLS record; if absent there are no records. */
  readonly fragmentLength?: number;
}

/** One boot: what happened, in milliseconds since it began. */
export interface TimedBoot {
  readonly trace: Trace;
  /** Time at which the agent accepted the offer. */
  readonly offeredMs: number | undefined;
  /** Time at which the image was made pending; the measurement ends there. */
  readonly pendingMs: number | undefined;
  /** Offset of the first byte of each request for the file. */
  readonly requests: readonly number[];
  /** Time at which the first byte of the file was in the receive window. */
  readonly firstByteMs: number | undefined;
  /** Longest delay of a callback of the thread. */
  readonly latestMs: number;
  readonly endMs: number;
  /** Count of CONNECT packets at the broker. */
  readonly connects: number;
  readonly keyValueWrites: number;
  /** Count of frames that found no buffer. */
  readonly lostFrames: number;
  /** When the power was cut, all bytes before this offset were programmed, by this boot or an earlier one. */
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
  #board: FaultBoard | undefined;
  #trace = new Trace();
  #radio: Radio | undefined;
  #elapsedMs = 0;
  #changes = 0;
  #pendingMs: number | undefined;
  #storedEnd = 0;
  /** End of the block that is being programmed. */
  #programmingEnd = 0;

  constructor(options: TimedRunOptions) {
    const { byteLength, packed } = options;
    const file = packed?.file;
    this.#options = options;
    this.#chip = new SimChip({
      factory: packed?.base ?? fileOf(OLD, FACTORY_LENGTH).bytes,
      slotLength: Math.ceil(byteLength / BLOCK_LENGTH) * BLOCK_LENGTH,
      cutPlan: this.#planCut,
      onOperation: (operation) => this.#pass(operation),
    });
    const scenario: Scenario = {
      name: "timed",
      size: byteLength,
      url: `https://files.test/${NEW}`,
      always: { pace: { bytes: file?.byteLength ?? byteLength, everyMs: 0 } },
    };
    this.#outside = new Outside({
      scenario,
      files: (version) => (file === undefined ? undefined : fileWith(version, file, packed?.result)),
      blockLength: this.#chip.blockLength,
      slotLength: this.#chip.slotLength,
      now: () => this.#nowMs,
      cutAt: () => this.#elapsedMs,
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

  /** Runs until the image is pending; if there is a power cut, through more than one boot. */
  static go(options: TimedRunOptions): TimedRun {
    const run = new TimedRun(options);
    while (run.#pendingMs === undefined) run.#boot();
    return run;
  }

  get last(): TimedBoot {
    return this.boots.at(-1) as TimedBoot;
  }

  /** Address of the slot that the image goes to. */
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
    let reported = words;
    while (power.on && this.#pendingMs === undefined && scheduler.turn()) {
      if (scheduler.turns > TURN_LIMIT) throw new Error("it does not end");
      for (; reported < this.#outside.platform.words.length; reported++) {
        trace.reports.push({ atMs: scheduler.now, word: this.#outside.platform.words[reported] as string });
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
      lostFrames: this.#radio?.lost ?? 0,
      storedEnd: this.#storedEnd,
    });
    this.#elapsedMs = this.#nowMs;
    this.#board = undefined;
    power.cut();
  }

  #timed(modules: BoardModules, { scheduler }: FaultBoard): BoardModules {
    const { profile, settings = SHIPPED, ideal = false, fragmentLength, computing } = this.#options;
    const trace = this.#trace;
    const link = new TimedLink({ scheduler, link: profile.link, segmentLength: settings.mss });
    const radio = (this.#radio = new Radio(settings));
    const servers =
      fragmentLength === undefined ? this.#outside : withRecords(this.#outside, FILE_PORT, fragmentLength);
    const tcp = { scheduler, servers, link, settings, radio, trace };
    const { boot } = modules.platform;
    const { Digest } = modules;
    return {
      ...modules,
      Digest: Digest && computing ? createTimedDigest(Digest, { ...computing, scheduler }) : Digest,
      TCP: ideal ? createIdealTcp(tcp) : createTimedTcp(tcp),
      TLS: createTimedTls({
        scheduler,
        roundTripMs: link.roundTripMs,
        records: fragmentLength !== undefined,
        trace,
      }),
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
    const { keepaliveSeconds, packed } = this.#options;
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
      parts: packed === undefined ? {} : { packages },
    });
  }

  /** Lets an operation take its time, in which nothing else runs. Those of the boot loader are not measured. */
  #pass({ kind, erases, address, byteLength }: ChipOperation): void {
    const scheduler = this.#board?.scheduler;
    if (scheduler === undefined) return;
    const { profile, computing } = this.#options;
    const { flash } = profile;
    // What JavaScript did for a block takes its time before the block is programmed; the network goes on meanwhile.
    if (kind === "program" && computing !== undefined) {
      scheduler.block(makingMs(computing.making, byteLength, computing.processor));
    }
    const startMs = scheduler.now;
    this.#radio?.stop();
    if (kind === "read") scheduler.block(readMs(flash, byteLength));
    else scheduler.block(erases ? eraseMs(flash, address, byteLength) : programMs(flash, address, byteLength));
    if (kind !== "read") this.#storedEnd = Math.max(this.#storedEnd, this.#programmingEnd);
    if (kind === "program") this.#programmingEnd = address + byteLength - this.#targetAddress;
    const endMs = scheduler.now;
    this.#radio?.resume();
    this.#trace.flash.push({ kind, erases, startMs, endMs, address, byteLength, turn: scheduler.turns });
  }

  readonly #planCut: CutPlan = () => {
    const { cut } = this.#options;
    if (this.#board === undefined || cut === undefined || this.#changes++ !== cut.operation) return undefined;
    return cut.mode;
  };
}

/**
 * The server sends the head and the body as separate pieces, so the second piece begins with the first byte of the
 * body.
 */
function firstBodyByteMs(trace: Trace): number | undefined {
  return trace.wire.filter(({ port, direction }) => port === FILE_PORT && direction === "in")[1]?.atMs;
}
