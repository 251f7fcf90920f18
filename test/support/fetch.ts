import assert from "node:assert/strict";
import {
  HalError,
  type HalErrorKind,
  type HttpClient,
  type HttpExchange,
  type HttpHead,
  type HttpRequest,
} from "../../hal/ports/index.js";

/** One GET, which notes its callbacks and checks that none comes from inside a call. */
export class Fetch {
  readonly events: string[] = [];
  readonly pieces: Uint8Array[] = [];
  readonly exchange: HttpExchange;
  head: HttpHead | undefined;
  error: HalError | undefined;
  /** Most bytes to read at a time; 0 leaves all unread. */
  pieceLength = 4096;
  onEvent: (event: string) => void = () => {};
  #inside = 0;

  constructor(http: HttpClient, options: Pick<HttpRequest, "port"> & Partial<HttpRequest>) {
    this.exchange = this.#call(() =>
      http.send({
        host: "127.0.0.1",
        target: "/firmware.bin",
        authority: "127.0.0.1",
        headers: [],
        wanted: [],
        connectTimeoutMs: 10_000,
        ...options,
        onHead: (head) => {
          this.head = head;
          this.#event(`head ${head.status}`);
        },
        onReadable: () => {
          this.#event("readable");
          this.drain();
        },
        onEnd: () => this.#event("end"),
        onError: (error) => {
          this.error = error;
          this.#event(`error ${error.kind}`);
        },
      }),
    );
  }

  get over(): boolean {
    return this.events.some((event) => event === "end" || event.startsWith("error"));
  }

  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** The events but for `readable`. */
  get outcome(): string {
    return this.events.filter((event) => event !== "readable").join(", ");
  }

  drain(): void {
    while (this.pieceLength > 0 && this.readOnce(this.pieceLength) > 0);
  }

  readOnce(most: number): number {
    const piece = new Uint8Array(most);
    const count = this.#call(() => this.exchange.read(piece, 0, piece.byteLength));
    assert.ok(count >= 0 && count <= most);
    if (count > 0) this.pieces.push(piece.subarray(0, count));
    return count;
  }

  close(): void {
    this.#call(() => this.exchange.close());
  }

  #event(event: string): void {
    assert.equal(this.#inside, 0, `${event} from inside a call`);
    this.events.push(event);
    this.onEvent(event);
  }

  #call<Result>(action: () => Result): Result {
    this.#inside++;
    try {
      return action();
    } finally {
      this.#inside--;
    }
  }
}

/** It failed in this way, and nothing came after that. */
export function assertFailed(fetch: Fetch, kind: HalErrorKind): void {
  assert.equal(fetch.events.at(-1), `error ${kind}`, fetch.error?.message);
  assert.ok(fetch.error instanceof HalError);
  assert.equal(fetch.events.filter((event) => event.startsWith("error") || event === "end").length, 1);
}
