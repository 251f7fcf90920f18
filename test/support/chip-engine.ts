import type { BoardModules, PlatformModule } from "../../hal/boards/main.js";
import type { Power } from "../../hal/boards/sim/power.js";
import { ESP32_HEAP, type HeapSize, sealHeap } from "../../hal/boards/xs/heap.js";
import { buildXsHost, type XsHost } from "../../hal/boards/xs/host/build.js";
import { createXsFirmware } from "../../hal/boards/xs/main.js";
import type { XsSdk } from "../../hal/boards/xs/host/sdk.js";
import type { XsWorker } from "../../hal/boards/xs/worker.js";
import type { FlashModule, SocketOptions, TcpConstructor, TimeModule } from "../../hal/ecma419/modules.js";
import type { Engine, EngineOptions } from "./engines.js";
import type { StackEntries } from "./stack-entries.js";

/** Bytes of a TCP segment over Ethernet on an ESP32: bytes come in such pieces. */
const SEGMENT_LENGTH = 1436;
/** Speed of a chip's download in bytes a second, which decides how often progress is reported. */
const PACE = 40 * 1024;

export interface ChipEngineOptions {
  readonly heap?: HeapSize;
  /** Whether the test listens to the agent's events, which costs the engine what an application's listener would. */
  readonly tellsEvents?: boolean;
  /** Whether time passes as on this machine, and not with the programming of flash. */
  readonly realTime?: boolean;
  /** See `XsFirmwareOptions`. */
  readonly sharesLink?: boolean;
  /** See `XsFirmwareOptions`. */
  readonly mqtt?: boolean;
  /** See `XsFirmwareOptions`. */
  readonly nativePackages?: boolean;
  /** The SDK whose XS and TLS are used: see `XsFirmwareOptions`. */
  readonly sdk?: XsSdk | undefined;
  /** See `XsFirmwareOptions`. */
  readonly readable?: boolean;
  /** If it is given, the agent makes every line of its log, and each call into the engine is measured. */
  readonly entries?: StackEntries;
}

/**
 * The bundle on XS with the heap of an ESP32. The board is slow as a chip: bytes come in segments, and time passes as
 * they are programmed, so that what the engine counts is the same on every machine.
 */
export class ChipEngine implements Engine {
  readonly name = "XS in the heap of an ESP32";
  readonly #host: XsHost;
  readonly #options: ChipEngineOptions;
  /** Heap of the newest boot, once it is sealed. */
  worker: XsWorker | undefined;
  /** The restart that the agent asks for waits for this. */
  beforeRestart: (worker: XsWorker) => Promise<void> = () => Promise.resolve();

  private constructor(host: XsHost, options: ChipEngineOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** @throws MissingPrerequisite if the host cannot be built */
  static async create(options: ChipEngineOptions = {}): Promise<ChipEngine> {
    return new ChipEngine(await buildXsHost({ sdk: options.sdk }), options);
  }

  /** `create` has found that nothing is missing. */
  check(): void {}

  firmware(options: EngineOptions): (modules: BoardModules, power: Power) => void {
    const { heap = ESP32_HEAP, tellsEvents = true, sharesLink = false, readable = false, entries } = this.#options;
    const run = createXsFirmware({
      ...options,
      tellsEvents,
      sharesLink,
      mqtt: this.#options.mqtt ?? true,
      nativePackages: this.#options.nativePackages ?? false,
      readable,
      logLevel: entries === undefined ? "warn" : "debug",
      ...(entries === undefined
        ? {}
        : { onMeter: (json: string, command: Uint8Array) => entries.record(json, command) }),
      worker: this.#host,
      onLoaded: async (worker) => {
        await sealHeap(worker, heap);
        this.worker = worker;
      },
    });
    return (modules, power) => {
      this.worker = undefined;
      const clock = new PacedClock();
      const { flash, TCP, platform } = modules;
      const Time = this.#options.realTime === true ? modules.Time : clock;
      const slow = { flash: clock.watch(flash), Time, TCP: segmented(TCP), platform: this.#watch(platform) };
      const board = { ...modules, ...slow };
      run(entries === undefined ? board : entries.watch(board), power);
    };
  }

  #watch(platform: PlatformModule): PlatformModule {
    const worker = (): XsWorker => this.worker as XsWorker;
    const restart = (): void => void this.beforeRestart(worker()).finally(() => platform.boot.restart());
    return { ...platform, boot: { ...platform.boot, restart } };
  }
}

/** The SDK's `time` on a board that does nothing but program flash. */
class PacedClock implements TimeModule {
  #programmed = 0;

  get ticks(): number {
    return Math.floor((this.#programmed * 1000) / PACE);
  }

  watch(flash: FlashModule): FlashModule {
    return {
      open: (options) => {
        const instance = flash.open(options);
        const write = (buffer: Uint8Array, byteOffset: number): void => {
          this.#programmed += buffer.byteLength;
          instance.write(buffer, byteOffset);
        };
        return {
          status: () => instance.status(),
          read: (buffer, byteOffset) => instance.read(buffer, byteOffset),
          write,
          eraseBlock: (start, end) => instance.eraseBlock(start, end),
          close: () => instance.close(),
        };
      },
    };
  }
}

/** Shows the bytes of a TCP one segment at a time, the next one in a later turn. */
function segmented(TCP: TcpConstructor): TcpConstructor {
  return class extends TCP {
    readonly #show: () => void;
    #readable = 0;
    #shown = 0;

    constructor(options: SocketOptions) {
      super({
        ...options,
        onReadable: (count) => {
          this.#readable = count;
          if (this.#shown === 0) this.#show();
        },
      });
      this.#show = () => {
        this.#shown = Math.min(this.#readable, SEGMENT_LENGTH);
        if (this.#shown > 0) options.onReadable?.(this.#shown);
      };
    }

    override read(buffer: Uint8Array): unknown {
      if (buffer.byteLength > this.#shown) throw new Error("invalid");
      const result = super.read(buffer);
      this.#readable -= buffer.byteLength;
      this.#shown -= buffer.byteLength;
      if (this.#shown === 0) setImmediate(() => this.#shown === 0 && this.#show());
      return result;
    }
  };
}
