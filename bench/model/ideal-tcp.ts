import { ReceiveQueue } from "../../hal/boards/sim/receive-queue.js";
import type { SocketInstance, SocketOptions, TcpConstructor } from "../../hal/ecma419/modules.js";
import type { Line, Server } from "../../test/support/virtual-network.js";
import { SEND_BUFFER_LENGTH, type TimedTcpOptions } from "./tcp.js";

/**
 * `embedded:io/socket/tcp` as no board has it, for a bound: the window opens with each byte that is read, bytes go on
 * arriving while flash is busy, and the server has no congestion window. A lost segment comes a round trip later, and
 * the bytes behind it wait.
 */
export function createIdealTcp({ scheduler, servers, link, settings, trace }: TimedTcpOptions): TcpConstructor {
  const { mss, windowBytes } = settings;
  return class IdealTcp implements SocketInstance, Line {
    readonly #options: SocketOptions;
    readonly #received = new ReceiveQueue();
    #server: Server | undefined;
    /** Bytes that the server still has to send. */
    readonly #unsent: Uint8Array[] = [];
    #sent = 0;
    /** Offset up to which the server may send, according to the last announcement that has reached it. */
    #edge = windowBytes;
    /** The same offset, as the board has last announced it. */
    #announced = windowBytes;
    #read = 0;
    /** Time at which the last segment arrives. No segment overtakes another. */
    #lastArrivalMs = 0;
    #unacknowledged = 0;
    #reporting = false;
    #ending = false;
    #closed = false;

    constructor(options: SocketOptions) {
      this.#options = options;
      const server = servers.accept(options.port, this);
      if (server === "silent") return;
      this.#outside(() => {
        if (server === "refused") this.#report(() => options.onError?.());
        else {
          this.#server = server;
          this.#report(() => options.onWritable?.(SEND_BUFFER_LENGTH));
        }
      }, link.roundTripMs);
    }

    read(buffer: Uint8Array): number {
      if (buffer.byteLength > this.#received.byteLength) throw new Error("invalid");
      this.#received.take(buffer);
      this.#read += buffer.byteLength;
      this.#noteWindow();
      this.#announce();
      this.#endWhenRead();
      return buffer.byteLength;
    }

    write(buffer: Uint8Array): number {
      const bytes = buffer.slice();
      this.#unacknowledged += bytes.byteLength;
      if (this.#unacknowledged > SEND_BUFFER_LENGTH) throw new Error("would block");
      this.#note("out", bytes.byteLength);
      this.#outside(
        () => {
          this.#server?.receive(bytes);
          this.#outside(() => {
            this.#unacknowledged -= bytes.byteLength;
            this.#report(() => this.#options.onWritable?.(SEND_BUFFER_LENGTH - this.#unacknowledged));
          }, link.roundTripMs / 2);
        },
        link.carry("out", bytes.byteLength),
      );
      return SEND_BUFFER_LENGTH - this.#unacknowledged;
    }

    close(): void {
      this.#closed = true;
      this.#received.clear();
      this.#unsent.length = 0;
    }

    /** @param delayMs time that the server needs before it sends */
    send(bytes: Uint8Array, delayMs = 0): void {
      this.#outside(() => {
        this.#unsent.push(bytes);
        this.#pump();
      }, delayMs);
    }

    end(delayMs = 0): void {
      this.#outside(() => {
        this.#ending = true;
        this.#outside(() => this.#endWhenRead(), link.roundTripMs / 2);
      }, delayMs);
    }

    /** The server sends as much as the window allows. */
    #pump(): void {
      for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
        const length = Math.min(mss, next.byteLength, this.#edge - this.#sent);
        if (length === 0) return;
        this.#sent += length;
        if (length === next.byteLength) this.#unsent.shift();
        else this.#unsent[0] = next.subarray(length);
        const bytes = next.subarray(0, length);
        const lateMs = link.carry("in", length) + (link.loses(length) ? link.roundTripMs : 0);
        const arrivalMs = Math.max(this.#lastArrivalMs, scheduler.now + lateMs);
        this.#lastArrivalMs = arrivalMs;
        this.#outside(() => this.#arrive(bytes), arrivalMs - scheduler.now);
      }
    }

    #arrive(bytes: Uint8Array): void {
      this.#note("in", bytes.byteLength);
      this.#received.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      this.#noteWindow();
      if (this.#reporting) return;
      this.#reporting = true;
      this.#report(() => {
        this.#reporting = false;
        if (this.#received.byteLength > 0) this.#options.onReadable?.(this.#received.byteLength);
      });
    }

    #announce(): void {
      const edge = this.#read + windowBytes;
      if (edge === this.#announced) return;
      this.#announced = edge;
      this.#outside(() => {
        this.#edge = edge;
        this.#pump();
      }, link.roundTripMs / 2);
    }

    #endWhenRead(): void {
      const waits = this.#unsent.length > 0 || scheduler.now < this.#lastArrivalMs || this.#received.byteLength > 0;
      if (!this.#ending || waits) return;
      this.#ending = false;
      this.#report(() => this.#options.onError?.());
    }

    #note(direction: "in" | "out", byteLength: number): void {
      trace.wire.push({ atMs: scheduler.now, port: this.#options.port, direction, byteLength });
    }

    #noteWindow(): void {
      trace.window.push({ atMs: scheduler.now, port: this.#options.port, byteLength: this.#received.byteLength });
    }

    /** Runs an action on the wire or at the server, which do not wait for the board's thread. */
    #outside(action: () => void, delayMs: number): void {
      scheduler.setOutside(() => {
        if (!this.#closed) action();
      }, delayMs);
    }

    /** Calls back on the board once its thread is free. */
    #report(action: () => void): void {
      scheduler.set(() => {
        if (!this.#closed) action();
      }, 0);
    }
  };
}
