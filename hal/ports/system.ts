/** A running timer. */
export interface Timer {
  /** Idempotent; the callback is not called after this. */
  cancel(): void;

  /**
   * Starts the timer once more with the same delay; to be called only after it has called back or was cancelled. It
   * takes less memory than a new timer.
   */
  again(): void;
}

export interface Clock {
  /** Milliseconds since some fixed moment. It never goes back, even if the wall clock is set back. */
  now(): number;

  /**
   * Calls back once, never from inside this call.
   *
   * @param name    shown in diagnostics
   * @param delayMs 0 or more; 0 means the next turn of the event loop
   */
  timer(name: string, delayMs: number, callback: () => void): Timer;

  /** Seconds since 1970, or `undefined` if the board does not know the time. */
  unixTime(): number | undefined;
}

/**
 * What the board knows of its own condition. A reading is `undefined` if the board does not know it; an update never
 * waits for an unknown reading. Read anew at each call; never throws.
 */
export interface Vitals {
  /** Charge, 0 to 100. */
  batteryPercent(): number | undefined;
  /** Strength of the radio signal, in dBm. */
  signalDbm(): number | undefined;
}

export interface Random {
  /** Fills `into` with entropy fit for connection ids and jitter. */
  fill(into: Uint8Array): void;
}

export type DigestAlgorithm = "MD5" | "SHA-1" | "SHA-256";

/** The same bytes give the same digest, however they are split. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** Ends the computation; the object cannot be used after this. */
  digest(): Uint8Array;
}

export interface Digests {
  /** @returns a new computation, or `undefined` if the board has no native one */
  create(algorithm: DigestAlgorithm): Digest | undefined;
}

/** What native code can say of a signature. */
export interface Signatures {
  /**
   * ECDSA over P-256 with SHA-256.
   *
   * @param publicKey a point of the curve: x and y, 32 bytes each, big-endian
   * @param message   what was signed, at most 256 bytes
   * @param signature r and s, 32 bytes each, big-endian; both are from 1 to the order of the curve less 1
   * @returns whether it is a signature of this message by this key; `false` also if native code fails: then JavaScript
   * decides
   */
  verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * `error`: needs a person. `warn`: the agent copes. `info`: what an operator follows. `debug`: what a developer
 * follows.
 */
export type LogLevel = "error" | "warn" | "info" | "debug";

/**
 * One line of log. `message` is called only if the level is wanted. It never holds a secret, nor the query of a URL.
 *
 * @param area the part that logs, e.g. `mqtt`
 */
export type Log = (level: LogLevel, area: string, message: () => string) => void;
