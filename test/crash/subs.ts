import type { InstallImage, InstallJob } from "../../src/staging/installation.js";
import type { OtaAgent } from "../../hal/boards/main.js";
import { type Firmware, firmwareOf } from "./firmware.js";
import type { Scheduler } from "../support/scheduler.js";
import type { Operation } from "./tears.js";
import type { SubView, World } from "./world.js";

/** A scene in which others are updated through the board: each of them is offered the same file. */
export interface SubScene {
  readonly names: readonly string[];
  /**
   * They are no sub-devices of a gateway, but components: the application adds them, and each is named by a prefix of
   * the version. `mute`: the application cannot ask it for its version. `refusing`: the first of them refuses an image
   * once, when it has all of it; `lying`: then it reports that it took the image, but runs the old one.
   */
  readonly components?: "asked" | "mute" | "refusing" | "lying";
  readonly dependsOn?: { readonly [name: string]: readonly string[] };
  /** Name of one of the scene's firmware files. */
  readonly file: string;
  /** Their images wait in the slot that does not run, and not in an area of their own. */
  readonly slot?: boolean;
  /** Name of the firmware file that they run at first, if the application can read what they run. */
  readonly runs?: string;
  readonly ends: readonly { readonly version: string; readonly result: RegExp }[];
}

export const SUB_PRODUCT = "E69UADXUYY";
export const OLD_SUB = "1.0.0";
export const AREA_KEY = "area";
/** Second byte of a record: its phase. */
const REPORTING = 3;
export const NOT_ENOUGH_SPACE = /"fail".*"-5".*ESP_ERR_NVS_NOT_ENOUGH_SPACE/;
const CRC_LENGTH = 4;
const PIECE_LENGTH = 1024;
/** Long enough for a reconnection. */
const MISTAKEN_MS = 120_000;
/** Time for what the gateway stores a moment later. */
const CALM_MS = 5_000;

export interface SubDevicesOptions {
  readonly scene: SubScene;
  readonly firmware: Firmware;
  /** What they run at first. */
  readonly installed: Uint8Array | undefined;
  readonly world: World;
  /** Something happens outside of the board, and the power may go just then. */
  onMoment(): void;
  /** An image is handed over to one of them. */
  onInstalling(): void;
  onBroken(what: string): void;
}

/** The sub-devices of one run. They have their own power supply: a cut of the board takes nothing from them. */
export class SubDevices {
  readonly #options: SubDevicesOptions;
  /** Sub-devices whose success was reported in this run, and whose version was not reported since. */
  readonly #owing = new Set<string>();
  /** Time at which the platform got the version of a component, which it may take for the device's. */
  #mistakenSince: number | undefined;
  #now = (): number => 0;
  #calmSince: number | undefined;
  #wholeOnce = false;

  constructor(options: SubDevicesOptions) {
    this.#options = options;
  }

  /** @param scheduler the scheduler of this boot */
  attach(agent: OtaAgent, scheduler: Scheduler): void {
    this.#calmSince = undefined;
    this.#mistakenSince = undefined;
    this.#now = () => scheduler.now;
    for (const deviceName of this.#options.scene.names) {
      const view = this.#options.world.subs[deviceName] as SubView;
      const link = {
        version: () => view.version,
        install: (image: InstallImage, job: InstallJob) => this.#install(view, image, job, scheduler),
        ...this.#reading(view),
      };
      const { components, dependsOn } = this.#options.scene;
      if (components === undefined) {
        agent.gateway.add({ productId: SUB_PRODUCT, deviceName, link });
      } else {
        agent.components.add({
          id: deviceName,
          ...link,
          dependsOn: dependsOn?.[deviceName],
          ...(components === "mute" ? { version: OLD_SUB } : {}),
        });
      }
    }
  }

