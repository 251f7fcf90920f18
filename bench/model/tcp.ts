import type { SocketInstance, SocketOptions, TcpConstructor } from "../../hal/ecma419/modules.js";
import type { Scheduler } from "../../test/support/scheduler.js";
import type { Line, Server, Servers } from "../../test/support/virtual-network.js";
import type { TimedLink } from "./link.js";
import type { LinkSettings } from "./link-settings.js";
import { LinuxSender } from "./linux-sender.js";
import { LwipReceiver } from "./lwip-receiver.js";
import type { Radio } from "./radio.js";
import type { Acknowledgement, Segment } from "./segment.js";
import type { Trace } from "./trace.js";

export interface TimedTcpOptions {
  readonly scheduler: Scheduler;
  readonly servers: Servers;
  readonly link: TimedLink;
  readonly settings: LinkSettings;
  readonly radio: Radio;
  readonly trace: Trace;
}

/** What one call of lwIP's receive callback brought. It is given back once all of it was read. */
interface Chain {
  readonly bytes: Uint8Array;
  read: number;
}

export const SEND_BUFFER_LENGTH = 8192;
/** CONFIG_LWIP_TCP_TMR_INTERVAL: the clock of acknowledgements that wait. */
const FAST_TIMER_MS = 250;

/**
 * `embedded:io/socket/tcp` as the SDK has it over lwIP, with a server on Linux, over a line with a bandwidth and a
 * round trip. The stack runs in a task of its own, but not while flash is busy.
 */
export function createTimedTcp({ scheduler, servers, link, settings, radio, trace }: TimedTcpOptions): TcpConstructor {
  return class TimedTcp implements SocketInstance, Line {
    readonly #options: SocketOptions;
    readonly #receiver = new LwipReceiver({
      settings,
      deliver: (chain, ends) => this.#deliver(chain, ends),
      acknowledge: (acknowledgement) => this.#acknowledge(acknowledgement),
    });
    readonly #sender = new LinuxSender({
      scheduler,
      mss: settings.mss,
      windowBytes: settings.windowBytes,
      sack: settings.sack,
      roundTripMs: link.roundTripMs,
      transmit: (segment) => this.#transmit(segment),
    });
    readonly #chains: Chain[] = [];
    #server: Server | undefined;
    #unacknowledged = 0;
    #reporting = false;
    #ticking = false;
    #ended = false;
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
      if (buffer.byteLength > this.#readable) throw new Error("invalid");
      for (let at = 0; at < buffer.byteLength; ) {
        const first = this.#chains[0] as Chain;
        const piece = first.bytes.subarray(first.read, first.read + buffer.byteLength - at);
        buffer.set(piece, at);
        at += piece.byteLength;
        first.read += piece.byteLength;
        if (first.read < first.bytes.byteLength) continue;
        this.#chains.shift();
        this.#receiver.recved(first.bytes.byteLength);
      }
      this.#noteWindow();
      this.#endWhenRead();
      return buffer.byteLength;
    }

    write(buffer: Uint8Array): number {
      const bytes = buffer.slice();
      this.#unacknowledged += bytes.byteLength;
      if (this.#unacknowledged > SEND_BUFFER_LENGTH) throw new Error("would block");
      this.#note("out", bytes.byteLength);
      const acknowledgement = this.#receiver.piggyback();
      this.#outside(
        () => {
          this.#sender.receive(acknowledgement);
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
      this.#chains.length = 0;
      this.#sender.close();
    }

    /** @param delayMs time that the server needs before it sends */
    send(bytes: Uint8Array, delayMs = 0): void {
      this.#outside(() => this.#sender.push(bytes), delayMs);
    }

    end(delayMs = 0): void {
      this.#outside(() => this.#sender.end(), delayMs);
    }

    #transmit(segment: Segment): void {
      const { byteLength } = segment.bytes;
      const arrivesMs = link.carry("in", byteLength);
      if (link.loses(byteLength)) return;
      this.#outside(() => radio.receive(() => this.#closed || this.#receive(segment)), arrivesMs);
    }

    #receive(segment: Segment): void {
      this.#receiver.receive(segment);
      if (this.#receiver.delays && !this.#ticking) {
        this.#ticking = true;
        const tick = (): void => {
          this.#ticking = false;
          this.#receiver.onFastTimer();
        };
        this.#outside(() => radio.run(tick), FAST_TIMER_MS - (scheduler.now % FAST_TIMER_MS));
      }
    }

    #acknowledge(acknowledgement: Acknowledgement): void {
      this.#outside(() => this.#sender.receive(acknowledgement), link.carry("out", 0));
    }

    #deliver(chain: readonly Uint8Array[], ends: boolean): void {
      const bytes = Buffer.concat(chain);
      this.#ended ||= ends;
      if (bytes.byteLength > 0) {
        this.#note("in", bytes.byteLength);
        this.#chains.push({ bytes, read: 0 });
        this.#noteWindow();
        this.#reportReadable();
      }
      this.#endWhenRead();
    }

    #reportReadable(): void {
      if (this.#reporting) return;
      this.#reporting = true;
      this.#report(() => {
        this.#reporting = false;
        if (this.#readable > 0) this.#options.onReadable?.(this.#readable);
      });
    }

    #endWhenRead(): void {
      if (!this.#ended || this.#chains.length > 0) return;
      this.#ended = false;
      this.#report(() => this.#options.onError?.());
    }

    get #readable(): number {
      return this.#chains.reduce((sum, { bytes, read }) => sum + bytes.byteLength - read, 0);
    }

    #note(direction: "in" | "out", byteLength: number): void {
      trace.wire.push({ atMs: scheduler.now, port: this.#options.port, direction, byteLength });
    }

    #noteWindow(): void {
      trace.window.push({ atMs: scheduler.now, port: this.#options.port, byteLength: this.#readable });
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
