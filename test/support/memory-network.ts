import {
  type ByteStream,
  type ConnectOptions,
  type Connector,
  HalError,
  type HalErrorKind,
} from "../../hal/ports/index.js";

/** The other end of a connection, which the test plays. */
export class MemoryPeer implements ByteStream {
  readonly options: ConnectOptions;
  readonly #incoming: number[] = [];
  readonly #outgoing: Uint8Array[] = [];
  #room = 0;
  closed = false;

  constructor(options: ConnectOptions) {
    this.options = options;
  }

  /** The connection is made; `room` bytes may be written. */
  accept(room = 8192): void {
    this.#room = room;
    this.options.onWritable(room);
  }

  /** Bytes arrive. */
  send(bytes: Uint8Array): void {
    if (this.closed) return;
    for (const byte of bytes) this.#incoming.push(byte);
    this.options.onReadable();
  }

  /** The connection ends. */
  fail(kind: HalErrorKind): void {
    if (this.closed) return;
    this.closed = true;
    this.options.onError(new HalError(kind, `peer: ${kind}`));
  }

  /** @returns everything that was written since the last call */
  take(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#outgoing.splice(0)));
  }

  get unread(): number {
    return this.#incoming.length;
  }

  read(into: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#incoming.length);
    into.set(this.#incoming.splice(0, count), start);
    return count;
  }

  write(bytes: Uint8Array): number {
    if (bytes.byteLength > this.#room) throw new HalError("no-space", "no room");
    this.#outgoing.push(bytes.slice());
    return this.#room;
  }

  close(): void {
    this.closed = true;
  }
}

/** A network whose peers the test plays. */
export class MemoryConnector implements Connector {
  readonly peers: MemoryPeer[] = [];

  connect(options: ConnectOptions): ByteStream {
    const peer = new MemoryPeer(options);
    this.peers.push(peer);
    return peer;
  }

  /** The newest connection. */
  get peer(): MemoryPeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error("nobody connected");
    return peer;
  }
}
