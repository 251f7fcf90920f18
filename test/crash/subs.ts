import type { InstallImage, InstallJob } from "../../src/components/hand-over.js";
import type { OtaAgent } from "../../hal/boards/main.js";
import type { Firmware } from "./cloud.js";
import type { Scheduler } from "../support/scheduler.js";
import type { Operation } from "./tears.js";
import type { SubView, World } from "./world.js";

/** What a scene is about where the board is a gateway: each of its sub-devices is offered the same file. */
export interface SubScene {
  readonly names: readonly string[];
  /** Of the scene's firmware. */
  readonly file: string;
  /** Their images wait in the slot that does not run, and not in an area of their own. */
  readonly slot?: boolean;
  readonly ends: readonly { readonly version: string; readonly result: RegExp }[];
}

export const SUB_PRODUCT = "E69UADXUYY";
export const OLD_SUB = "1.0.0";
export const AREA_KEY = "area";
/** Second byte of a record: its phase. */
const REPORTING = 3;
const PIECE_LENGTH = 1024;
/** For what the gateway stores a moment later. */
const CALM_MS = 5_000;

export interface SubDevicesOptions {
  readonly scene: SubScene;
  readonly firmware: Firmware;
  readonly world: World;
  /** Something happens outside of the board, and the power may go just then. */
  onMoment(): void;
  onBroken(what: string): void;
}

/** The sub-devices of one run. They have supplies of their own: what they took they keep, whatever is cut. */
export class SubDevices {
  readonly #options: SubDevicesOptions;
  #calmSince: number | undefined;
  #wholeOnce = false;

  constructor(options: SubDevicesOptions) {
    this.#options = options;
  }

  /** @param scheduler of this boot */
  attach(agent: OtaAgent, scheduler: Scheduler): void {
    this.#calmSince = undefined;
    for (const deviceName of this.#options.scene.names) {
      const view = this.#options.world.subs[deviceName] as SubView;
      const link = { version: () => view.version, install: (image: InstallImage, job: InstallJob) => this.#install(view, image, job, scheduler) };
      agent.gateway.add({ productId: SUB_PRODUCT, deviceName, link });
    }
  }

  /** The file was asked for from this byte on. */
  requested(offset: number): void {
    const { slot } = this.#options.scene;
    // The own firmware's update may have taken the slot meanwhile.
    if (offset === 0 && this.#wholeOnce && slot !== true) this.#options.onBroken("an image that was handed over is fetched once more");
  }

  /** @returns whether nothing is left to do, and was not for a while */
  ended(now: number): boolean {
    const { world, scene } = this.#options;
    const done = scene.names.every((name) => world.subs[name]?.task === undefined);
    if (!done || world.records[AREA_KEY]?.[1] === REPORTING) {
      this.#calmSince = undefined;
      return false;
    }
    this.#calmSince ??= now;
    return now - this.#calmSince > CALM_MS;
  }

  check(faulty: boolean): void {
    const { world, scene, onBroken } = this.#options;
    for (const name of scene.names) {
      const { version, results } = world.subs[name] as SubView;
      if (results.length > 1) onBroken(`different results of ${name}: ${results.join(" ")}`);
      const expected = scene.ends.some((end) => end.version === version && end.result.test(results[0] ?? ""));
      const failed = faulty && version === OLD_SUB && /"fail"/.test(results[0] ?? "");
      if (!expected && !failed) onBroken(`${name} ends with ${version} and ${results[0] ?? "no result was reported"}`);
    }
  }

  /** A piece a turn, as a slow bus would have it. */
  #install(view: SubView, image: InstallImage, job: InstallJob, scheduler: Scheduler): void {
    const { firmware, onBroken, onMoment } = this.#options;
    let at = image.acknowledged;
    if (at > (view.md5 === image.md5 ? view.taken : 0)) onBroken(`goes on from ${at}, and ${view.taken} bytes were taken`);
    if (view.md5 !== image.md5) view.taken = 0;
    view.md5 = image.md5;
    this.#wholeOnce = true;
    const turn = (): void => {
      const piece = new Uint8Array(PIECE_LENGTH);
      const count = image.read(at, piece);
      if (Buffer.compare(piece.subarray(0, count), firmware.bytes.subarray(at, at + count)) !== 0) onBroken("bytes that nobody offered are handed over");
      at += count;
      view.taken = Math.max(view.taken, at);
      if (at === image.size) view.version = image.version;
      onMoment();
      if (at === image.size) job.succeed();
      else {
        job.acknowledge(at);
        scheduler.set(turn, 1);
      }
    };
    scheduler.set(turn, 1);
  }
}

/** @returns what the platform says to a report about a sub-device */
export function hearSub(view: SubView, firmware: Firmware, text: string): { offers: boolean } {
  const { type, report } = JSON.parse(text) as { type: string; report: { version: string; progress?: { state: string } } };
  if (type === "report_version") return { offers: view.task !== undefined && report.version !== firmware.version };
  const state = report.progress?.state;
  if (state === "done" || state === "fail") {
    if (!view.results.includes(text)) view.results.push(text);
    view.task = undefined;
  }
  return { offers: false };
}

/** The record of a result is replaced or deleted: it was acknowledged. */
export function settleSub(world: World, operation: Operation, records: World["records"]): void {
  if (operation.kind !== "record" || operation.key !== AREA_KEY) return;
  const before = records[AREA_KEY];
  if (before?.[1] !== REPORTING || operation.bytes?.[1] === REPORTING) return;
  const text = Buffer.from(before).toString("latin1");
  for (const [name, view] of Object.entries(world.subs)) if (text.includes(`/${name}`)) view.settled = true;
}
