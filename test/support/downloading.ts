import assert from "node:assert/strict";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import type { BootControl, BootStatus, Device } from "../../hal/ports/index.js";
import type { Reading, Unpacker } from "../../src/update/unpacker.js";
import { Download } from "../../src/update/flash/download.js";
import { type FlashKnowledge, type Gathering, newKnowledge } from "../../src/update/flash/knowledge.js";
import { Progress } from "../../src/update/progress.js";
import { SlotTarget } from "../../src/update/slot-target.js";
import type { Base, Target } from "../../src/update/target.js";
import type { Event, Stored } from "../../src/update/machine/types.js";
import { NODE_DIGESTS } from "./digests.js";
import { type FakeAnswer, type FakeExchange, FakeHttp } from "./fake-http.js";
import { CollectedLog } from "./log.js";
import { MemoryFlash, REGION_LENGTH } from "./memory-flash.js";
import { assertSameBytes } from "./same-bytes.js";
import { VirtualClock } from "./virtual-clock.js";

export const BLOCK = 4096;
/** Nothing stored yet. */
export const FRESH: Stored = {
  regionOffset: undefined,
  erasing: false,
  written: undefined,
  etag: undefined,
  spliced: false,
  refetched: false,
  resultLength: undefined,
};
/** One region and a bit. */
export const IMAGE = imageOf(REGION_LENGTH + 3 * BLOCK + 16);

export function imageOf(byteLength: number): Uint8Array {
  return buildAppImage({ version: "0.2.0", byteLength, seed: 5 });
}

export interface DownloadingOptions {
  /** The file that is offered. */
  readonly image?: Uint8Array;
  /** What the file makes, if it is a package; `packages` has to be given then. */
  readonly made?: Uint8Array;
  readonly packages?: (device: Device) => Unpacker;
  /** What runs now. */
  readonly running?: Uint8Array;
  /** The download is for a recipient that runs this, instead of the own firmware. */
  readonly installed?: Base;
  readonly stored?: Stored;
  readonly flash?: MemoryFlash;
  readonly blocks?: number;
  /** Shared by the tries of one boot. */
  readonly block?: Uint8Array;
  /** Shared by the tries of one boot. */
  readonly knowledge?: FlashKnowledge;
  readonly version?: string;
  readonly checksVersion?: boolean;
  onEvent?(event: Event, download: Download): void;
}

/** A download whose server and time the test controls. `story` lists flash operations and events in their order. */
export class Downloading {
  readonly clock = new VirtualClock();
  readonly http = new FakeHttp();
  readonly logged = new CollectedLog();
  readonly events: Event[] = [];
  readonly story: string[] = [];
  readonly image: Uint8Array;
  readonly made: Uint8Array;
  readonly flash: MemoryFlash;
  readonly knowledge: FlashKnowledge;
  readonly progress = new Progress();
  readonly download: Download;
  /** Flash operations in each turn of the event loop. */
  readonly turns: number[] = [];
  forget = (): void => {};
  onEvent = (_event: Event): void => {};

