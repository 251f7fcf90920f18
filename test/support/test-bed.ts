import { type Chip, ESP32 } from "../../hal/boards/family/chips.js";
import { SimulatedBoard } from "../../hal/boards/sim/board.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import type { SecureVersionEfuse } from "../../hal/boards/sim/efuse.js";
import { type BoardReport, inspectSlots, readPartition, readRecord } from "../../hal/boards/sim/inspect.js";
import type { AttachedComponent, AttachedSubDevice } from "../../hal/boards/sim/main.js";
import type { Surroundings } from "../../hal/boards/sim/platform.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { factoryFlash } from "../../hal/boards/sim/state-dir.js";
import type { OtaConfig } from "../../src/index.js";
import type { Checkpoint } from "../../src/update/machine/types.js";
import type { Engine, RunningAgent } from "./engines.js";
import { type Firmware, hurried } from "./hurried.js";
import { FaultServer } from "./fault-server.js";
import { CollectedLog } from "./log.js";
import { decodeCheckpoint } from "./records.js";
import { type TestOffer, TestPlatform } from "./test-platform.js";

export const DEVICE = { productId: "ABCDE12345", deviceName: "board_01" };
/** base64 of "0123456789abcdef". */
export const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";

export interface TestBedOptions {
  /** What runs the agent. */
  readonly engine: Engine;
  readonly image?: Uint8Array;
  /** The board's chip; default: the ESP32. */
  readonly chip?: Chip;
  readonly config?: Partial<OtaConfig>;
  /** Sub-devices behind the board, whose configuration makes it a gateway then. */
  readonly subDevices?: readonly AttachedSubDevice[];
  readonly components?: readonly AttachedComponent[];
  /** Whether the agent has the part `control`. */
  readonly control?: boolean;
  /** Whether it has the part `packages`. */
  readonly packages?: boolean;
  /** What the board runs when it leaves the factory; default: a small image of version 0.1.0. */
  readonly factory?: Uint8Array;
  readonly surroundings?: Surroundings;
  /** The board has no native code for signatures. */
  readonly withoutSignatures?: boolean;
  /** ESP-IDF's anti-rollback is on. */
  readonly efuse?: SecureVersionEfuse;
  /** The board waits for the platform before it restarts, in real time. */
  readonly unhurried?: boolean;
  /** Brings a platform and server of its own, already started. */
  readonly platform?: TestPlatform;
  readonly server?: FaultServer;
}

/** A board, a platform and a file server, on real sockets. */
export class TestBed {
  readonly platform: TestPlatform;
  readonly server: FaultServer;
  readonly image: Uint8Array;
  readonly flash: NorFlash;
  readonly board: SimulatedBoard;
  readonly #chipId: number;
  readonly logged = new CollectedLog();
  readonly boots: string[] = [];
  /** Called with the agent of each boot before it starts. */
  onAgent: (agent: RunningAgent) => void = () => {};
  /** The agent of the newest boot, once there is one. */
  agent: RunningAgent | undefined;
  dead: Error | undefined;
  /** Bytes in flash, as the running agent reports them. */
  progress = 0;
  /** Bytes in flash at the time of each request to the file server but the first. */
  readonly programmed: number[] = [];

  private constructor(options: TestBedOptions, platform: TestPlatform, server: FaultServer, image: Uint8Array) {
    this.platform = platform;
    this.server = server;
    this.image = image;
    this.#chipId = (options.chip ?? ESP32).id;
    const factory = buildAppImage({ version: "0.1.0", byteLength: 4096, seed: 1, chipId: this.#chipId });
    this.flash = factoryFlash(options.factory ?? factory);
    const hurry = options.unhurried === true ? (firmware: Firmware): Firmware => firmware : hurried;
    const { efuse, withoutSignatures: strips = false } = options;
    this.board = new SimulatedBoard({
      flash: this.flash,
      surroundings: options.surroundings,
      efuse,
      firmware: hurry(
        withoutSignatures(
          strips,
          options.engine.firmware({
            log: this.logged.log,
            subDevices: options.subDevices ?? [],
            components: options.components ?? [],
            control: options.control === true,
            packages: options.packages === true,
            config: {
              identity: { ...DEVICE, authentication: { mode: "KEY", deviceSecret: SECRET } },
              broker: { url: platform.url },
              ...options.config,
            },
            onAgent: (agent) => {
              this.agent = agent;
              agent.on("progress", ({ bytes }) => (this.progress = bytes));
              this.onAgent(agent);
            },
            onCrash: (error) => (this.dead = error),
          }),
        ),
      ),
      onBoot: ({ label }) => {
        this.agent = undefined;
        this.boots.push(label);
      },
      onDead: (error) => (this.dead = error),
    });
  }

  static async start(options: TestBedOptions): Promise<TestBed> {
    const image = options.image ?? imageOf("0.2.0", 200 * 1024);
    const platform = options.platform ?? new TestPlatform();
    if (options.platform === undefined) await platform.start();
    const server = options.server ?? new FaultServer(image);
    if (options.server === undefined) await server.start();
    const bed = new TestBed(options, platform, server, image);
    server.onRequest = () => {
      if (server.requests.length > 1) bed.programmed.push(bed.progress);
    };
    return bed;
  }

  async stop(): Promise<void> {
    void this.agent?.stop();
    this.board.cutPower();
    await this.platform.stop();
    await this.server.stop();
  }

  /** The offer of the served file, with a URL that is new each time. */
  offer(version = "0.2.0"): TestOffer {
    const sign = `sign=${Math.floor(performance.now() * 1000)}`;
    return {
      version,
      url: `${this.server.url}?${sign}`,
      md5sum: this.server.md5,
      file_size: this.server.file.byteLength,
    };
  }

  /** Powers the board on with an update pending, and waits for the end of it. */
  async update(): Promise<void> {
    this.platform.pending ??= () => this.offer();
    this.board.powerOn();
    await this.ended();
  }

  /** A result was reported and acknowledged, and after a success the new version. */
  async ended(): Promise<void> {
    await this.until("result", () => {
      const words = this.platform.words();
      const result = words.findIndex((word) => word === "done" || word.startsWith("fail"));
      if (result < 0 || this.checkpoint()?.phase === "reporting") return false;
      return words[result] !== "done" || words.slice(result + 1).some((word) => word.startsWith("version"));
    });
  }

  async until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!condition()) {
      if (this.dead !== undefined) throw new Error(`the board died: ${this.dead.message}`);
      if (performance.now() > end) {
        throw new Error(
          `no ${what} within ${timeoutMs} ms\n${this.platform.words().join("\n")}\n${this.logged.lines.join("\n")}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  slots(): BoardReport {
    return inspectSlots(this.flash, this.#chipId);
  }

  /** Bytes at the start of a slot. */
  slot(label: string, byteLength: number): Uint8Array {
    return readPartition(this.flash, label, byteLength) as Uint8Array;
  }

  checkpoint(): Checkpoint | undefined {
    const record = readRecord(this.flash, "ota", "job");
    return record === undefined ? undefined : decodeCheckpoint(record);
  }
}

/** The same firmware on a board without native code for signatures, if `strips`. */
function withoutSignatures(strips: boolean, firmware: Firmware): Firmware {
  if (!strips) return firmware;
  return (modules, power) => firmware({ ...modules, platform: { ...modules.platform, verifyP256: undefined } }, power);
}

export function imageOf(version: string, byteLength: number, seed = 1): Uint8Array {
  return buildAppImage({ version, byteLength, seed });
}
