/** A running timer. */
export interface Timer {
  /** Idempotent; the callback is not called after this. */
  cancel(): void;

  /**
   * Once it has called back or was cancelled: the same once more, with the same delay, for less memory than a new timer
   * takes.
   */
  again(): void;
}

export interface Clock {
  /** Milliseconds since some fixed moment; never goes back, whatever the wall clock does. */
  now(): number;

  /**
   * Calls back once, never from inside this call.
   *
   * @param name    shown in diagnostics
   * @param delayMs 0 or more; 0 is the next turn of the event loop
   */
  timer(name: string, delayMs: number, callback: () => void): Timer;

  /** Seconds since 1970, or `undefined` if the board does not know. */
  unixTime(): number | undefined;
}

/**
 * What the board knows of its own condition. `undefined`: it does not know, and an update never waits for what nobody
 * can tell. Read anew at each call; never throws.
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

/** Same bytes give the same digest, however they are split. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** Ends the computation; the object is spent. */
  digest(): Uint8Array;
}

export interface Digests {
  /** @returns a new computation, or `undefined` if the board has no native one */
  create(algorithm: DigestAlgorithm): Digest | undefined;
}

/**
 * `error`: needs a person. `warn`: the agent copes. `info`: what an operator follows. `debug`: what a developer
 * follows.
 */
export type LogLevel = "error" | "warn" | "info" | "debug";

/**
 * One line of log. `message` is called only if the level is wanted. It never holds a secret, nor the query of a URL.
 *
 * @param area the part that speaks, e.g. `mqtt`
 */
export type Log = (level: LogLevel, area: string, message: () => string) => void;