  constructor(options: DownloadingOptions = {}) {
    this.image = options.image ?? IMAGE;
    this.made = options.made ?? this.image;
    this.flash = options.flash ?? new MemoryFlash({ blocks: options.blocks ?? 40 });
    if (options.flash === undefined) this.flash.preset(new Uint8Array(this.flash.byteLength).fill(0x33));
    const onChange = this.flash.onChange;
    this.flash.onChange = (operation) => {
      onChange(operation);
      this.story.push(operation);
      this.turns.push((this.turns.pop() ?? 0) + 1);
    };
    const timer = this.clock.timer.bind(this.clock);
    this.clock.timer = (name, delayMs, callback) =>
      timer(name, delayMs, () => {
        this.turns.push(0);
        callback();
      });
    const boot = {
      forgetTarget: () => {
        this.forget();
        this.story.push("forget");
        this.turns.push((this.turns.pop() ?? 0) + 1);
      },
      openTarget: () => this.flash,
      openRunning: () => readingOf(options.running ?? new Uint8Array(0)),
      status: () => status,
    } as unknown as BootControl;
    const { log } = this.logged;
    const status = { targetSlot: "ota_1", chipId: 0 } as BootStatus;
    const slot = new SlotTarget({ boot, status, checksVersion: options.checksVersion ?? true, log });
    const { installed } = options;
    const target: Target = installed === undefined ? slot : stagedTarget(slot, installed);
    const device = { http: this.http, clock: this.clock, log, digests: NODE_DIGESTS, boot } as unknown as Device;
    this.knowledge = options.knowledge ?? newKnowledge();
    this.download = new Download({
      device,
      target,
      packages: options.packages?.(device),
      block: options.block ?? new Uint8Array(BLOCK),
      knowledge: this.knowledge,
      progress: this.progress,
      offer: {
        version: options.version ?? "0.2.0",
        url: "http://h.test/f?sign=1",
        md5: "0".repeat(32),
        size: this.image.byteLength,
      },
      stored: options.stored ?? FRESH,
      tls: {},
      idleTimeoutMs: 30_000,
      onEvent: (event) => this.#dispatch(event, options),
    });
  }

  /** Does what the driver does: what is written comes before other events, and a region's event contains it too. */
  #dispatch(event: Event, options: DownloadingOptions): void {
    const written = this.progress.take();
    for (const each of written === undefined || event.type === "region-erased" ? [event] : [written, event]) {
      this.events.push(each);
      this.story.push("offset" in each ? `${each.type} ${each.offset}` : each.type);
      options.onEvent?.(each, this.download);
      this.onEvent(each);
    }
  }

  /** The request goes out and is answered. */
  static answered(answer: FakeAnswer, options: DownloadingOptions = {}): Downloading {
    const downloading = new Downloading(options);
    downloading.clock.advance(0);
    downloading.exchange.head(answer);
    return downloading;
  }

  /** The same, answered with the whole file. */
  static begun(options: DownloadingOptions = {}): Downloading {
    const image = options.image ?? IMAGE;
    return Downloading.answered({ status: 200, contentLength: image.byteLength, headers: { etag: '"tag"' } }, options);
  }

  get readBack(): Reading {
    return (this.knowledge.gathering as Gathering).readBack;
  }

  get exchange(): FakeExchange {
    return this.http.exchange;
  }

  /** Body bytes of the file from one offset to another, in pieces; time moves on as the test lets it. */
  send(from: number, to: number, pieceLength = (): number => 1460): void {
    for (let at = from; at < to && !this.exchange.closed; ) {
      const end = Math.min(to, at + Math.max(1, pieceLength()));
      this.exchange.send(this.image.subarray(at, end));
      this.clock.advance(1);
      at = end;
    }
  }

  get failure(): string | undefined {
    const last = this.events.at(-1);
    return last?.type === "download-failed" ? last.failure.code : undefined;
  }

  assertWhole(): void {
    assert.equal(this.story.at(-1), "download-completed");
    assertSameBytes(this.flash.content(this.made.byteLength), this.made);
    assert.equal(this.exchange.closed, true);
    assert.deepEqual(this.clock.names(), []);
  }
}

function readingOf(bytes: Uint8Array): Base {
  return {
    byteLength: bytes.byteLength,
    read: (into, byteOffset) => into.set(bytes.subarray(byteOffset, byteOffset + into.byteLength)),
  };
}

function stagedTarget({ label, recordKey, partition }: SlotTarget, installed: Base): Target {
  return {
    kind: "staged",
    owner: "ABCDE12345/light1",
    label,
    recordKey,
    partition,
    restore: () => ({ state: { name: "idle", kept: undefined, answered: false }, effects: [] }),
    prepare() {},
    forget() {},
    checkFirstBlock() {},
    openBase: () => installed,
    apply: (_, onEnded) => onEnded(undefined),
    stop() {},
  };
}
