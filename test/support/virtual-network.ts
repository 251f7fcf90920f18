import type { SocketInstance, SocketOptions, TcpConstructor } from "../../hal/ecma419/modules.js";
import type { Scheduler } from "./scheduler.js";

export const MQTT_PORT = 1883;
const ROOM = 8192;

/** The far end of one connection: it gets each write at once, and what it sends arrives in a turn of its own. */
export interface Server {
  receive(bytes: Uint8Array): void;
}

/** What a server does to its connection. */
export interface Line {
  send(bytes: Uint8Array, delayMs?: number): void;
  end(delayMs?: number): void;
}

/** The servers that can be connected to. */
export interface Servers {
  accept(port: number, line: Line): Server | "refused" | "silent";
}

/** `embedded:io/socket/tcp` whose peers are in the same thread and virtual time. */
export function createNetwork(scheduler: Scheduler, servers: Servers): TcpConstructor {
  return class MemoryTcp implements SocketInstance, Line {
    readonly #options: SocketOptions;
    readonly #server: Server | "refused" | "silent";
    #unread: Uint8Array[] = [];
    #length = 0;
    #closed = false;

    constructor(options: SocketOptions) {
      this.#options = options;
      this.#server = servers.accept(options.port, this);
      if (this.#server === "refused") this.end();
      else if (this.#server !== "silent") this.#later(1, () => options.onWritable?.(ROOM));
    }

    read(buffer: Uint8Array): number {
      if (buffer.byteLength > this.#length) throw new Error("invalid");
      for (let at = 0; at < buffer.byteLength; ) {
        const first = this.#unread[0] as Uint8Array;
        const piece = first.subarray(0, buffer.byteLength - at);
        buffer.set(piece, at);
        at += piece.byteLength;
        if (piece.byteLength === first.byteLength) this.#unread.shift();
        else this.#unread[0] = first.subarray(piece.byteLength);
      }
      this.#length -= buffer.byteLength;
      return buffer.byteLength;
    }

    write(buffer: Uint8Array): number {
      if (typeof this.#server !== "string") this.#server.receive(buffer.slice());
      return ROOM;
    }

    close(): void {
      this.#closed = true;
      this.#unread = [];
    }

    send(bytes: Uint8Array, delayMs = 1): void {
      this.#later(delayMs, () => {
        this.#unread.push(bytes);
        this.#length += bytes.byteLength;
        this.#options.onReadable?.(this.#length);
      });
    }

    end(delayMs = 1): void {
      this.#later(delayMs, () => this.#options.onError?.());
    }

    #later(delayMs: number, action: () => void): void {
      scheduler.set(() => {
        if (!this.#closed) action();
      }, delayMs);
    }
  };
}
