import {
  type ByteStream,
  type Clock,
  type Connector,
  HalError,
  type HttpExchange,
  type HttpRequest,
  type Timer,
} from "../ports/index.js";
import { type BodyFraming, ChunkedFraming, CloseFraming, LengthFraming } from "./body.js";
import { HeadParser, type ParsedHead } from "./head.js";

/** Bytes read at a time until the head has ended. Body bytes that were read with it are handed to the caller first. */
const HEAD_BUFFER_LENGTH = 256;
/**
 * Most bytes in a TLS record that a server is asked for. The SDK's TLS gathers a record whole before any of it can be
 * read, and servers send up to 16 KiB in one.
 */
const FRAGMENT_LENGTH = 4096;

/** One request over one connection. */
export class Exchange implements HttpExchange {
  readonly #request: HttpRequest;
  readonly #clock: Clock;
  /** Absent if the request could not be encoded as bytes. */
  readonly #stream: ByteStream | undefined;
  /** The unsent rest of the request. */
  #unsent: Uint8Array | undefined;
  #parser: HeadParser | undefined;
  #framing: BodyFraming | undefined;
  /**
   * Bytes that were read for the head or for framing; those from `#bufferedStart` to `#bufferedEnd` are not used yet.
   * Absent once all are used.
   */
  #buffer: Uint8Array | undefined;
  #bufferedStart = 0;
  #bufferedEnd = 0;
  /** Body bytes that can be read straight from the stream: neither framing nor buffered bytes come before them. */
  #plain = 0;
  /** The connection has ended, but buffered bytes are not read yet. */
  #broken: HalError | undefined;
  /** Present once it is decided how the exchange ends: the timer reports it. */
  #ending: Timer | undefined;
  #closed = false;

  constructor(request: HttpRequest, connector: Connector, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
    this.#parser = new HeadParser(request.wanted);
    try {
      this.#unsent = requestBytes(request);
    } catch (error) {
      this.#failLater(HalError.wrap("malformed", "request", error));
      return;
    }
    this.#stream = connector.connect({
      host: request.host,
      port: request.port,
      tls: request.tls,
      maxFragmentLength: FRAGMENT_LENGTH,
      timeoutMs: request.connectTimeoutMs,
      onReadable: () => {
        if (this.#framing !== undefined) request.onReadable();
        else if (!this.#closed) this.#onHeadBytes();
      },
      onWritable: (count) => this.#onWritable(count),
      onError: (error) => this.#onError(error),
    });
  }

