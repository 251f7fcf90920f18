import type { SocketInstance, TlsConstructor, TlsSocketOptions } from "../../hal/ecma419/modules.js";
import type { Scheduler } from "../../test/support/scheduler.js";
import type { Servers } from "../../test/support/virtual-network.js";
import type { Trace } from "./trace.js";

/** Round trips of a full TLS 1.2 handshake. */
export const TLS_ROUND_TRIPS = 2;
const HEADER_LENGTH = 5;
/** Explicit nonce and tag of AES-GCM (RFC 5288 §3). */
const NONCE_LENGTH = 8;
const TAG_LENGTH = 16;

/** Bytes of a record that carries so many of the application. */
export function recordLength(byteLength: number): number {
  return HEADER_LENGTH + NONCE_LENGTH + byteLength + TAG_LENGTH;
}

/** The servers, with one port behind TLS: what it sends comes in records of at most `fragmentLength` bytes. */
export function withRecords(servers: Servers, port: number, fragmentLength: number): Servers {
  return {
    accept(asked, line) {
      if (asked !== port) return servers.accept(asked, line);
      return servers.accept(asked, {
        send: (bytes, delayMs) => line.send(recordsOf(bytes, fragmentLength), delayMs),
        end: (delayMs) => line.end(delayMs),
      });
    },
  };
}

function recordsOf(bytes: Uint8Array, fragmentLength: number): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += fragmentLength) {
    const fragment = bytes.subarray(at, at + fragmentLength);
    const record = Buffer.alloc(recordLength(fragment.byteLength));
    record.set([23, 3, 3]);
    record.writeUInt16BE(record.byteLength - HEADER_LENGTH, 3);
    record.set(fragment, HEADER_LENGTH + NONCE_LENGTH);
    records.push(record);
  }
  return Buffer.concat(records);
}

export interface TimedTlsOptions {
  readonly scheduler: Scheduler;
  readonly roundTripMs: number;
  /** Whether the server sends records. If not, its bytes come as they are. */
  readonly records: boolean;
  readonly trace: Trace;
}

/**
 * `embedded:io/socket/tcp/tls` as the SDK has it: the round trips of its handshake, and records, of which each is
 * gathered whole before any of it can be read; while that is not read, the socket below is left alone. The bytes of the
 * handshake and the time of the cryptography are left out.
 */
export function createTimedTls({ scheduler, roundTripMs, records, trace }: TimedTlsOptions): TlsConstructor {
  return class implements SocketInstance {
    readonly #options: TlsSocketOptions;
    readonly #tcp: SocketInstance;
    #greeted = false;
    #closed = false;
    /** Bytes that can be read from the socket below. */
    #readable = 0;
    #record = new Uint8Array(HEADER_LENGTH);
    #gathered = 0;
    #plain = new Uint8Array(0);
    #reading = false;

    constructor(options: TlsSocketOptions) {
      this.#options = options;
      this.#tcp = new options.TCP.io({
        ...options,
        onReadable: (count) => {
          this.#readable = count;
          if (!records) options.onReadable?.(count);
          else this.#gather();
        },
        onWritable: (count) => {
          if (this.#greeted) options.onWritable?.(count);
          else this.#flight(TLS_ROUND_TRIPS, count);
        },
      });
    }

    /** Fills less than the buffer if there is less. */
    read(buffer: Uint8Array): unknown {
      if (!records) return this.#tcp.read(buffer);
      const count = Math.min(buffer.byteLength, this.#plain.byteLength);
      buffer.set(this.#plain.subarray(0, count));
      this.#plain = this.#plain.subarray(count);
      if (this.#plain.byteLength === 0 && this.#readable > 0 && !this.#reading) {
        this.#reading = true;
        scheduler.set(() => {
          this.#reading = false;
          if (!this.#closed) this.#gather();
        }, 0);
      }
      return count;
    }

    write(buffer: Uint8Array): unknown {
      return this.#tcp.write(buffer);
    }

    close(): void {
      this.#closed = true;
      this.#tcp.close();
    }

    #gather(): void {
      if (this.#plain.byteLength > 0) return;
      while (this.#readable > 0) {
        const need = Math.min(this.#record.byteLength - this.#gathered, this.#readable);
        this.#tcp.read(this.#record.subarray(this.#gathered, this.#gathered + need));
        this.#readable -= need;
        this.#gathered += need;
        if (this.#gathered < this.#record.byteLength) return;
        if (this.#gathered > HEADER_LENGTH) {
          this.#open();
          return;
        }
        this.#grow();
      }
    }

    /** The header has come, and with it the length of the record. */
    #grow(): void {
      const record = new Uint8Array(HEADER_LENGTH + ((this.#record[3] as number) << 8) + (this.#record[4] as number));
      record.set(this.#record);
      this.#record = record;
      trace.recordLength = Math.max(trace.recordLength, record.byteLength);
    }

    #open(): void {
      this.#plain = this.#record.subarray(HEADER_LENGTH + NONCE_LENGTH, this.#record.byteLength - TAG_LENGTH);
      this.#record = new Uint8Array(HEADER_LENGTH);
      this.#gathered = 0;
      this.#options.onReadable?.(this.#plain.byteLength);
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
