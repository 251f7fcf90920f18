import type { HalError } from "./errors.js";
import type { TlsOptions } from "./network.js";

export interface HttpRequest {
  readonly host: string;
  readonly port: number;
  /** Request target (RFC 9112 §3.2.1), sent byte for byte. */
  readonly target: string;
  /** Value of the Host field. */
  readonly authority: string;
  /** If present, the request goes over TLS (https). */
  readonly tls?: TlsOptions | undefined;
  /** Further request fields. Names are sent as they are spelled here. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** If it is not empty, the request is a POST with this content (RFC 9110 §9.3.3), a character for each byte. */
  readonly body?: string | undefined;
  /** Response fields the caller wants, in lower case. All others are dropped unread, whatever their length. */
  readonly wanted: readonly string[];
  /** Longest wait for the connection, in milliseconds. The caller bounds all later waits. */
  readonly connectTimeoutMs: number;
  /** The head is complete. Not called for interim responses (1xx). */
  onHead(head: HttpHead): void;
  /**
   * Body bytes have come: the caller reads until `read` returns less than was asked for. Bytes that stay unread are not
   * announced again until more have come.
   */
  onReadable(): void;
  /** The whole body was read. */
  onEnd(): void;
  /** The exchange failed: `malformed` for a head or framing that breaks HTTP, `closed` for a body cut short. */
  onError(error: HalError): void;
}

export interface HttpHead {
  readonly status: number;
  /** Bytes of body as announced; `undefined` for a chunked body and for one that ends with the connection. */
  readonly contentLength: number | undefined;
  /** Value of a wanted field (first occurrence), or `undefined`. */
  header(name: string): string | undefined;
}

/** One request. No callback comes after `close`, after `onEnd` or after `onError`, and none from inside a call. */
export interface HttpExchange {
  /**
   * Moves the bytes of the body that are there, chunk framing removed, into `into`, from index `start` on and up to
   * `end`.
   *
   * @returns how many bytes were moved; fewer than fit only if no more are there
   */
  read(into: Uint8Array, start: number, end: number): number;

  /** Ends the exchange and its connection. Idempotent. */
  close(): void;
}

/**
 * HTTP/1.1, GET and POST, one connection each. A response head is malformed if it is over 32 KiB, interim responses
 * included, or if what is kept of it (wanted fields, Content-Length, Transfer-Encoding) is over 4 KiB.
 */
export interface HttpClient {
  /** Never throws; every failure is reported by `onError`. */
  send(request: HttpRequest): HttpExchange;
}
