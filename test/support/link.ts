import assert from "node:assert/strict";
import type { ByteStream, ConnectOptions, Connector, HalError } from "../../hal/ports/index.js";

/** One connection, which notes its callbacks and checks that none comes from inside a call. */
export class Link {
  readonly events: string[] = [];
  readonly received: Uint8Array[] = [];
  readonly stream: ByteStream;
  error: HalError | undefined;
  room = 0;
  /** Most bytes to read at a time; 0 leaves all unread. */
  pieceLength = 4096;
  onEvent: (event: string) => void = () => {};
  #inside = 0;

  constructor(connector: Connector, options: Pick<ConnectOptions, "host" | "port"> & Partial<ConnectOptions>) {
    this.stream = this.call(() =>
      connector.connect({
        timeoutMs: 10_000,
        ...options,
        onReadable: () => {
          this.#event("readable");
          this.drain();
        },
        onWritable: (count) => {
          this.room = count;
          this.#event("writable");
        },
        onError: (error) => {
          this.error = error;
          this.#event(`error ${error.kind}`);
        },
      }),
    );
  }

  get connected(): boolean {
    return this.events.includes("writable");
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }

  call<Result>(action: () => Result): Result {
    this.#inside++;
    try {
      return action();
    } finally {
      this.#inside--;
    }
  }

  /** Reads until nothing is left. */
  drain(): void {
    while (this.pieceLength > 0 && this.readOnce(this.pieceLength) > 0);
  }

  readOnce(most: number): number {
    const piece = new Uint8Array(most);
    const count = this.call(() => this.stream.read(piece, 0, piece.byteLength));
    assert.ok(count >= 0 && count <= most);
    if (count > 0) this.received.push(piece.subarray(0, count));
    return count;
  }

  write(bytes: Uint8Array): void {
    this.room = this.call(() => this.stream.write(bytes));
  }

  close(): void {
    this.call(() => this.stream.close());
  }

  #event(event: string): void {
    assert.equal(this.#inside, 0, `${event} from inside a call`);
    this.events.push(event);
    this.onEvent(event);
  }
}
