import type { HalError } from "./errors.js";

/** Certificates and keys are DER: what the SDK's TLS takes. */
export interface TlsOptions {
  /** One trust anchor besides the board's own set. */
  readonly authority?: Uint8Array | undefined;
  /** The device's certificate, for mutual TLS. */
  readonly certificate?: Uint8Array | undefined;
  /** The private key that belongs to `certificate`. */
  readonly privateKey?: Uint8Array | undefined;
}

export interface ConnectOptions {
  /** Name or IP address. With TLS it is also the name that the peer's certificate must carry. */
  readonly host: string;
  readonly port: number;
  /** Present: TLS. */
  readonly tls?: TlsOptions | undefined;
  /** Longest wait, in milliseconds, for the name, the connection and the TLS handshake together. */
  readonly timeoutMs: number;
  /**
   * Bytes have come: read until `read` gives less than asked for. What is left is not announced again until more comes.
   */
  onReadable(): void;
  /** `count` bytes can be written now. The first call means: connected. */
  onWritable(count: number): void;
  /** The connection is over. Bytes that came before a close by the peer (`closed`) were offered first. */
  onError(error: HalError): void;
}

/**
 * An open connection. Unread bytes stay in the socket: not reading is the back-pressure. No callback comes after
 * `close`, none from inside a call, and none after `onError`.
 */
export interface ByteStream {
  /**
   * Moves the bytes that are there into `into`, from index `start` on and up to `end`: no view of it is needed for a
   * part.
   *
   * @returns how many; fewer than fit only if no more are there
   */
  read(into: Uint8Array, start: number, end: number): number;

  /**
   * Queues all of `bytes`; they may be reused at once.
   *
   * @returns how many more bytes can be written now
   * @throws HalError `no-space` if they exceed what the last `onWritable` or `write` allowed: nothing was queued
   */
  write(bytes: Uint8Array): number;

  /** Idempotent. */
  close(): void;
}

export interface Connector {
  /** Never throws; whatever fails comes by `onError`. */
  connect(options: ConnectOptions): ByteStream;
}
