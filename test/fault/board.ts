import { Power } from "../../hal/boards/sim/power.js";
import type { BoardModules, SocketInstance, SocketOptions, TlsSocketOptions } from "../../hal/ecma419/modules.js";
import { createNetwork, type Servers } from "../support/virtual-network.js";
import { Scheduler } from "../support/scheduler.js";
import type { SeededRandom } from "../support/seed.js";
import type { ChipModules } from "./chip.js";

/** Everything outside of the board, as one boot of it finds it. */
export interface Surroundings extends Servers {
  /** @returns whether the name has an address */
  resolves(host: string): boolean;
  /** What the next TLS handshake throws, as the SDK says it; absent: it succeeds. */
  readonly handshake: string | undefined;
  /** Milliseconds that the ticks add to the time since power-on. */
  readonly ticksOffset: number;
  /** Seconds since 1970. */
  readonly wallClock: number | undefined;
}

/** One boot: virtual time, sockets that are counted, and a power supply that can be cut. */
export class FaultBoard {
  readonly power = new Power();
  readonly scheduler = new Scheduler();
  readonly openPorts: number[] = [];
  readonly #random: SeededRandom;
  readonly #surroundings: Surroundings;
  #timers = 0;

  constructor(options: { surroundings: Surroundings; random: SeededRandom }) {
    this.#surroundings = options.surroundings;
    this.#random = options.random;
  }

  /** Timers of the device that have yet to fire. */
  get timers(): number {
    return this.#timers;
  }

  modules({ boot, ...chip }: ChipModules): BoardModules {
    const { scheduler, power } = this;
    const surroundings = this.#surroundings;
    return {
      ...chip,
      TCP: this.#createTcp(),
      TLS: createTls(() => surroundings.handshake),
      Timer: this.#createTimer(),
      Time: {
        get ticks() {
          return (scheduler.now + surroundings.ticksOffset) | 0;
        },
      },
      platform: {
        boot,
        resolve(host, callback) {
          const address = surroundings.resolves(host) ? "10.0.0.1" : undefined;
          scheduler.set(() => power.run(() => callback(host, address)), 1);
        },
        randomFill: (into) => this.#random.fill(into),
        unixTime: () => surroundings.wallClock,
      },
    };
  }

  #createTimer(): BoardModules["Timer"] {
    type Running = { entry: unknown };
    const done = (timer: Running): void => {
      if (timer.entry !== undefined) this.#timers--;
      timer.entry = undefined;
    };
    return {
      set: (callback, delayMs) => {
        this.power.check();
        this.#timers++;
        const timer: Running = { entry: undefined };
        timer.entry = this.scheduler.set(() => {
          done(timer);
          this.power.run(callback);
        }, delayMs);
        return timer;
      },
      clear: (id) => {
        const timer = id as Running;
        if (timer.entry !== undefined) this.scheduler.Timer.clear(timer.entry);
        done(timer);
      },
    };
  }

  #createTcp(): BoardModules["TCP"] {
    const { power, openPorts } = this;
    return class extends createNetwork(this.scheduler, this.#surroundings) {
      readonly #port: number;
      #open = true;

      constructor(options: SocketOptions) {
        super({
          ...options,
          onReadable: (count) => power.run(() => options.onReadable?.(count)),
          onWritable: (count) => power.run(() => options.onWritable?.(count)),
          onError: () => power.run(() => options.onError?.()),
        });
        this.#port = options.port;
        openPorts.push(options.port);
        power.onCut(() => super.close());
      }

      override write(buffer: Uint8Array): unknown {
        return power.on ? super.write(buffer) : 0;
      }

      override close(): void {
        if (this.#open) openPorts.splice(openPorts.indexOf(this.#port), 1);
        this.#open = false;
        super.close();
      }
    };
  }
}

/**
 * `embedded:io/socket/tcp/tls` as the SDK has it, without the encryption: a handshake that fails throws in its TCP's
 * callback.
 */
function createTls(handshake: () => string | undefined): BoardModules["TLS"] {
  return class implements SocketInstance {
    readonly #tcp: SocketInstance;

    constructor(options: TlsSocketOptions) {
      this.#tcp = new options.TCP.io({
        ...options,
        onWritable: (count) => {
          const failure = handshake();
          if (failure !== undefined) throw new Error(failure);
          options.onWritable?.(count);
        },
      });
    }

    read(buffer: Uint8Array): unknown {
      return this.#tcp.read(buffer);
    }

    write(buffer: Uint8Array): unknown {
      return this.#tcp.write(buffer);
    }

    close(): void {
      this.#tcp.close();
    }
  };
}
