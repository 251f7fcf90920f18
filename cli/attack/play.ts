import { setTimeout as sleep } from "node:timers/promises";
import { SEAL_REFUSALS } from "../../cloud/rollout/reports.js";
import { SimulatedBoard } from "../../hal/boards/sim/board.js";
import { inspectSlots } from "../../hal/boards/sim/inspect.js";
import { chipIdOf } from "../../hal/boards/sim/flash-chip.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { dataPartition, readPartitionTable, SUBTYPE_DATA_NVS } from "../../hal/boards/sim/partition-table.js";
import { factoryFlash } from "../../hal/boards/sim/state-dir.js";
import type { Log, LogLevel } from "../../hal/ports/index.js";
import type { BoardFirmware } from "../engine.js";
import type { Attack } from "./attacks.js";
import { type Bait, type Reported, Stranger } from "./stranger.js";
import { PRODUCT, RUNNING_SECURITY, type Workshop } from "./workshop.js";

/** Longest wait for the end of an attack, in milliseconds. */
const LONGEST_MS = 60_000;
/** With one of these and a colon the message of a refusal begins. */
const REFUSALS = [...SEAL_REFUSALS, "wrong-base", "package-malformed"];
const DEVICE = { productId: PRODUCT, deviceName: "board_01" };
/** base64 of "0123456789abcdef": the stranger asks for none. */
const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";

/** How far an update came before the board said no. */
export type Stage = "offer" | "end of the file" | "download" | "flash" | "trial" | "not at all";

export interface Outcome {
  /** The code that the board answers with; empty if it took the image, or did not answer in time. */
  readonly code: string;
  readonly message: string;
  readonly stage: Stage;
  /** What runs after it all, and after the board was switched off and on again. */
  readonly runs: string;
}

export interface PlayOptions {
  readonly createFirmware: BoardFirmware;
  readonly log: Log;
  readonly logLevel: LogLevel;
  /** The board demands no seal, as one that does not use them. */
  readonly unsealed: boolean;
}

/** Plays one attack on a board of its own. */
export async function play(
  attack: Pick<Attack, "bait" | "board">,
  workshop: Workshop,
  options: PlayOptions,
): Promise<Outcome> {
  const stranger = await Stranger.start();
  const board = new Victim(stranger, workshop, options, attack.board ?? {});
  try {
    await board.connects();
    if (attack.board?.wiped === true) board.wipe();
    if (attack.board?.failedTrial === true) await board.failTrial(workshop);
    return await board.meet(attack.bait(workshop));
  } finally {
    board.switchOff();
    await stranger.stop();
  }
}

/** The board that is attacked. It has confirmed the version that runs. */
class Victim {
  readonly #stranger: Stranger;
  readonly #flash: NorFlash;
  readonly #board: SimulatedBoard;
  readonly #heard: Reported[] = [];
  #stage: Stage = "offer";
  /** A firmware on trial finds that it does not work. */
  #failsTrial = false;
  #cutInDownload = false;
  readonly #flashedAnew: Buffer | undefined;
  #cutsInApplying = 0;

