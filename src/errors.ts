import type { HalError, LogLevel } from "../hal/ports/index.js";

/** Every way in which an update, a connection or a call can fail. */
export type OtaErrorCode =
  // the link to the file
  | "unreachable"
  | "connection-lost"
  | "idle-timeout"
  | "stalled"
  | "untrusted"
  // the server's answer
  | "server-busy"
  | "url-refused"
  | "bad-request"
  | "url-not-renewed"
  | "not-found"
  | "http-status"
  | "http-malformed"
  | "redirect-refused"
  | "unexpected-answer"
  | "content-changed"
  // the image
  | "image-too-large"
  | "image-invalid"
  | "digest-mismatch"
  // the seal, and what it is compared with
  | "unsigned"
  | "signature-invalid"
  | "key-unknown"
  | "rollback-refused"
  | "wrong-product"
  // a package, and what it is made for
  | "package-malformed"
  | "wrong-base"
  // storage and boot
  | "flash-failed"
  | "store-failed"
  | "switch-failed"
  | "install-failed"
  | "reverted"
  // the policy: a person says no, or the device refuses the offer by itself
  | "declined"
  | "offer-refused"
  | "deadline-exceeded"
  // the broker
  | "mqtt-refused"
  | "mqtt-protocol"
  | "mqtt-timeout"
  // the platform's answers about sub-devices
  | "not-bound"
  | "gateway-refused"
  // the platform's answer to a device that registers itself
  | "registration-refused"
  // misuse and our own mistakes
  | "usage"
  | "internal";

/** How a job ended, in our words. `protocol/` alone knows their numbers on the wire. */
export type Outcome = "done" | "timed-out" | "not-found" | "url-expired" | "digest-mismatch" | "failed";

export type FailedOutcome = Exclude<Outcome, "done">;

/**
 * What to do about an error that ends one try of a download: `back-off` and try again, ask for a fresh URL (`renew`; if
 * the fresh one is refused too, give up, or back off with `renew-first`), drop what is stored and `restart` from the
 * first byte, or give up (`never`).
 */
export type Remedy = "back-off" | "renew" | "renew-first" | "restart" | "never";

export interface ErrorRule {
  readonly remedy: Remedy;
  /** What is reported once there is nothing left to try. */
  readonly outcome: FailedOutcome;
  /** What is stored of the image stays usable for a later offer of it. */
  readonly keeps: boolean;
  /** The level at which a failed try, or job, is logged. */
  readonly level: LogLevel;
  /** The device refuses the image for what it is, and tells the application so. */
  readonly refuses?: boolean;
}

const RETRY: ErrorRule = Object.freeze({ remedy: "back-off", outcome: "timed-out", keeps: true, level: "warn" });
const GIVE_UP: ErrorRule = Object.freeze({ remedy: "never", outcome: "failed", keeps: false, level: "error" });
const REFUSED: ErrorRule = Object.freeze({ ...GIVE_UP, refuses: true });
/** Another download of the image may go on from what is stored. */
const GIVE_UP_FOR_NOW: ErrorRule = Object.freeze({ ...GIVE_UP, keeps: true });

const RULES: { readonly [Code in OtaErrorCode]: ErrorRule } = Object.freeze({
  unreachable: RETRY,
  "connection-lost": RETRY,
  "idle-timeout": RETRY,
  stalled: RETRY,
  untrusted: GIVE_UP_FOR_NOW,
  "server-busy": RETRY,
  "url-refused": { remedy: "renew", outcome: "url-expired", keeps: true, level: "warn" },
  // An expired signature (AWS S3: ExpiredToken), or a mood of the server's.
  "bad-request": { ...RETRY, remedy: "renew-first", outcome: "failed" },
  "url-not-renewed": { ...GIVE_UP_FOR_NOW, outcome: "timed-out" },
  "not-found": { ...GIVE_UP_FOR_NOW, outcome: "not-found" },
  "http-status": GIVE_UP_FOR_NOW,
  "http-malformed": { ...RETRY, outcome: "failed" },
  "redirect-refused": GIVE_UP_FOR_NOW,
  "unexpected-answer": { ...RETRY, outcome: "failed" },
  "content-changed": { remedy: "restart", outcome: "failed", keeps: false, level: "warn" },
  "image-too-large": GIVE_UP,
  "image-invalid": GIVE_UP,
  "digest-mismatch": { ...GIVE_UP, outcome: "digest-mismatch" },
  unsigned: REFUSED,
  "signature-invalid": REFUSED,
  "key-unknown": REFUSED,
  "rollback-refused": { ...REFUSED, level: "warn" },
  "wrong-product": REFUSED,
  "package-malformed": REFUSED,
  // The platform has the whole image too.
  "wrong-base": { ...REFUSED, level: "warn" },
  "flash-failed": GIVE_UP,
  "store-failed": GIVE_UP,
  "switch-failed": GIVE_UP,
  "install-failed": GIVE_UP_FOR_NOW,
  reverted: GIVE_UP,
  declined: { ...GIVE_UP_FOR_NOW, level: "info" },
  "offer-refused": { ...GIVE_UP_FOR_NOW, level: "info" },
  "deadline-exceeded": GIVE_UP_FOR_NOW,
  "mqtt-refused": GIVE_UP,
  "mqtt-protocol": GIVE_UP,
  "mqtt-timeout": GIVE_UP,
  "not-bound": GIVE_UP,
  "gateway-refused": GIVE_UP,
  "registration-refused": GIVE_UP,
  usage: GIVE_UP,
  internal: GIVE_UP,
});

/** A code and what it is about, for a log. */
export function describeFailure({ code, message }: { readonly code: OtaErrorCode; readonly message: string }): string {
  return message === "" ? code : `${code}: ${message}`;
}

export function ruleFor(code: OtaErrorCode): ErrorRule {
  return RULES[code];
}

/** @returns the first word of what is reported, if it is a code by which the device refuses an image for what it is */
export function refusalIn(message: string): OtaErrorCode | undefined {
  const code = message.slice(0, Math.max(0, message.indexOf(": "))) as OtaErrorCode;
  const rule: ErrorRule | undefined = RULES[code];
  return rule?.refuses ? code : undefined;
}

/** The agent's own error. `name` is a field: XS refuses its assignment in a constructor. */
export class OtaError extends Error {
  override readonly name = "OtaError";
  readonly code: OtaErrorCode;
  /** The server's wish (Retry-After): not sooner than this, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  /** @param message one line, without secrets and without the query of a URL */
  constructor(code: OtaErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a failure of the network means for a download. */
export function fromNetwork({ kind, message }: HalError): OtaError {
  return new OtaError(codeOf(kind), message);
}

function codeOf(kind: HalError["kind"]): OtaErrorCode {
  switch (kind) {
    case "untrusted":
      return "untrusted";
    case "unreachable":
    case "timeout":
      return "unreachable";
    case "malformed":
      return "http-malformed";
    case "unsupported":
    case "not-aligned":
    case "out-of-bounds":
    case "invalid-image":
      return "internal";
    case "io":
    case "closed":
    case "no-space":
      return "connection-lost";
  }
}

/** One line about anything that was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
