import type { Clock, HttpClient, HttpExchange, HttpHead, Log, Timer, TlsOptions } from "../../hal/ports/index.js";
import { fromNetwork, OtaError, type OtaErrorCode } from "../errors.js";
import { type ContentRange, parseContentRange, strongETag } from "./content-range.js";
import { parseRetryAfter } from "./retry-after.js";
import { type HttpUrl, parseUrl, redactUrl, resolveLocation } from "./url.js";

export interface RangeReaderOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly url: string;
  readonly tls: TlsOptions;
  /** First byte wanted. */
  readonly offset: number;
  /** Bytes in the whole file. */
  readonly size: number;
  /** Strong validator of what is stored already. */
  readonly etag: string | undefined;
  /** Longest wait for the connection, and for a byte. */
  readonly idleTimeoutMs: number;
  /** The body begins, at `offset` as asked for or before it. Called once more if `whole` asked again. */
  onOpened(opened: { offset: number; etag: string | undefined }): void;
  /** Bytes can be read. */
  onReadable(): void;
  /** This try is over. Nothing comes after it. */
  onFailed(error: OtaError): void;
}

const REDIRECT_LIMIT = 5;
/** The connection is given up if fewer bytes a second than these come over the window. */
const STALL_BYTES_PER_SECOND = 128;
const STALL_WINDOW_MS = 30_000;
const WANTED = ["content-range", "etag", "location", "retry-after", "date", "content-encoding"] as const;

/**
 * Reads a file from an offset to its end, in one try: the policy of RFC 9110 §14, with redirects, bounded waits and
 * every answer checked before a byte of it is used. What cannot be used becomes one `OtaError`.
 */