  /** The platform gets a version, or the state of a job. */
  reported(name: string, text: string): void {
    if (/"state":"done"/.test(text)) this.#owing.add(name);
    if (!/"report_version"/.test(text)) return;
    this.#owing.delete(name);
    if (this.#options.scene.components !== undefined) this.#mistakenSince ??= this.#now();
  }

  /** The platform gets the own version. */
  ownReported(): void {
    const late = this.#mistakenSince !== undefined && this.#now() - this.#mistakenSince > MISTAKEN_MS;
    if (late) this.#options.onBroken("the platform has a component's version for the device's");
    this.#mistakenSince = undefined;
  }

  /** The own firmware's slot is about to be erased, or made pending. */
  ownGoesOn(): void {
    const { world, scene, onBroken } = this.#options;
    if (isComponents(scene) && Object.values(world.subs).some(({ task }) => task !== undefined)) {
      onBroken("the own firmware does not wait for a component");
    }
  }

  /** The file was asked for from this byte on. */
  requested(offset: number): void {
    const { slot } = this.#options.scene;
    // The own firmware's update may have taken the slot meanwhile.
    if (offset === 0 && this.#wholeOnce && slot !== true) {
      this.#options.onBroken("an image that was handed over is fetched once more");
    }
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
    for (const name of this.#owing) onBroken(`${name} is done, and its version is not told`);
    if (!faulty && scene.components !== undefined) this.#checkHeldBack();
    for (const key of ["handed", "blocked"]) {
      if (world.records[key] !== undefined && world.room === "free") onBroken(`record ${key} is left`);
    }
    for (const name of scene.names) {
      const { version, results } = world.subs[name] as SubView;
      if (results.length > 1) onBroken(`different results of ${name}: ${results.join(" ")}`);
      const expected = scene.ends.some((end) => end.version === version && end.result.test(results[0] ?? ""));
      const refused = world.room !== "free" && NOT_ENOUGH_SPACE.test(results[0] ?? "");
      const failed = version === OLD_SUB && (refused || (faulty && /"fail"/.test(results[0] ?? "")));
      if (!expected && !failed) onBroken(`${name} ends with ${version} and ${results[0] ?? "no result was reported"}`);
    }
  }

  /**
   * The own firmware is held back if, and only if, a component failed that was offered with it. The same holds for a
   * component that depends on a failed one.
   */
  #checkHeldBack(): void {
    const { world, scene, onBroken } = this.#options;
    const check = (result: string | undefined, before: readonly string[]): void => {
      const failed = before.some((name) => /"fail"/.test(world.subs[name]?.results[0] ?? ""));
      const heldBack = /"fail".*[a-z]+ failed"/.test(result ?? "");
      // If the store has no room, a failure is remembered only until the next boot.
      const forgotten = failed && world.room !== "free";
      if (result !== undefined && failed !== heldBack && !forgotten) {
        onBroken(`component ${failed ? "failed" : "did not fail"}, and then ${result}`);
      }
    };
    check(world.cloud.results[0], scene.names);
    for (const [name, before] of Object.entries(scene.dependsOn ?? {})) check(world.subs[name]?.results[0], before);
  }

  #reading(view: SubView): { readInstalled?: (byteOffset: number, into: Uint8Array) => number } {
    const { installed, firmware } = this.#options;
    if (installed === undefined) return {};
    return {
      readInstalled(byteOffset, into) {
        const piece = (view.version === OLD_SUB ? installed : firmware.image).subarray(byteOffset);
        into.set(piece.subarray(0, into.byteLength));
        return Math.min(piece.byteLength, into.byteLength);
      },
    };
  }

  /** Takes one piece in each turn, as a slow bus would. */
  #install(view: SubView, image: InstallImage, job: InstallJob, scheduler: Scheduler): void {
    const { scene, firmware, world, onBroken, onMoment, onInstalling } = this.#options;
    const { version, md5, size } = image;
    onInstalling();
    const expected = firmwareOf(firmware.version, firmware.image);
    if (version !== expected.version || md5 !== expected.md5 || size !== expected.bytes.byteLength) {
      onBroken("another image than the one offered is handed over");
    }
    if (view.version === version && scene.components !== "mute") onBroken("an image is handed over to whom runs it");
    let at = image.acknowledged;
    if (at > (view.md5 === image.md5 ? view.taken : 0)) {
      onBroken(`goes on from ${at}, and ${view.taken} bytes were taken`);
    }
    if (view.md5 !== image.md5) view.taken = 0;
    view.md5 = image.md5;
    this.#wholeOnce = true;
    const turn = (): void => {
      const piece = new Uint8Array(PIECE_LENGTH);
      const count = image.read(at, piece);
      if (Buffer.compare(piece.subarray(0, count), firmware.image.subarray(at, at + count)) !== 0) {
        onBroken("bytes that nobody offered are handed over");
      }
      at += count;
      view.taken = Math.max(view.taken, at);
      const first = Object.values(world.subs)[0] === view;
      const refuses =
        at === image.size &&
        first &&
        (scene.components === "refusing" || scene.components === "lying") &&
        view.refused === 0;
      if (refuses) view.refused++;
      else if (at === image.size) view.version = image.version;
      onMoment();
      if (refuses && scene.components === "refusing") job.fail("no such chip");
      else if (at === image.size) job.succeed();
      else {
        job.acknowledge(at);
        scheduler.set(turn, 1);
      }
    };
    scheduler.set(turn, 1);
  }
}

export function isComponents(scene: SubScene | undefined): scene is SubScene & Required<Pick<SubScene, "components">> {
  return scene?.components !== undefined;
}

/** @returns the component that a version is of, `undefined` if it is the own firmware's */
export function idOf(scene: SubScene, version: string): string | undefined {
  return scene.names.find((name) => version.startsWith(`${name}_`));
}

/** @returns the platform's answer to a report about a sub-device */
export function hearSub(view: SubView, firmware: Firmware, text: string): { offers: boolean } {
  const { type, report } = JSON.parse(text) as {
    type: string;
    report: { version: string; progress?: { state: string } };
  };
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
  // The owner is the last field of the record, before the checksum.
  for (const [name, view] of Object.entries(world.subs)) {
    if (text.slice(0, -CRC_LENGTH).endsWith(name)) view.settled = true;
  }
}
