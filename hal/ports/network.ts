import type { HalError } from "./errors.js";

/** Certificates and keys are DER, the format that the SDK's TLS takes. */
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
  /** If present, the connection uses TLS. */
  readonly tls?: TlsOptions | undefined;
  /**
   * Most bytes in a TLS record that the peer is asked for (RFC 6066 §4): 512, 1024, 2048 or 4096. A peer may ignore it
   * and send records of up to 16 KiB. If absent, it is not asked.
   */
  readonly maxFragmentLength?: number | undefined;
  /** Longest wait, in milliseconds, for the name, the connection and the TLS handshake together. */
  readonly timeoutMs: number;
  /**
   * Bytes have come: the caller reads until `read` returns less than was asked for. Bytes that stay unread are not
   * announced again until more have come.
   */
  onReadable(): void;
  /** `count` bytes can be written now. The first call means that the connection is open. */
  onWritable(count: number): void;
  /** The connection is over. Bytes that came before the peer closed it (`closed`) were announced before this call. */
  onError(error: HalError): void;
}

/**
 * An open connection. Unread bytes stay in the socket, so a caller that does not read slows the sender down. No
 * callback comes after `close`, none from inside a call, and none after `onError`.
 */
export interface ByteStream {
  /**
   * Moves the bytes that are there into `into`, from index `start` on and up to `end`. The caller needs no view to fill
   * a part of its buffer.
   *
   * @returns how many bytes were moved; fewer than fit only if no more are there
   */
  read(into: Uint8Array, start: number, end: number): number;

  /**
   * Queues all of `bytes`; the caller may reuse the buffer at once.
   *
   * @returns how many more bytes can be written now
   * @throws HalError `no-space` if they exceed what the last `onWritable` or `write` allowed; nothing was queued then
   */
  write(bytes: Uint8Array): number;

  /** Idempotent. */
  close(): void;
}

export interface Connector {
  /** Never throws; every failure is reported by `onError`. */
  connect(options: ConnectOptions): ByteStream;
}