  read(into: Uint8Array, start: number, end: number): number {
    if (this.#plain < end - start) return this.#readParts(into, start, end);
    let count = 0;
    try {
      count = (this.#stream as ByteStream).read(into, start, end);
    } catch (error) {
      this.#failLater(HalError.wrap("malformed", "response body", error));
      return 0;
    }
    if ((this.#plain -= count) === 0) this.#readParts(into, end, end);
    return count;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending?.cancel();
    this.#ending = undefined;
    this.#framing = undefined;
    this.#buffer = undefined;
    this.#plain = 0;
    this.#stream?.close();
  }

  #onWritable(count: number): void {
    if (this.#closed || this.#unsent === undefined) return;
    const piece = this.#unsent.subarray(0, count);
    this.#unsent = piece.byteLength === this.#unsent.byteLength ? undefined : this.#unsent.subarray(piece.byteLength);
    try {
      this.#stream?.write(piece);
    } catch (error) {
      this.#fail(HalError.wrap("io", "request", error));
    }
  }

  #onHeadBytes(): void {
    let head: ParsedHead | undefined;
    try {
      head = this.#readHead(this.#parser as HeadParser);
    } catch (error) {
      this.#fail(HalError.wrap("malformed", "response head", error));
      return;
    }
    if (head !== undefined) this.#startBody(head);
  }

  #readHead(parser: HeadParser): ParsedHead | undefined {
    const buffer = (this.#buffer ??= new Uint8Array(HEAD_BUFFER_LENGTH));
    for (;;) {
      const count = (this.#stream as ByteStream).read(buffer, 0, HEAD_BUFFER_LENGTH);
      if (count === 0) return undefined;
      const bodyStart = parser.push(buffer, 0, count);
      if (bodyStart < 0) continue;
      this.#bufferedStart = bodyStart;
      this.#bufferedEnd = count;
      return parser.result();
    }
  }

  #startBody(head: ParsedHead): void {
    this.#parser = undefined;
    if (head.status === 204 || head.status === 304) this.#framing = new LengthFraming(0);
    else if (head.chunked) this.#framing = new ChunkedFraming();
    else if (head.contentLength === undefined) this.#framing = new CloseFraming();
    else this.#framing = new LengthFraming(head.contentLength);
    const { headers } = head;
    this.#request.onHead({
      status: head.status,
      contentLength: head.contentLength,
      header: (name) => headers[name],
    });
    if (this.#closed) return;
    if (this.#framing.done()) this.#end();
    else this.#request.onReadable();
  }

  /** Reads body bytes if framing or the end of the body may come between them. */
  #readParts(into: Uint8Array, start: number, end: number): number {
    const framing = this.#framing;
    if (framing === undefined || this.#ending !== undefined) return 0;
    if (this.#buffer === undefined) framing.available = this.#plain;
    let at = start;
    try {
      for (let count = 1; count > 0 && at < end; at += count) count = this.#readPart(framing, into, at, end);
    } catch (error) {
      this.#failLater(HalError.wrap("malformed", "response body", error));
      return at - start;
    }
    this.#plain = this.#buffer === undefined ? framing.available : 0;
    if (framing.available === 0 && framing.done()) this.#end();
    else if (this.#broken !== undefined && this.#buffered() === 0) this.#failLater(this.#broken);
    return at - start;
  }

  /** Reads at most up to the next framing, or to the end of the buffered bytes. */
  #readPart(framing: BodyFraming, into: Uint8Array, start: number, end: number): number {
    if (framing.available === 0 && !this.#skipFraming(framing)) return 0;
    const last = end - start < framing.available ? end : start + framing.available;
    const count =
      this.#buffer === undefined
        ? (this.#stream as ByteStream).read(into, start, last)
        : this.#take(this.#buffer, into, start, last);
    framing.available -= count;
    return count;
  }

  /** @returns whether body bytes come next */
  #skipFraming(framing: BodyFraming): boolean {
    while (framing.available === 0 && !framing.done()) {
      const byte = this.#takeByte();
      if (byte < 0) return false;
      framing.framing(byte);
    }
    return framing.available > 0;
  }

  /** Takes the buffered bytes first, then reads from the socket. */
  #take(buffer: Uint8Array, into: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#buffered());
    into.set(buffer.subarray(this.#bufferedStart, this.#bufferedStart + count), start);
    this.#bufferedStart += count;
    if (this.#buffered() === 0) this.#buffer = undefined;
    return count > 0 ? count : (this.#stream as ByteStream).read(into, start, end);
  }

  #buffered(): number {
    return this.#bufferedEnd - this.#bufferedStart;
  }

  #takeByte(): number {
    const buffer = (this.#buffer ??= new Uint8Array(HEAD_BUFFER_LENGTH));
    if (this.#buffered() === 0) {
      this.#bufferedStart = 0;
      this.#bufferedEnd = (this.#stream as ByteStream).read(buffer, 0, HEAD_BUFFER_LENGTH);
      if (this.#bufferedEnd === 0) return -1;
    }
    return buffer[this.#bufferedStart++] as number;
  }

  /** The caller may still read the bytes that came before the connection ended. */
  #onError(error: HalError): void {
    if (this.#closed || this.#ending !== undefined) return;
    if (this.#framing !== undefined && this.#buffered() > 0) this.#broken = error;
    else this.#connectionEnded(error);
  }

  /** A body that is framed by the end of the connection is complete when the peer closes the connection. */
  #connectionEnded(error: HalError): void {
    if (error.kind === "closed" && this.#framing?.endsWithConnection === true) this.#finish();
    else this.#fail(error);
  }

  /** `onEnd` and `onError` must not be called from inside `read`, so a timer calls them. */
  #end(): void {
    this.#plain = 0;
    this.#ending ??= this.#clock.timer("http end", 0, () => this.#finish());
  }

  #failLater(error: HalError): void {
    this.#plain = 0;
    this.#ending ??= this.#clock.timer("http error", 0, () => this.#connectionEnded(error));
  }

  #finish(): void {
    if (this.#closed) return;
    this.close();
    this.#request.onEnd();
  }

  #fail(error: HalError): void {
    if (this.#closed) return;
    this.close();
    this.#request.onError(error);
  }
}

function requestBytes(request: HttpRequest): Uint8Array {
  const { body = "" } = request;
  let text = `${body === "" ? "GET" : "POST"} ${request.target} HTTP/1.1\r\nHost: ${request.authority}\r\nConnection: close\r\n`;
  // Without this a proxy may compress (RFC 9110 §12.5.3).
  text += "Accept-Encoding: identity\r\n";
  for (const [name, value] of request.headers) text += `${name}: ${value}\r\n`;
  if (body !== "") text += `Content-Length: ${body.length}\r\n`;
  text += `\r\n${body}`;
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) throw new Error("characters outside ISO-8859-1");
    bytes[index] = code;
  }
  return bytes;
}
