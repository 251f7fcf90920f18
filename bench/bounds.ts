import {
  BLOCK_LENGTH,
  eraseMs,
  type Profile,
  programMs,
  readMs,
  SEGMENT_LENGTH,
  SERVER_MS,
  WINDOW_LENGTH,
} from "./model/profiles.js";
import { TLS_ROUND_TRIPS } from "./model/tls.js";

/**
 * From the offer to the first byte: name, TCP, TLS, request. At the end the acknowledgement of `burning` is waited for.
 */
const ROUND_TRIPS = 1 + 1 + TLS_ROUND_TRIPS + 1 + 1;
/** The answers that a server computes: the file's head, and that acknowledgement. */
const ANSWERS = 2;

/** Bytes per millisecond: what the line carries, or what the window lets through in a round trip. */
export function rateOf({ link }: Profile): number {
  return Math.min(link.bitsPerSecond / 8000, WINDOW_LENGTH / link.roundTripMs);
}

export function networkMs(profile: Profile, byteLength: number): number {
  const { lossEvery, roundTripMs } = profile.link;
  const losses = lossEvery === undefined ? 0 : Math.floor(byteLength / (lossEvery * SEGMENT_LENGTH));
  return byteLength / rateOf(profile) + losses * roundTripMs;
}

/** Erases in the largest units, and programming. */
export function flashMs({ flash }: Profile, byteLength: number): number {
  return eraseMs(flash, 0, Math.ceil(byteLength / BLOCK_LENGTH) * BLOCK_LENGTH) + programMs(flash, 0, byteLength);
}

/**
 * Milliseconds from the offer to the pending image that no agent can undercut which reads back after it has downloaded.
 */
export function boundMs(profile: Profile, byteLength: number): number {
  const handshakesMs = ROUND_TRIPS * profile.link.roundTripMs + ANSWERS * SERVER_MS;
  return (
    Math.max(networkMs(profile, byteLength), flashMs(profile, byteLength)) +
    readMs(profile.flash, byteLength) +
    handshakesMs
  );
}

/**
 * The same, knowing that one connection brings at most one window while an erase blocks the thread: of an erase that
 * takes longer than a window takes to come, the rest is lost to the network. Read-back is hidden in the waits.
 */
export function scheduleBoundMs(profile: Profile, byteLength: number): number {
  const windowMs = WINDOW_LENGTH / rateOf(profile);
  const lostMs = Math.max(0, profile.flash.blockEraseMs - windowMs) * Math.ceil(byteLength / BLOCK_LENGTH);
  const handshakesMs = ROUND_TRIPS * profile.link.roundTripMs + ANSWERS * SERVER_MS;
  const flash = flashMs(profile, byteLength) + readMs(profile.flash, byteLength);
  return Math.max(networkMs(profile, byteLength) + lostMs, flash) + handshakesMs;
}
