import type { Clock, KeyValueStore, Log } from "../../hal/ports/index.js";
import { describeError } from "../errors.js";
import { crc32 } from "../lib/crc32.js";
import { encodeUtf8 } from "../lib/utf8.js";
import type { ClearedStep, Image } from "../update/machine/types.js";
import {
  ACCEPTED_DOWNLOAD,
  ACCEPTED_INSTALL,
  DECLINED,
  DEFERRED,
  EXHAUSTED,
  decodePlans,
  encodePlans,
  fitting,
  type PlanEntry,
  REVERTED,
} from "./record.js";
import type { Remembered } from "./decision.js";

const KEY = "plans";

export interface Budget {
  /** Failed jobs after which an image cools down. */
  readonly maxAttempts: number;
  readonly coolDownSeconds: number;
}

/** An entry of the record, and since when this boot has counted its wait, for a board without the time of day. */
interface Memory extends PlanEntry {
  sinceMs: number;
}

/**
 * What was decided about images, and what became of them, through restarts. The images whose entries
 * changed longest ago are forgotten first. If the store fails, the agent forgets, but no update fails for that.
 */
export class PlanMemory {
  readonly #store: KeyValueStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #budget: Budget;
  readonly #bootMs: number;
  #entries: Memory[] | undefined;

  constructor(options: { store: KeyValueStore; clock: Clock; log: Log; budget: Budget }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#budget = options.budget;
    this.#bootMs = options.clock.now();
  }

  /** @param component what the image is for: the same bytes may be good for one and not for another */
  recall(component: string, image: Image): Remembered {
    const entry = this.#find(component, image);
    const flags = entry?.flags ?? 0;
    const leftSeconds = entry === undefined ? 0 : this.#leftSeconds(entry);
    const accepted: ClearedStep[] = [];
    if (flags & ACCEPTED_DOWNLOAD) accepted.push("download");
    if (flags & ACCEPTED_INSTALL) accepted.push("install");
    return {
      declined: (flags & DECLINED) !== 0,
      accepted,
      failures: entry?.failures ?? 0,
      cooling:
        leftSeconds === 0 ? undefined : flags & REVERTED ? "reverted" : flags & EXHAUSTED ? "exhausted" : undefined,
      deferredSeconds: flags & DEFERRED ? leftSeconds : 0,
    };
  }

  deferrals(component: string, image: Image): number {
    return this.#find(component, image)?.deferrals ?? 0;
  }

  accept(component: string, image: Image, step: ClearedStep): void {
    // The deferral is over by now. A board without the time of day would count it anew at each boot.
    const accepted = step === "download" ? ACCEPTED_DOWNLOAD : ACCEPTED_INSTALL;
    this.#change(component, image, (entry) => (entry.flags = (entry.flags & ~DEFERRED) | accepted));
  }

  decline(component: string, image: Image): void {
    this.#change(component, image, (entry) => (entry.flags = (entry.flags & ~DEFERRED) | DECLINED));
  }

  /** Somebody may be asked again about all images that were declined. */
  forgetDeclined(): void {
    const declined = this.#all().filter(({ flags }) => (flags & DECLINED) !== 0);
    if (declined.length === 0) return;
    for (const entry of declined) entry.flags &= ~DECLINED;
    this.#save();
  }

  defer(component: string, image: Image, seconds: number): void {
    this.#change(component, image, (entry) => {
      // A deferral and a cool-down share their fields. The cool-down is over: nobody is asked before its end.
      entry.flags = (entry.flags & ~(REVERTED | EXHAUSTED)) | DEFERRED;
      entry.deferrals++;
      this.#wait(entry, seconds);
    });
  }

  /**
   * A job for the image ended without success: its steps need consent once more.
   *
   * @param reverted it ran, and found itself unfit
   * @param counts   false: the image has no part in it
   */
  fail(component: string, image: Image, reverted = false, counts = true): void {
    const { maxAttempts, coolDownSeconds } = this.#budget;
    this.#change(component, image, (entry) => {
      entry.flags &= ~(ACCEPTED_DOWNLOAD | ACCEPTED_INSTALL | DEFERRED | REVERTED | EXHAUSTED);
      entry.begun = 0;
      if (!counts) return;
      // After a cool-down all tries are allowed once more.
      entry.failures = (entry.failures % maxAttempts) + 1;
      if (!reverted && entry.failures < maxAttempts) return;
      entry.flags |= reverted ? REVERTED : EXHAUSTED;
      this.#wait(entry, coolDownSeconds);
    });
  }

  /** The image is installed. */
  forget(component: string, image: Image): void {
    const entry = this.#find(component, image);
    if (entry === undefined) return;
    this.#entries = this.#all().filter((other) => other !== entry);
    this.#save();
  }

  /**
   * The deadline of an image counts from its first offer, also through restarts if the board knows the time.
   *
   * @returns milliseconds left; 0 or less if it is over
   */
  deadlineMs(component: string, image: Image, deadlineSeconds: number): number {
    const now = this.#clock.unixTime();
    const begun = this.#find(component, image)?.begun ?? 0;
    if (now === undefined) return deadlineSeconds * 1000;
    if (begun !== 0 && begun <= now) return (begun + deadlineSeconds - now) * 1000;
    this.#change(component, image, (entry) => (entry.begun = now));
    return deadlineSeconds * 1000;
  }

  #wait(entry: Memory, seconds: number): void {
    const now = this.#clock.unixTime();
    entry.until = now === undefined ? 0 : now + seconds;
    entry.seconds = seconds;
    entry.sinceMs = this.#clock.now();
  }

  /** The wait ends by the time of day. If the clock is set back, it still ends after its length within one boot. */
  #leftSeconds({ until, seconds, sinceMs }: Memory): number {
    const now = this.#clock.unixTime();
    const counted = Math.ceil(seconds - (this.#clock.now() - sinceMs) / 1000);
    const left = now === undefined || until === 0 ? counted : Math.min(counted, until - now);
    return Math.max(0, left);
  }

  #find(component: string, image: Image): Memory | undefined {
    const identity = identityOf(component, image);
    return this.#all().find((entry) => entry.identity === identity);
  }

  #change(component: string, image: Image, change: (entry: Memory) => void): void {
    const entry = this.#find(component, image) ?? {
      identity: identityOf(component, image),
      label: "",
      flags: 0,
      deferrals: 0,
      failures: 0,
      until: 0,
      seconds: 0,
      begun: 0,
      sinceMs: 0,
    };
    entry.label = `${component} ${image.version}`;
    change(entry);
    this.#entries = fitting([entry, ...this.#all().filter((other) => other !== entry)]);
    this.#save();
  }

  #all(): Memory[] {
    if (this.#entries !== undefined) return this.#entries;
    let record: Uint8Array | undefined;
    this.#attempt(() => (record = this.#store.read(KEY)));
    this.#entries = decodePlans(record).map((entry) => ({ ...entry, sinceMs: this.#bootMs }));
    return this.#entries;
  }

  #save(): void {
    this.#attempt(() => this.#store.write(KEY, encodePlans(this.#all())));
  }

  #attempt(access: () => void): void {
    try {
      access();
    } catch (error) {
      this.#log("error", "plan", () => `plan memory: ${describeError(error)}`);
    }
  }
}

/** MD5, then a sum of component, version and size: the same bytes under another version are another image. */
function identityOf(component: string, { version, md5, size }: Image): string {
  const rest = encodeUtf8(`${component} ${version} ${size}`);
  const sum = crc32(rest, rest.byteLength) + 0x100000000;
  return md5 + sum.toString(16).slice(1);
}
