/**
 * What can go wrong below the agent. Closed on purpose: the agent decides what to do from the kind alone and never
 * from a message.
 *
 * - `not-aligned`, `out-of-bounds`: a caller's mistake, nothing was changed.
 * - `io`: the medium or the link failed; for storage, the bytes concerned are undefined.
 * - `no-space`: the key-value store is full.
 * - `closed`: the peer ended the connection, after all its bytes were read.
 * - `unreachable`: the host does not exist or does not accept the connection, or its TLS handshake failed for another
 *   reason than a certificate.
 * - `untrusted`: the peer's certificate, or ours, was judged and not accepted.
 * - `timeout`: a wait that this layer limits itself took too long.
 * - `malformed`: the peer's bytes break the protocol.
 * - `invalid-image`: the boot control does not accept what is in the slot.
 * - `unsupported`: this board cannot do it.
 */
export type HalErrorKind =
  | "not-aligned"
  | "out-of-bounds"
  | "io"
  | "no-space"
  | "closed"
  | "unreachable"
  | "untrusted"
  | "timeout"
  | "malformed"
  | "invalid-image"
  | "unsupported";

/**
 * The one shape in which every port reports a failure: thrown by storage and boot, handed to `onError` by the network.
 * `name` is a field because XS refuses an assignment to it in a constructor.
 */
export class HalError extends Error {
  override readonly name = "HalError";
  readonly kind: HalErrorKind;

  /**
   * @param message what failed, without secrets
   * @param cause   what the module below threw, if anything
   */
  constructor(kind: HalErrorKind, message: string, cause?: unknown) {
    super(cause === undefined ? message : `${message}: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.kind = kind;
  }

  /** Wraps what a module threw; a `HalError` is returned unchanged. */
  static wrap(kind: HalErrorKind, message: string, thrown: unknown): HalError {
    return thrown instanceof HalError ? thrown : new HalError(kind, message, thrown);
  }
}
