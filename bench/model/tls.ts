import type { SocketInstance, TlsConstructor, TlsSocketOptions } from "../../hal/ecma419/modules.js";
import type { Scheduler } from "../../test/support/scheduler.js";

/** Round trips of a full TLS 1.2 handshake. */
export const TLS_ROUND_TRIPS = 2;

/**
 * `embedded:io/socket/tcp/tls` with the round trips of its handshake, but without its records and without the time of
 * its cryptography.
 */
export function createTimedTls({
  scheduler,
  roundTripMs,
}: {
  scheduler: Scheduler;
  roundTripMs: number;
}): TlsConstructor {
  return class implements SocketInstance {
    readonly #options: TlsSocketOptions;
    readonly #tcp: SocketInstance;
    #greeted = false;
    #closed = false;

    constructor(options: TlsSocketOptions) {
      this.#options = options;
      this.#tcp = new options.TCP.io({
        ...options,
        onWritable: (count) => {
          if (this.#greeted) options.onWritable?.(count);
          else this.#flight(TLS_ROUND_TRIPS, count);
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
      this.#closed = true;
      this.#tcp.close();
    }

    /** Sends a flight of the handshake. Its answer is handled once the thread is free. */
    #flight(left: number, count: number): void {
      if (left === 0) {
        this.#greeted = true;
        this.#options.onWritable?.(count);
        return;
      }
      scheduler.setOutside(() => scheduler.set(() => !this.#closed && this.#flight(left - 1, count), 0), roundTripMs);
    }
  };
}