export class RangeReader {
  readonly #options: RangeReaderOptions;
  readonly #clock: Clock;
  #exchange: HttpExchange | undefined;
  #url: HttpUrl | undefined;
  #redirects = 0;
  /** First byte asked for; 0: the request names no range, or the answer is the whole file all the same. */
  #offset: number;
  /** The exchange once its body begins. */
  #body: HttpExchange | undefined;
  /** Bytes from the next one to the file's end. */
  #left = 0;
  /** When the last byte came, or the wait for one began. */
  #lastByteAt = 0;
  /** When the stall window ends, and how much was left when it began. */
  #windowEnd = Infinity;
  #windowLeft = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: RangeReaderOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#url = parseUrl(options.url);
    this.#offset = options.offset;
    this.#timer = options.clock.timer("http start", 0, () => this.#request());
  }

  /**
   * Moves the next bytes of the file into `into`, from index `start` on and up to `end`; never beyond the file's end,
   * with which the reader closes itself.
   *
   * @returns how many; fewer than fit only if no more are there
   */
  read(into: Uint8Array, start: number, end: number): number {
    if (this.#body === undefined) return 0;
    const left = this.#left;
    const count = this.#body.read(into, start, end - start < left ? end : start + left);
    if (count === 0) return 0;
    this.#left = left - count;
    this.#lastByteAt = this.#clock.now();
    if (count === left) this.close();
    return count;
  }

  /**
   * After an answer to a range that cannot be used: asks for the file without one, at most once.
   *
   * @returns whether it does
   */
  whole(): boolean {
    if (this.#offset === 0) return false;
    this.#offset = 0;
    this.#exchange?.close();
    this.#body = undefined;
    this.#request();
    return true;
  }

  /** Whoever reads has done something else for so long: that counts for no wait. */
  heldUp(ms: number): void {
    this.#lastByteAt += ms;
    this.#windowEnd += ms;
  }

  /** Idempotent; nothing is called after it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#exchange?.close();
    this.#exchange = this.#body = undefined;
  }

  #request(): void {
    const { http, log, idleTimeoutMs, tls } = this.#options;
    const url = this.#url;
    if (url === undefined) {
      this.#fail(new OtaError("redirect-refused", "not an http or https URL"));
      return;
    }
    log("debug", "http", () => `GET ${redactUrl(this.#options.url)} from ${this.#offset}`);
    this.#lastByteAt = this.#clock.now();
    this.#windowEnd = Infinity;
    this.#arm();
    this.#exchange = http.send({
      ...url,
      tls: url.secure ? tls : undefined,
      headers: this.#rangeFields(),
      wanted: WANTED,
      connectTimeoutMs: idleTimeoutMs,
      onHead: (head) => this.#onHead(head, url),
      onReadable: () => {
        if (!this.#closed) this.#options.onReadable();
      },
      onEnd: () => this.#fail(new OtaError("connection-lost", "body ended early")),
      onError: (error) => this.#fail(fromNetwork(error)),
    });
  }

  #rangeFields(): (readonly [string, string])[] {
    if (this.#offset === 0) return [];
    const { etag } = this.#options;
    const range: readonly [string, string] = ["Range", `bytes=${this.#offset}-`];
    return etag === undefined ? [range] : [range, ["If-Range", etag]];
  }

  #onHead(head: HttpHead, url: HttpUrl): void {
    if (this.#closed) return;
    this.#lastByteAt = this.#clock.now();
    if (isRedirect(head.status)) {
      this.#redirect(head, url);
      return;
    }
    const range = head.status === 206 ? parseContentRange(head.header("content-range")) : undefined;
    const refused = refusalOf(head) ?? this.#mismatch(head, range);
    if (refused === undefined) this.#open(head, range?.first ?? 0);
    else if ((refused.code !== "unexpected-answer" && refused.code !== "bad-request") || !this.whole()) {
      this.#fail(refused);
    }
  }

  #open({ contentLength, header }: HttpHead, offset: number): void {
    const { size, onOpened } = this.#options;
    if (contentLength === size) this.#offset = 0;
    this.#left = size - offset;
    this.#body = this.#exchange;
    this.#beginWindow();
    this.#arm();
    onOpened({ offset, etag: strongETag(header("etag")) });
  }

  #redirect(head: HttpHead, from: HttpUrl): void {
    const location = head.header("location");
    const to = location === undefined ? undefined : resolveLocation(from, location);
    this.#exchange?.close();
    this.#redirects++;
    let refused: string | undefined;
    if (to === undefined) refused = "redirect without a usable location";
    else if (this.#redirects > REDIRECT_LIMIT) refused = `more than ${REDIRECT_LIMIT} redirects`;
    else if (from.secure && !to.secure) refused = "redirect from https to http";
    if (refused !== undefined) {
      this.#fail(new OtaError("redirect-refused", refused));
      return;
    }
    this.#url = to;
    this.#request();
  }

  /** Whether a 200 or 206 is about the file that was offered, and begins where it may (RFC 9110 §15.3.7). */
  #mismatch({ status, contentLength, header }: HttpHead, range: ContentRange | undefined): OtaError | undefined {
    const { size, etag } = this.#options;
    const encoding = header("content-encoding");
    const length = status === 200 ? contentLength : range?.total;
    const now = strongETag(header("etag"));
    let message: string | undefined;
    // Other values do not change the bytes (RFC 9110 §8.4.1), though they are no codings: none, UTF-8, aws-chunked.
    if (encoding !== undefined && /(^|,)\s*(gzip|deflate|br|zstd|compress|x-)/i.test(encoding)) {
      message = `content encoded as ${encoding.slice(0, 16)}`;
    } else if (length !== undefined && length !== size) message = `file has ${length} bytes, not ${size}`;
    else if (status === 200) return undefined;
    else if (range === undefined) message = "206 without a range";
    else if (range.first > this.#offset) message = `range begins at ${range.first}, not ${this.#offset}`;
    else if (etag !== undefined && now !== undefined && now !== etag) message = "206 of another file";
    return message === undefined ? undefined : new OtaError("unexpected-answer", message);
  }

  /** One timer serves both waits: it looks how much came, and when. A new timer for each read would cost more. */
  #arm(): void {
    const { clock, idleTimeoutMs } = this.#options;
    const waitMs = Math.max(0, Math.min(this.#lastByteAt + idleTimeoutMs, this.#windowEnd) - clock.now());
    this.#timer?.cancel();
    this.#timer = clock.timer("http wait", waitMs, () => this.#onWaited());
  }

  #onWaited(): void {
    const { clock, idleTimeoutMs } = this.#options;
    const now = clock.now();
    const count = this.#windowLeft - this.#left;
    if (now - this.#lastByteAt >= idleTimeoutMs) {
      this.#fail(new OtaError("idle-timeout", `no byte for ${idleTimeoutMs} ms`));
    } else if (now >= this.#windowEnd && count * 1000 < STALL_BYTES_PER_SECOND * this.#windowMs) {
      this.#fail(new OtaError("stalled", `${count} bytes in ${this.#windowMs} ms`));
    } else {
      if (now >= this.#windowEnd) this.#beginWindow();
      this.#arm();
    }
  }

  get #windowMs(): number {
    return Math.max(STALL_WINDOW_MS, this.#options.idleTimeoutMs);
  }

  #beginWindow(): void {
    this.#windowEnd = this.#options.clock.now() + this.#windowMs;
    this.#windowLeft = this.#left;
  }

  #fail(error: OtaError): void {
    if (this.#closed) return;
    this.close();
    this.#options.onFailed(error);
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** What a status other than 200 and 206 means. With each of them the server may name the moment to come back. */
function refusalOf({ status, header }: HttpHead): OtaError | undefined {
  const code = codeOf(status);
  if (code === undefined) return undefined;
  return new OtaError(code, `server answers ${status}`, parseRetryAfter(header("retry-after"), header("date")));
}

/** The table of all statuses that are no redirect (RFC 9110 §15). */
function codeOf(status: number): OtaErrorCode | undefined {
  switch (status) {
    case 200:
    case 206:
      return undefined;
    case 401:
    case 403:
      return "url-refused";
    case 404:
    case 410:
      return "not-found";
    case 408:
    case 425:
    case 429:
      return "server-busy";
    case 400:
      return "bad-request";
    case 407:
    case 409:
    case 412:
    case 416:
    case 421:
    case 423:
    case 501:
      return "unexpected-answer";
  }
  if (status >= 500) return "server-busy";
  return status < 400 ? "unexpected-answer" : "http-status";
}
