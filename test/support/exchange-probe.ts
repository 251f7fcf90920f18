import type { Connector, HalErrorKind, HttpExchange, HttpHead, HttpRequest } from "../../hal/ports/index.js";
import { SocketHttpClient } from "../../hal/http/client.js";
import { MemoryConnector, type MemoryPeer } from "./memory-network.js";
import { VirtualClock } from "./virtual-clock.js";

export interface ProbeOptions {
  readonly target?: string;
  readonly authority?: string;
  readonly headers?: HttpRequest["headers"];
  readonly wanted?: readonly string[];
  /** Bytes asked for at a time. */
  readonly readLength?: number;
  /** Whether `onReadable` reads all there is; otherwise the test reads. */
  readonly reads?: boolean;
  readonly connector?: Connector;
  /** Timers run only after all pieces came: the event loop promises no order between sockets and timers. */
  readonly lateTimers?: boolean;
}

/** A GET over a network that the test controls, and everything that the GET calls back. */
export class ExchangeProbe {
  readonly connector = new MemoryConnector();
  readonly clock = new VirtualClock();
  readonly exchange: HttpExchange;
  /** `head 200`, `readable`, `end`, `error malformed`, in order; `readable` in a row once. */
  readonly calls: string[] = [];
  readonly heads: HttpHead[] = [];
  readonly body: number[] = [];
  /** Messages of `onError`. */
  readonly messages: string[] = [];
  readonly #readLength: number;
  #insideRead = false;
  onHead = (): void => {};
  onReadable = (): void => {};

  constructor(options: ProbeOptions = {}) {
    const { reads = true } = options;
    this.#readLength = options.readLength ?? 64;
    const client = new SocketHttpClient({ connector: options.connector ?? this.connector, clock: this.clock });
    this.exchange = client.send({
      host: "host",
      port: 80,
      target: options.target ?? "/",
      authority: options.authority ?? "host",
      headers: options.headers ?? [],
      wanted: options.wanted ?? ["etag", "location"],
      connectTimeoutMs: 5000,
      onHead: (head) => {
        this.#called(`head ${head.status}`);
        this.heads.push(head);
        this.onHead();
      },
      onReadable: () => {
        this.#called("readable");
        this.onReadable();
        if (reads) this.readAll();
      },
      onEnd: () => this.#called("end"),
      onError: (error) => {
        this.#called(`error ${error.kind}`);
        this.messages.push(error.message);
      },
    });
  }

  /** Connected, and the request taken off the wire. */
  static connected(options: ProbeOptions = {}): ExchangeProbe {
    const probe = new ExchangeProbe(options);
    probe.peer.accept();
    probe.peer.take();
    return probe;
  }

  /** The outcome of an answer that comes in these pieces before the connection ends. */
  static answered(pieces: readonly Uint8Array[], close?: HalErrorKind, options: ProbeOptions = {}): ExchangeProbe {
    const probe = ExchangeProbe.connected(options);
    for (const piece of pieces) {
      probe.peer.send(piece);
      if (options.lateTimers !== true) probe.clock.advance(0);
    }
    if (close !== undefined) probe.peer.fail(close);
    probe.clock.advance(0);
    return probe;
  }

  get peer(): MemoryPeer {
    return this.connector.peer;
  }

  /** Reads as a caller does: until `read` returns 0. */
  readAll(): void {
    while (this.readOnce() > 0);
  }

  readOnce(): number {
    const into = new Uint8Array(this.#readLength);
    this.#insideRead = true;
    const count = this.exchange.read(into, 0, into.byteLength);
    this.#insideRead = false;
    this.body.push(...into.subarray(0, count));
    return count;
  }

  get text(): string {
    return Buffer.from(this.body).toString("latin1");
  }

  /** How it ended: the last of the calls, if that is an end. */
  get ending(): string | undefined {
    const last = this.calls.at(-1);
    return last === "end" || last?.startsWith("error") === true ? last : undefined;
  }

  /** Everything by which a caller can distinguish two answers. */
  outcome(): object {
    const heads = this.heads.map(({ status, contentLength, header }) => ({
      status,
      contentLength,
      etag: header("etag"),
      location: header("location"),
    }));
    return { heads, body: this.text, ending: this.ending, messages: this.messages };
  }

  #called(name: string): void {
    if (this.#insideRead) throw new Error(`${name} from inside read`);
    if (this.ending !== undefined) throw new Error(`${name} after ${this.ending}`);
    if (name !== "readable" || this.calls.at(-1) !== name) this.calls.push(name);
  }
}
