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

/** Bytes read at a time while the head lasts: what comes after it is served to the caller from here first. */
const HEAD_BUFFER_LENGTH = 256;

/** One GET over one connection. */
export class Exchange implements HttpExchange {
  readonly #request: HttpRequest;
  readonly #clock: Clock;
  /** Absent where the request could not be put into bytes. */
  readonly #stream: ByteStream | undefined;
  /** The unsent rest of the request. */
  #unsent: Uint8Array | undefined;
  #parser: HeadParser | undefined;
  #framing: BodyFraming | undefined;
  /** Bytes that came with the head: body from `#bufferedStart` to `#bufferedEnd`. */
  #buffer: Uint8Array | undefined;
  #bufferedStart = 0;
  #bufferedEnd = 0;
  /** The connection ended, with bytes yet to be read. */
  #broken: HalError | undefined;
  /** How the exchange ends is decided, and about to be told. */
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
      timeoutMs: request.connectTimeoutMs,
      onReadable: () => this.#onReadable(),
      onWritable: (count) => this.#onWritable(count),
      onError: (error) => this.#onError(error),
    });
  }

  read(into: Uint8Array): number {
    if (this.#closed || this.#framing === undefined || this.#ending !== undefined) return 0;
    try {
      const count = this.#readBody(into, this.#framing);
      if (this.#framing.done()) this.#end();
      else if (this.#broken !== undefined && this.#buffered() === 0) this.#failLater(this.#broken);
      return count;
    } catch (error) {
      this.#failLater(HalError.wrap("malformed", "response body", error));
      return 0;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending?.cancel();
    this.#ending = undefined;
    this.#buffer = undefined;
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

  #onReadable(): void {
    if (this.#closed) return;
    if (this.#parser === undefined) {
      this.#request.onReadable();
      return;
    }
    let head: ParsedHead | undefined;
    try {
      head = this.#readHead(this.#parser);
    } catch (error) {
      this.#fail(HalError.wrap("malformed", "response head", error));
      return;
    }
    if (head !== undefined) this.#startBody(head);
  }

  #readHead(parser: HeadParser): ParsedHead | undefined {
    this.#buffer ??= new Uint8Array(HEAD_BUFFER_LENGTH);
    for (;;) {
      const count = this.#fromStream(this.#buffer);
      if (count === 0) return undefined;
      const bodyStart = parser.push(this.#buffer, 0, count);
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

  #readBody(into: Uint8Array, framing: BodyFraming): number {
    for (;;) {
      if (framing.done()) return 0;
      const available = framing.available();
      if (available > 0) {
        const wanted = Math.min(available, into.byteLength);
        const count = this.#take(wanted === into.byteLength ? into : into.subarray(0, wanted));
        if (count > 0) framing.took(count);
        return count;
      }
      const byte = this.#takeByte();
      if (byte < 0) return 0;
      framing.framing(byte);
    }
  }

  /** From what came with the head first, then from the socket. */
  #take(into: Uint8Array): number {
    const count = Math.min(into.byteLength, this.#buffered());
    if (count === 0) return this.#fromStream(into);
    into.set((this.#buffer as Uint8Array).subarray(this.#bufferedStart, this.#bufferedStart + count));
    this.#bufferedStart += count;
    return count;
  }

  #fromStream(into: Uint8Array): number {
    return this.#stream?.read(into) ?? 0;
  }

  #buffered(): number {
    return this.#bufferedEnd - this.#bufferedStart;
  }

  #takeByte(): number {
    const buffer = this.#buffer as Uint8Array;
    if (this.#buffered() === 0) {
      this.#bufferedStart = 0;
      this.#bufferedEnd = this.#fromStream(buffer);
      if (this.#bufferedEnd === 0) return -1;
    }
    return buffer[this.#bufferedStart++] as number;
  }

  /** What came before the connection ended is still the caller's to read. */
  #onError(error: HalError): void {
    if (this.#closed || this.#ending !== undefined) return;
    if (this.#framing !== undefined && this.#buffered() > 0) this.#broken = error;
    else this.#connectionEnded(error);
  }

  /** A body framed by the end of the connection ends well with it. */
  #connectionEnded(error: HalError): void {
    if (error.kind === "closed" && this.#framing?.endsWithConnection === true) this.#finish();
    else this.#fail(error);
  }

  /** `onEnd` and `onError` never come from inside `read`. */
  #end(): void {
    this.#ending ??= this.#clock.timer("http end", 0, () => this.#finish());
  }

  #failLater(error: HalError): void {
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
  let text = `GET ${request.target} HTTP/1.1\r\nHost: ${request.authority}\r\nConnection: close\r\n`;
  for (const [name, value] of request.headers) text += `${name}: ${value}\r\n`;
  text += "\r\n";
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) throw new Error("characters outside ISO-8859-1");
    bytes[index] = code;
  }
  return bytes;
}
