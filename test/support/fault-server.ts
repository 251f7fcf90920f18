import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { parseRange } from "../../cloud/files/byte-range.js";

/** How the server treats one request; it does everything else right. */
export interface Behaviour {
  /** Answers with this status and no file. */
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  /** Sends the whole file with 200, whatever was asked. */
  readonly ignoreRange?: boolean;
  /** Ends the connection after this many body bytes. */
  readonly cutAfter?: number;
  /** Sends nothing more after this many body bytes. */
  readonly stallAfter?: number;
  /** Bytes, one at a time, with this pause in milliseconds between them. */
  readonly trickleMs?: number;
  /** Sends these bytes in the place of the file's. */
  readonly content?: Uint8Array;
  /** Sent instead of the true one. */
  readonly contentRange?: string;
  /** Without Content-Length, in chunks. */
  readonly chunked?: boolean;
  /** `null`: none. */
  readonly etag?: string | null;
  /** Waits before it answers. */
  readonly delayMs?: number;
  /** Writes these bytes to the socket instead of an answer, and closes. */
  readonly raw?: string;
}

export interface Request {
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly atMs: number;
}

/** An HTTP server with faults: one behaviour for each request in turn, then it answers rightly. */
export class FaultServer {
  readonly requests: Request[] = [];
  readonly #server: Server;
  readonly #secure: boolean;
  behaviours: Behaviour[] = [];
  onRequest: () => void = () => {};
  /** Called, over TLS, with the keys of each connection: a line as in the files that Wireshark reads. */
  onKeys: (line: Buffer) => void = () => {};
  file: Uint8Array;
  /** Text of the firmware's manifest. */
  manifest: string | undefined;
  /** Body bytes handed to the sockets. */
  bodyBytes = 0;
  port = 0;

  constructor(file: Uint8Array, tls?: ServerOptions) {
    this.file = file;
    this.#secure = tls !== undefined;
    const listener = (request: IncomingMessage, response: ServerResponse): void => this.#serve(request, response);
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on("keylog", (line: Buffer) => this.onKeys(line));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#secure ? "https" : "http"}://127.0.0.1:${this.port}/firmware.bin`;
  }

  get md5(): string {
    return createHash("md5").update(this.file).digest("hex");
  }

  /** Ends every connection. */
  dropAll(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push({ target: request.url ?? "", headers: request.headers, atMs: performance.now() });
    this.onRequest();
    if (/^[^?]*\.json(\?|$)/.test(request.url ?? "")) {
      response.writeHead(this.manifest === undefined ? 404 : 200);
      response.end(this.manifest);
      return;
    }
    const behaviour = this.behaviours.shift() ?? {};
    setTimeout(() => this.#answer(request, response, behaviour), behaviour.delayMs ?? 0);
  }

  #answer(request: IncomingMessage, response: ServerResponse, behaviour: Behaviour): void {
    const file = behaviour.content ?? this.file;
    if (behaviour.raw !== undefined) {
      request.socket.end(behaviour.raw, "latin1");
      return;
    }
    if (behaviour.status !== undefined) {
      response.writeHead(behaviour.status, { "Content-Length": 0, ...behaviour.headers });
      response.end();
      return;
    }
    const etag = behaviour.etag === undefined ? `"${this.md5}"` : behaviour.etag;
    const ifRange = request.headers["if-range"];
    const matches = ifRange === undefined || ifRange === etag;
    const range =
      behaviour.ignoreRange === true || !matches ? undefined : parseRange(request.headers.range, file.byteLength);
    if (range === "unsatisfiable") {
      response.writeHead(416, { "Content-Range": `bytes */${file.byteLength}`, "Content-Length": 0 });
      response.end();
      return;
    }
    const body = range === undefined ? file : file.subarray(range.first, range.last + 1);
    response.writeHead(range === undefined ? 200 : 206, {
      ...(behaviour.chunked === true ? {} : { "Content-Length": String(body.byteLength) }),
      ...(etag === null ? {} : { ETag: etag }),
      ...(range === undefined
        ? {}
        : { "Content-Range": behaviour.contentRange ?? `bytes ${range.first}-${range.last}/${file.byteLength}` }),
      ...behaviour.headers,
    });
    this.#sendBody(response, body, behaviour);
  }

  #sendBody(response: ServerResponse, body: Uint8Array, behaviour: Behaviour): void {
    if (behaviour.trickleMs !== undefined) {
      this.#trickle(response, body, behaviour.trickleMs);
      return;
    }
    const limit = behaviour.cutAfter ?? behaviour.stallAfter;
    const piece = limit === undefined ? body : body.subarray(0, limit);
    this.bodyBytes += piece.byteLength;
    if (limit === undefined) {
      response.end(piece);
      return;
    }
    response.write(piece, () => {
      if (behaviour.cutAfter !== undefined) response.destroy();
    });
    if (piece.byteLength === 0) response.flushHeaders();
  }

  #trickle(response: ServerResponse, body: Uint8Array, pauseMs: number): void {
    let at = 0;
    const timer = setInterval(() => {
      if (response.destroyed || at >= body.byteLength) {
        clearInterval(timer);
        response.end();
        return;
      }
      response.write(body.subarray(at, ++at));
      this.bodyBytes++;
    }, pauseMs);
  }
}
