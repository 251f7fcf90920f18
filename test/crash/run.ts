import { createDevice, OtaAgent } from "../../hal/boards/main.js";
import { plans } from "../../src/components/part.js";
import { gateway } from "../../src/gateway/part.js";
import { packages } from "../../src/package/part.js";
import { seal } from "../../src/seal/part.js";
import type { Log } from "../../hal/ports/index.js";
import { createCrashBoard } from "./board.js";
import { bootLoader, isSound } from "./boot.js";
import { Cloud } from "./cloud.js";
import type { Firmware } from "./firmware.js";
import { Person, settlePerson } from "./person.js";
import { Scheduler } from "../support/scheduler.js";
import type { Scene } from "./scenes.js";
import { AREA_KEY, isComponents, NOT_ENOUGH_SPACE, settleSub, SubDevices } from "./subs.js";
import { PackageRules } from "./package-rules.js";
import { SealRules } from "./seal-rules.js";
import { FLOOR_KEY, type Operation, perform } from "./tears.js";
import { wholeBlocksOf } from "./whole-blocks.js";
import { AREA, cloneWorld, type Slot, SLOT_LABELS, type Room, type World } from "./world.js";

/** The key-value store is full when this operation comes: for it alone, or from then on. */
export interface Refusal {
  readonly operation: number;
  readonly mode: Exclude<Room, "free">;
}

export interface RunOptions {
  readonly scene: Scene;
  /** The run changes it: hand over a copy. */
  readonly world: World;
  /** Called with each operation before it is done; returns true if it did the operation itself. */
  onOperation?(operation: Operation, index: number, world: World): boolean;
  /** A fault was injected on the way here: the agent may then fetch stored bytes again. */
  readonly faulty?: boolean;
  readonly refusal?: Refusal | undefined;
  readonly log?: Log;
  onBoot?(slot: number, version: string): void;
}

/** More turns than any update takes: a run that reaches them hangs. */
const TURN_LIMIT = 20_000;
const VIRTUAL_LIMIT_MS = 24 * 3_600_000;
/** A region, then the last and the next block of a resume. */
const ERASES_PER_BLOCK = 3;
const BOOT_LIMIT = 8;
/** Longer than any of the agent's waits. */
const CALM_MS = 600_000;
/** Second byte of a record: its phase. */
const REPORTING = 3;

const SILENT: Log = () => {};

/**
 * Powers the board on with this world and runs to the end of its job without a further cut. @returns what went wrong
 */
export function runToEnd(options: RunOptions): string[] {
  return new Run(options).go();
}

class Run {
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #broken: string[] = [];
  readonly #cloud: Cloud;
  readonly #subs: SubDevices | undefined;
  readonly #seals: SealRules | undefined;
  readonly #packages: PackageRules | undefined;
  #person: Person | undefined;
  /** Blocks of the offered image that were whole at the start. */
  readonly #wholeBlocks: { readonly own: number; readonly sub: number };
  readonly #erases = new Map<string, number>();
  #operations = 0;
  /** A record was not written, although the chip reported success. */
  #recordLost = false;
  #calmSince: number | undefined;
  /** Whether this run has requested bytes of the own image, and of a sub-device's. */
  readonly #requested = { own: false, sub: false };
  #lastReport = "";