  constructor(stranger: Stranger, workshop: Workshop, options: PlayOptions, board: Attack["board"] & {}) {
    const { createFirmware, log, logLevel, unsealed } = options;
    const trusted = board.revoked === true ? [workshop.two] : [workshop.one, workshop.two];
    this.#stranger = stranger;
    this.#cutInDownload = board.cutInDownload === true;
    this.#cutsInApplying = board.cutsInApplying ?? 0;
    stranger.onReport = (reported) => this.#heard.push(reported);
    this.#flash = factoryFlash(workshop.running());
    this.#flashedAnew = board.flashedAnew === true ? workshop.running(true) : undefined;
    this.#board = new SimulatedBoard({
      flash: this.#flash,
      firmware: createFirmware({
        log,
        logLevel,
        packages: true,
        config: {
          identity: { ...DEVICE, authentication: { mode: "KEY", deviceSecret: SECRET } },
          broker: { url: stranger.mqttUrl },
          selfTest: () => !this.#failsTrial,
          ...(unsealed || board.unsealed === true
            ? {}
            : {
                seal: { trusted: trusted.map(({ publicPem }) => publicPem) },
                ...(board.refusesLower === true ? {} : { allowDowngrade: true }),
              }),
        },
        onAgent: (agent) => {
          agent.on("progress", ({ bytes, size }) => {
            if (bytes > 0) this.#stage = "download";
            if (!this.#cutInDownload || 2 * bytes < size) return;
            this.#cutInDownload = false;
            setImmediate(() => this.#cut());
          });
          agent.on("state", ({ to }) => {
            if (to === "confirming") this.#stage = "trial";
            if (to !== "applying") return;
            this.#stage = "flash";
            if (this.#cutsInApplying-- > 0) setImmediate(() => this.#cut());
          });
        },
        onPanic: (reason) => this.#heard.push({ kind: "fail", version: "", message: `panic: ${reason}` }),
        onDead: (error) => this.#heard.push({ kind: "fail", version: "", message: error.message }),
      }),
      onDead: (error) => this.#heard.push({ kind: "fail", version: "", message: error.message }),
    });
    this.#board.powerOn();
  }

  /** Waits for the report of a version. @returns `undefined` if there is none in time */
  connects(): Promise<Reported | undefined> {
    return this.#hears(({ kind }) => kind === "version");
  }

  /** Waits for the result of an offer. An earlier one may be sent again, until its acknowledgement is stored. */
  #result(of: string): Promise<Reported | undefined> {
    return this.#hears(
      ({ kind, version }) => (kind === "fail" || kind === "done") && (version === of || version === ""),
    );
  }

  async #hears(wanted: (reported: Reported) => boolean): Promise<Reported | undefined> {
    const end = performance.now() + LONGEST_MS;
    while (performance.now() < end) {
      const found = this.#heard.find(wanted);
      this.#heard.length = 0;
      if (found !== undefined) return found;
      await sleep(5);
    }
    return undefined;
  }

  /** Erases the NVS, as by a cable. */
  wipe(): void {
    this.#board.cutPower();
    const { offset, size } = dataPartition(readPartitionTable(this.#flash), SUBTYPE_DATA_NVS, "nvs");
    this.#flash.erase(offset, size);
    this.#board.powerOn();
  }

  /** Takes a newer image of a higher security version, which finds in its trial that it does not work. */
  async failTrial(workshop: Workshop): Promise<void> {
    this.#failsTrial = true;
    const version = "1.9.0";
    const file = workshop.sealed({ version, security: RUNNING_SECURITY + 1 }, workshop.one.key);
    this.#offer({ version, file });
    await this.#result(version);
    this.#failsTrial = false;
    this.#stranger.takeAway();
    this.#stage = "offer";
  }

  async meet(bait: Bait): Promise<Outcome> {
    this.#offer(bait);
    const ended = await this.#result(bait.version);
    this.#stranger.takeAway();
    const stage = this.#stage === "offer" && this.#stranger.requests > 0 ? "end of the file" : this.#stage;
    this.switchOff();
    this.#heard.length = 0;
    this.#board.powerOn();
    const after = await this.connects();
    const runs = after?.version ?? inspectSlots(this.#flash, chipIdOf(this.#flash)).running.version ?? "nothing";
    if (ended?.kind !== "fail")
      return { code: "", message: ended === undefined ? "no answer" : "taken", stage: "not at all", runs };
    const code = REFUSALS.find((each) => ended.message.startsWith(`${each}: `)) ?? "";
    return { code, message: ended.message, stage, runs };
  }

  switchOff(): void {
    this.#board.cutPower();
  }

  /** The offer comes with the answer to the report of a version, which the board makes when it connects. */
  #offer(bait: Bait): void {
    this.#stranger.lay(bait);
    this.#board.cutPower();
    this.#heard.length = 0;
    this.#board.powerOn();
  }

  #cut(): void {
    this.#board.cutPower();
    this.#stranger.onCut();
    if (this.#flashedAnew !== undefined) {
      // A new board runs from its first slot.
      const slot = readPartitionTable(this.#flash).find(({ label }) => label === "ota_0");
      if (slot === undefined) throw new Error("the board has no slot ota_0");
      this.#flash.erase(slot.offset, slot.size);
      this.#flash.program(this.#flashedAnew, slot.offset);
    }
    setTimeout(() => this.#board.powerOn(), 20);
  }
}
