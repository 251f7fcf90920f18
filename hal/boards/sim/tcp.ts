import { isIP, Socket } from "node:net";
import type { SocketInstance, SocketOptions, TcpConstructor } from "../../ecma419/modules.js";
import type { Power } from "./power.js";
import { ReceiveQueue } from "./receive-queue.js";

/** lwIP's send buffer and receive window in the SDK's ESP32 build, in bytes. */
const SEND_BUFFER_LENGTH = 8192;
const RECEIVE_WINDOW = 8192;

/** A method of the TCP that calls its own callback. By it TLS on this board can throw inside one, as on the chip. */
export const poke = Symbol("poke");

export interface PokableTcp extends SocketInstance {
  [poke](): void;
}

/**
 * `embedded:io/socket/tcp` as the SDK has it. It takes an address, no names. `this` in callbacks is the socket. `read`
 * throws if it is asked for more than there is, and returns nothing if there is nothing. `write` throws "not ready" and
 * "would block". If the peer closes, `onError` is called without an argument after the last byte was read. A closed
 * socket is no host object any more.
 */
export function createTcp(power: Power): TcpConstructor {
  return class SimulatedTcp implements PokableTcp {
    readonly #socket = new Socket();
    readonly #options: SocketOptions;
    readonly #received = new ReceiveQueue();
    #ready = false;
    #ended = false;
    #closed = false;

    constructor(options: SocketOptions) {
      power.check();
      if (isIP(options.address) === 0) throw new Error("invalid address");
      if (options.port < 0 || options.port > 65535) throw new RangeError("invalid port");
      this.#options = options;
      this.#socket.on("connect", () => {
        this.#ready = true;
        this.#call(() => options.onWritable?.call(this, this.#writable()));
      });
      this.#socket.on("data", (bytes) => this.#receive(bytes));
      this.#socket.on("end", () => this.#end());
      this.#socket.on("error", () => this.#end());
      this.#socket.on("close", () => this.#end());
      power.onCut(() => this.#socket.destroy());
      this.#socket.connect({ host: options.address, port: options.port, noDelay: options.nodelay ?? false });
    }

    read(buffer: Uint8Array): number | undefined {
      this.#check();
      if (this.#received.byteLength === 0) return undefined;
      if (buffer.byteLength === 0 || buffer.byteLength > this.#received.byteLength) throw new Error("invalid");
      this.#received.take(buffer);
      if (this.#received.byteLength < RECEIVE_WINDOW) this.#socket.resume();
      if (this.#received.byteLength === 0 && this.#ended) {
        setImmediate(() => this.#call(() => this.#options.onError?.call(this)));
      }
      return buffer.byteLength;
    }

    write(buffer: Uint8Array): number {
      this.#check();
      if (!this.#ready) throw new Error("not ready");
      if (buffer.byteLength > this.#writable()) throw new Error("would block");
      this.#socket.write(Uint8Array.from(buffer), () => {
        if (!this.#ended) this.#call(() => this.#options.onWritable?.call(this, this.#writable()));
      });
      return this.#writable();
    }

    close(): void {
      if (this.#closed) return;
      this.#closed = true;
      this.#received.clear();
      this.#socket.resume();
      this.#socket.end();
      this.#socket.destroySoon();
    }

    [poke](): void {
      this.#call(() => this.#options.onReadable?.call(this, 0));
    }

    #receive(bytes: Buffer): void {
      if (this.#closed) return;
      this.#received.push(bytes);
      if (this.#received.byteLength >= RECEIVE_WINDOW) this.#socket.pause();
      this.#call(() => this.#options.onReadable?.call(this, this.#received.byteLength));
    }

    #writable(): number {
      return Math.max(0, SEND_BUFFER_LENGTH - this.#socket.writableLength);
    }

    /** The error is reported once everything that came before it was read. */
    #end(): void {
      if (this.#ended) return;
      this.#ended = true;
      this.#ready = false;
      if (this.#received.byteLength === 0) this.#call(() => this.#options.onError?.call(this));
    }

    #check(): void {
      power.check();
      if (this.#closed) throw new TypeError("closed");
    }

    #call(action: () => void): void {
      if (!this.#closed) power.run(action);
    }
  };
}