  constructor(options: RunOptions) {
    const { scene, world } = options;
    this.#options = options;
    this.#world = world;
    this.#wholeBlocks = { own: wholeBlocksOf(world, scene, "job"), sub: wholeBlocksOf(world, scene, AREA_KEY) };
    if (scene.seal !== undefined) {
      this.#seals = new SealRules({ world, seal: scene.seal, onBroken: (what) => this.#break(what) });
    }
    if (scene.packages === true) {
      this.#packages = new PackageRules({
        world,
        firmware: scene.firmware,
        wholeBlocks: this.#wholeBlocks.own,
        mayRepeat: () => options.faulty === true || world.cloud.act > 0 || scene.refetches === true,
        onBroken: (what) => this.#break(what),
      });
    }
    const firmware = scene.firmware[scene.subs?.file ?? ""];
    if (scene.subs !== undefined && firmware !== undefined) {
      const [onMoment, onBroken] = [() => this.#change({ kind: "moment" }), (what: string) => this.#break(what)];
      const onInstalling = (): void => this.#person?.sees("install");
      const installed = scene.firmware[scene.subs.runs ?? ""]?.image;
      this.#subs = new SubDevices({ scene: scene.subs, firmware, installed, world, onMoment, onInstalling, onBroken });
    }
    this.#cloud = new Cloud({
      view: world.cloud,
      firmware: scene.firmware,
      accepts: scene.accepts,
      served: scene.served,
      tags: scene.tags === true,
      rangeless: scene.rangeless === true,
      breaks: scene.breaks === true,
      ...(scene.seal === undefined ? {} : { sealEnd: scene.seal.end ?? "served" }),
      retries: scene.retries === true,
      losses: scene.losses ?? [],
      onReport: (view, word) => {
        this.#lastReport = word;
        if (word === `version ${this.#cloud.runningVersion}`) this.#subs?.ownReported();
        scene.onReport(view, word);
      },
      onResult: (text) => this.#onResult(text),
      onLoss: () => this.#change({ kind: "moment" }),
      subs: world.subs,
      subScene: scene.subs,
      manifests: scene.manifests ?? {},
      onSubReport: (name, text) => this.#onSubReport(name, text),
      onRequest: (offset, version) => this.#onRequest(offset, version),
    });
  }

  go(): string[] {
    for (let boots = 0; boots < BOOT_LIMIT; boots++) {
      if (this.#boot()) return this.#broken;
    }
    this.#break("it restarts for ever");
    return this.#broken;
  }

  /** @returns whether the run is over */
  #boot(): boolean {
    const { scene, log = SILENT, onBoot } = this.#options;
    const world = this.#world;
    const scheduler = new Scheduler();
    const running = bootLoader(world, (operation) => this.#change(operation));
    if (running < 0) {
      this.#break("no image boots");
      return true;
    }
    const version = this.#versionOf(running);
    if (version === undefined) return true;
    onBoot?.(running, version);
    this.#seals?.boots(running);
    this.#packages?.boots(running);
    this.#cloud.runningVersion = version;
    let restarting = false;
    const modules = createCrashBoard({
      world,
      running,
      scheduler,
      servers: this.#cloud,
      change: (operation) => this.#change(operation),
      onBroken: (what) => this.#break(what),
      restart: () => {
        restarting = true;
        scheduler.stop();
      },
    });
    const agent = new OtaAgent({
      device: createDevice(modules, log),
      parts: {
        gateway,
        plans,
        seal: scene.seal === undefined ? undefined : seal,
        packages: scene.packages === true ? packages : undefined,
      },
      config: {
        identity: {
          productId: "ABCDE12345",
          deviceName: "board_01",
          authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
        },
        broker: { url: "mqtt://broker.test" },
        policy: scene.plans?.policy ?? scene.policy,
        selfTest: scene.selfTest,
        seal: scene.seal && { trusted: scene.seal.trusted },
        ...(this.#subs === undefined || isComponents(scene.subs)
          ? {}
          : { gateway: { staging: scene.subs?.slot === true ? "slot" : "partition" } }),
      },
    });
    this.#subs?.attach(agent, scheduler);
    if (scene.plans !== undefined) {
      const { script } = scene.plans;
      this.#person = new Person({
        agent,
        world,
        script,
        now: () => scheduler.now,
        onBroken: (what) => this.#break(what),
      });
    }
    agent.start();
    for (let turns = 0; turns < TURN_LIMIT && scheduler.now < VIRTUAL_LIMIT_MS; turns++) {
      if (this.#ended(agent.state, version, scheduler.now) && this.#subs?.ended(scheduler.now) !== false) {
        this.#checkNextBoot(running);
        this.#checkEnd(version, scene);
        if (this.#options.faulty !== true) this.#seals?.ended();
        this.#subs?.check(this.#options.faulty === true);
        return true;
      }
      if (!scheduler.turn()) break;
      if (restarting) return false;
    }
    this.#break(`it does not end: ${agent.state} after ${scheduler.now} ms, last report ${this.#lastReport}`);
    return true;
  }

  /** The image that boots is one that was offered, or the factory's, byte for byte. */
  #versionOf(running: number): string | undefined {
    const { bytes } = this.#world.slots[running] as Slot;
    const { firmware: offered, subs } = this.#options.scene;
    for (const [name, firmware] of Object.entries(offered)) {
      if (name !== subs?.file && firmware.image.every((byte, index) => byte === bytes[index])) return firmware.version;
    }
    this.#break(`slot ${SLOT_LABELS[running]} boots bytes that nobody offered`);
    return undefined;
  }

  #ended(state: string, version: string, now: number): boolean {
    const { cloud } = this.#world;
    const told = this.#lastReport === `version ${version}` || this.#lastReport.startsWith("fail");
    if (this.#recordLost) {
      this.#calmSince = state === "idle" && told ? (this.#calmSince ?? now) : undefined;
      return this.#calmSince !== undefined && now - this.#calmSince > CALM_MS;
    }
    return cloud.task === undefined && state === "idle" && this.#settled() && told;
  }

  /**
   * If the result could not be stored, a cut may leave the record of what is in the slot: the next offer begins
   * there. So it does after a cut during the trial.
   */
  #settled(): boolean {
    const { cloud, records, room } = this.#world;
    const record = records["job"];
    if (record === undefined) return true;
    const keeps =
      this.#options.scene.keeps === true || room !== "free" || /during its trial/.test(cloud.results[0] ?? "");
    return keeps && record[1] !== REPORTING;
  }

  /** What was reported is what stays. */
  #checkNextBoot(running: number): void {
    const world = cloneWorld(this.#world);
    const next = bootLoader(world, (operation) => perform(world, operation));
    if (next !== running) this.#break(`it runs ${SLOT_LABELS[running]}, and the next boot ${SLOT_LABELS[next]}`);
  }

  #checkEnd(version: string, { ends }: Scene): void {
    const { results } = this.#world.cloud;
    const faulty = this.#options.faulty === true;
    if (![0, 1].some((slot) => isSound(this.#world, slot))) this.#break("no sound image is left");
    // The own firmware has no part in the scene.
    if (ends.length === 0) return;
    // The platform learns the end from the version alone, which is the last report.
    if (results.length === 0 && this.#recordLost) return;
    if (results.length === 0) this.#break("no result was reported");
    if (new Set(results).size > 1) this.#break(`different results: ${results.join(" ")}`);
    const expected = ends.some((end) => version === end.version && end.result.test(results[0] ?? ""));
    const refused =
      this.#world.room !== "free" &&
      NOT_ENOUGH_SPACE.test(results[0] ?? "") &&
      !results[0]?.includes(`"version":"${version}"`);
    const failed = refused || (faulty && /"fail"/.test(results[0] ?? ""));
    if (!expected && !failed) this.#break(`ends with ${version} and ${results[0]}`);
  }

  #onResult(text: string): void {
    if (this.#world.settled) this.#break(`a result after its acknowledgement was stored: ${text}`);
  }

  #onSubReport(name: string, text: string): void {
    this.#subs?.reported(name, text);
    if (/"(done|fail)"/.test(text) && this.#world.subs[name]?.settled === true) {
      this.#break(`a result after its acknowledgement was stored: ${text}`);
    }
  }

  #onRequest(offset: number, name: string): void {
    const isSub = name === this.#options.scene.subs?.file;
    const whose = isSub ? "sub" : "own";
    const isFirst = !this.#requested[whose];
    this.#requested[whose] = true;
    if (isSub) this.#subs?.requested(offset);
    if (!isSub) this.#packages?.answers(offset);
    if (!isFirst || this.#options.faulty === true || !(isSub || name === this.#world.cloud.task)) return;
    const { bytes, image } = this.#options.scene.firmware[name] as Firmware;
    // Nobody can know that what a package has made is the beginning of the file that replaced it.
    if (bytes !== image || (this.#packages !== undefined && this.#world.cloud.act > 0)) return;
    const { blockLength } = this.#world.geometry;
    const again = this.#wholeBlocks[whose] * blockLength - offset;
    if (again > blockLength) this.#break(`${again} bytes that were stored are fetched again`);
  }

  #change(operation: Operation): void {
    const world = this.#world;
    if (operation.kind === "erase") this.#person?.sees("download");
    if (operation.kind === "entry" && operation.entry?.state === "new") this.#person?.sees("install");
    if (
      operation.kind === "erase"
        ? operation.slot !== AREA
        : operation.kind === "entry" && operation.entry?.state === "new"
    ) {
      this.#subs?.ownGoesOn();
    }
    this.#seals?.changes(operation);
    this.#packages?.changes(operation);
    if (operation.kind === "erase") this.#countErases(operation.slot, operation.offset, operation.byteLength);
    if (operation.kind === "record") this.#checkRecord(operation.key, operation.bytes);
    if (operation.kind === "record" && operation.bytes !== undefined) this.#refuse();
    const before = { ...world.records };
    const done = this.#options.onOperation?.(operation, this.#operations++, world) === true;
    if (!done) perform(world, operation);
    else if (operation.kind === "record") this.#recordLost = true;
    if (!done || operation.kind !== "record") settle(world, operation, before);
  }

  /** A write that is refused for want of room changes nothing and is no operation, except the named one. */
  #refuse(): void {
    const { refusal } = this.#options;
    const world = this.#world;
    const named = refusal?.operation === this.#operations;
    if (!named && world.room !== "full") return;
    if (named) {
      this.#operations++;
      world.room = refusal.mode;
    }
    throw new Error("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
  }

  #checkRecord(key: string, bytes: Uint8Array | undefined): void {
    const { subs, plans, seal: seals } = this.#options.scene;
    const known =
      key === "job" ||
      (subs !== undefined && /^(area|handed)$/.test(key)) ||
      (isComponents(subs) ? /^(blocked|plans)$/.test(key) : subs !== undefined && key === "subs0") ||
      (plans !== undefined && key === "plans") ||
      (seals !== undefined && key === FLOOR_KEY);
    if (!known) this.#break(`a record called ${key}`);
    if ((bytes?.byteLength ?? 0) > 508) this.#break(`a record of ${bytes?.byteLength} bytes`);
  }

  #countErases(slot: number, offset: number, byteLength: number): void {
    for (let at = offset; at < offset + byteLength; at += this.#world.geometry.blockLength) {
      const key = `${slot} ${at}`;
      const count = (this.#erases.get(key) ?? 0) + 1;
      this.#erases.set(key, count);
      // A block of an area that both use in turn is erased for each of them.
      if (
        count > ERASES_PER_BLOCK * (this.#options.scene.subs?.slot === true ? 3 : 1) &&
        this.#options.faulty !== true
      ) {
        this.#break(`block at ${at} is erased ${count} times`);
      }
    }
  }

  #break(what: string): void {
    this.#broken.push(what);
  }
}

/** After the cloud has a result, the record that is deleted or replaced was waiting for just that. */
export function settle(world: World, operation: Operation, before: World["records"]): void {
  settleSub(world, operation, before);
  settlePerson(world, operation, before);
  if (
    operation.kind !== "record" ||
    operation.key !== "job" ||
    world.cloud.results.length === 0 ||
    world.cloud.task !== undefined
  ) {
    return;
  }
  const keeps = before["job"]?.[1] === REPORTING && operation.bytes?.[1] !== REPORTING;
  if (operation.bytes === undefined || keeps) world.settled = true;
}
