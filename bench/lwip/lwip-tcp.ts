import type { Power } from "../../hal/boards/sim/power.js";
import { ReceiveQueue } from "../../hal/boards/sim/receive-queue.js";
import type { SocketInstance, SocketOptions, TcpConstructor } from "../../hal/ecma419/modules.js";
import type { Rig, RigConnection } from "./rig.js";

/** What the module needs of the rig. */
export type LwipConnections = Pick<Rig, "connect" | "write" | "received" | "close">;

/** lwIP's send buffer in the rig, in bytes: four segments. */
const SEND_BUFFER_SEGMENTS = 4;

/**
 * `embedded:io/socket/tcp` over the rig's lwIP, as the SDK has it on a chip: what came since the last turn of the event
 * loop is reported by one callback, and the window opens by a whole chain of pbufs once its last byte was read.
 */
export function createLwipTcp(rig: LwipConnections, mss: number, power: Power): TcpConstructor {
  const sendBufferLength = SEND_BUFFER_SEGMENTS * mss;
  return class LwipTcp implements SocketInstance, RigConnection {
    readonly #options: SocketOptions;
    readonly #number: number;
    readonly #received = new ReceiveQueue();
    /** Bytes of each chain that was not read to its end, in order; of the first one, all bytes count until then. */
    readonly #chains: number[] = [];
    /** Bytes read of the first chain. */
    #readOfFirst = 0;
    #unacknowledged = 0;
    #ready = false;
    #ended = false;
    #closed = false;
    #triggered = new Set<"readable" | "writable" | "error">();

    constructor(options: SocketOptions) {
      power.check();
      this.#options = options;
      this.#number = rig.connect(options.port, this);
    }

    read(buffer: Uint8Array): number | undefined {
      if (this.#received.byteLength === 0) return undefined;
      if (buffer.byteLength === 0 || buffer.byteLength > this.#received.byteLength) throw new Error("invalid");
      this.#received.take(buffer);
      this.#readOfFirst += buffer.byteLength;
      for (let first = this.#chains[0]; first !== undefined && this.#readOfFirst >= first; first = this.#chains[0]) {
        this.#chains.shift();
        this.#readOfFirst -= first;
        rig.received(this.#number, first);
      }
      if (this.#received.byteLength === 0 && this.#ended) this.#trigger("error");
      return buffer.byteLength;
    }

    write(buffer: Uint8Array): number {
      if (!this.#ready) throw new Error("not ready");
      if (buffer.byteLength > this.#writable()) throw new Error("would block");
      this.#unacknowledged += buffer.byteLength;
      rig.write(this.#number, buffer);
      return this.#writable();
    }

    close(): void {
      if (this.#closed) return;
      this.#closed = true;
      this.#received.clear();
      rig.close(this.#number);
    }

    onConnected(): void {
      this.#ready = true;
      this.#trigger("writable");
    }

    onData(bytes: Buffer): void {
      this.#received.push(Buffer.from(bytes));
      this.#chains.push(bytes.byteLength);
      this.#trigger("readable");
    }

    onSent(byteLength: number): void {
      this.#unacknowledged -= byteLength;
      this.#trigger("writable");
    }

    onEnd(): void {
      this.#ended = true;
      this.#ready = false;
      this.#trigger("error");
    }

    #writable(): number {
      return sendBufferLength - this.#unacknowledged;
    }

    #trigger(event: "readable" | "writable" | "error"): void {
      if (this.#triggered.size === 0) setImmediate(() => power.run(() => this.#deliver()));
      this.#triggered.add(event);
    }

    #deliver(): void {
      const triggered = this.#triggered;
      this.#triggered = new Set();
      if (!this.#closed && triggered.has("readable") && this.#received.byteLength > 0) {
        this.#options.onReadable?.call(this, this.#received.byteLength);
      }
      if (!this.#closed && triggered.has("writable") && !this.#ended) {
        this.#options.onWritable?.call(this, this.#writable());
      }
      if (!this.#closed && this.#ended && this.#received.byteLength === 0) this.#options.onError?.call(this);
    }
  };
}
