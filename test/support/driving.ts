import { createHash } from "node:crypto";
import { type BootStatus, type Device, HalError, type KeyValueStore } from "../../hal/ports/index.js";
import type { Offer } from "../../src/protocol/messages.js";
import { UpdateDriver, type UpdateLimits } from "../../src/update/driver.js";
import { Reporter } from "../../src/update/reporter.js";
import { SlotTarget } from "../../src/update/slot-target.js";
import type { Gate } from "../../src/update/target.js";
import type { Event } from "../../src/update/machine/types.js";
import { puback } from "./broker-packets.js";
import { NODE_DIGESTS } from "./digests.js";
import { imageOf } from "./downloading.js";
import { type FakeExchange, FakeHttp } from "./fake-http.js";
import { MemoryFlash } from "./memory-flash.js";
import { constantRandom, SessionTestBed } from "./session-test-bed.js";

/** Three blocks and a bit. */
export const IMAGE = imageOf(3 * 4096 + 16);
export const OFFER: Offer = {
  version: "0.2.0",
  url: "http://h.test/f?sign=1",
  md5: createHash("md5").update(IMAGE).digest("hex"),
  size: IMAGE.byteLength,
};

const STATUS: BootStatus = {
  runningSlot: "ota_0",
  runningState: "valid",
  runningVersion: "0.1.0",
  runningSecureVersion: 0,
  targetSlot: "ota_1",
  targetState: "none",
  chipId: 0,
};

export interface DrivingOptions {
  readonly status?: Partial<BootStatus>;
  readonly limits?: Partial<UpdateLimits>;
  readonly record?: Uint8Array;
  readonly selfTest?: () => boolean | Promise<boolean>;
  readonly gate?: Gate;
  readonly blocks?: number;
  /** How long the platform takes no other CONNECT, when the board is about to restart. */
  readonly restartWaitMs?: number;
  /** What `Random` draws, 0 to 1. */
  readonly fraction?: number;
  /** Called at each entry of the story: the board throws what it throws. */
  onStory?(entry: string, driving: Driving): void;
}

/** A driver whose board, server, broker and time the test controls. `story` lists what it does to them, in order. */
export class Driving {
  readonly story: string[] = [];
  readonly broker: SessionTestBed;
  readonly http = new FakeHttp();
  readonly flash: MemoryFlash;
  readonly driver: UpdateDriver;
  record: Uint8Array | undefined;
  readonly #onStory: (entry: string) => void;

  constructor(options: DrivingOptions = {}) {
    this.#onStory = (entry) => {
      this.story.push(entry);
      options.onStory?.(entry, this);
    };
    this.record = options.record;
    this.flash = new MemoryFlash({ blocks: options.blocks ?? 40 });
    this.broker = SessionTestBed.opened();
    const { clock, session } = this.broker;
    const status = { ...STATUS, ...options.status };
    const reporter = new Reporter({
      session,
      device: { productId: "ABCDE12345", deviceName: "d" },
      log: this.broker.logged.log,
      isOnline: () => true,
    });
    const device = {
      boot: this.#boot(status),
      store: this.#store(),
      http: this.http,
      digests: NODE_DIGESTS,
      clock,
      random: constantRandom(options.fraction ?? 0),
      log: this.broker.logged.log,
    } as unknown as Device;
    this.driver = new UpdateDriver({
      device,
      target: new SlotTarget({ boot: device.boot, status, checksVersion: true, log: device.log }),
      runningVersion: status.runningVersion,
      gate: options.gate,
      reporter,
      selfTest: options.selfTest,
      limits: {
        idleTimeoutMs: 30_000,
        maxAttempts: 3,
        backoffMaxMs: 60_000,
        trialMs: 300_000,
        selfTestMs: 60_000,
        ...options.limits,
      },
      tls: {},
      onStep: (state, event) => this.#onStory(`${state.name} ${event === undefined ? "start" : event.type}`),
      onReported: (version, result) => this.#onStory(`reported ${version} ${result.outcome}`),
      onRestart: () => {
        this.#onStory("about to restart");
        return options.restartWaitMs ?? 0;
      },
    });
  }

  /** A driver that is started and has nothing to do. */
  static started(options: DrivingOptions = {}): Driving {
    const driving = new Driving(options);
    driving.driver.start();
    driving.story.length = 0;
    return driving;
  }

  get exchange(): FakeExchange {
    return this.http.exchange;
  }

  get state(): string {
    return this.driver.state.name;
  }

  dispatch(event: Event): void {
    this.driver.dispatch(event);
  }

  offer(offer: Offer): void {
    this.dispatch({ type: "offer-received", offer });
  }

  advance(ms: number): void {
    this.broker.clock.advance(ms);
  }

  /** The whole file is offered, fetched and verified. */
  bring(image: Uint8Array, offer: Offer): void {
    this.offer(offer);
    this.fetch(image);
  }

  /** A download that is under way comes to its end. */
  fetch(image: Uint8Array): void {
    this.advance(0);
    this.exchange.head({ status: 200, contentLength: image.byteLength, headers: { etag: '"tag"' } });
    for (let at = 0; at < image.byteLength; at += 4096) {
      this.exchange.send(image.subarray(at, at + 4096));
      this.advance(1);
    }
    this.advance(1);
  }

  /** Payloads that were sent since the last call, each acknowledged if it asks for that. */
  heard(acknowledge = true): string[] {
    return this.broker
      .sent()
      .filter(({ type }) => type === 3)
      .map(({ flags, body }) => {
        const topicEnd = 2 + (((body[0] as number) << 8) | (body[1] as number));
        const once = (flags & 6) !== 0;
        const payload = Buffer.from(body.subarray(topicEnd + (once ? 2 : 0))).toString();
        if (once && acknowledge) {
          this.broker.peer.send(puback(((body[topicEnd] as number) << 8) | (body[topicEnd + 1] as number)));
        }
        return payload;
      });
  }

  #boot(status: BootStatus): object {
    const called = (name: string) => (): void => this.#onStory(name);
    return {
      status: () => status,
      openTarget: () => this.flash,
      forgetTarget: called("forget"),
      setPending: called("set pending"),
      confirm: called("confirm"),
      revert: called("revert"),
      restart: called("restart"),
    };
  }

  #store(): KeyValueStore {
    return {
      read: () => this.record,
      write: (_, bytes) => {
        this.#onStory("store");
        this.record = bytes.slice();
      },
      delete: () => {
        this.#onStory("clear");
        this.record = undefined;
      },
    };
  }
}

/** Options with which the board fails at that entry of the story. */
export function failing(entry: string): DrivingOptions {
  return {
    onStory: (told) => {
      if (told === entry) throw new HalError("io", `${entry} failed`);
    },
  };
}
