import {
  HalError,
  type HalErrorKind,
  type HttpClient,
  type HttpExchange,
  type HttpRequest,
} from "../../hal/ports/index.js";

export interface FakeAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers?: { readonly [name: string]: string };
  readonly contentLength?: number;
}

/** One request that the test answers. It calls back even after `close`, and the caller must bear that. */
export class FakeExchange implements HttpExchange {
  readonly request: HttpRequest;
  #body = new Uint8Array(0);
  closed = false;
  /** How many times `read` was called after `close`. */
  readsAfterClose = 0;

  constructor(request: HttpRequest) {
    this.request = request;
  }

  /** Only wanted fields can be seen, as the port demands. */
  head({ status, headers = {}, contentLength }: FakeAnswer): void {
    const { wanted } = this.request;
    this.request.onHead({
      status,
      contentLength,
      header: (name) => (wanted.includes(name) ? headers[name] : undefined),
    });
  }

  send(bytes: Uint8Array): void {
    this.#body = new Uint8Array(Buffer.concat([this.#body, bytes]));
    this.request.onReadable();
  }

  end(): void {
    this.request.onEnd();
  }

  fail(kind: HalErrorKind, message = `peer: ${kind}`): void {
    this.request.onError(new HalError(kind, message));
  }

  get unread(): number {
    return this.#body.byteLength;
  }

  read(into: Uint8Array, start: number, end: number): number {
    if (this.closed) {
      this.readsAfterClose++;
      return 0;
    }
    const count = Math.min(end - start, this.#body.byteLength);
    into.set(this.#body.subarray(0, count), start);
    this.#body = this.#body.slice(count);
    return count;
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeHttp implements HttpClient {
  readonly exchanges: FakeExchange[] = [];

  send(request: HttpRequest): HttpExchange {
    const exchange = new FakeExchange(request);
    this.exchanges.push(exchange);
    return exchange;
  }

  /** The newest one. */
  get exchange(): FakeExchange {
    const exchange = this.exchanges.at(-1);
    if (exchange === undefined) throw new Error("nothing was requested");
    return exchange;
  }
}
