import { type Computing, digestMs, makingMs } from "./model/computing.js";
import { type LinkSettings, SHIPPED } from "./model/link-settings.js";
import { BLOCK_LENGTH, eraseMs, type Profile, programMs, readMs, SERVER_MS } from "./model/profiles.js";
import { TLS_ROUND_TRIPS } from "./model/tls.js";

/**
 * Round trips from the offer to the first byte (name, TCP, TLS, request), and one at the end for the acknowledgement of
 * `burning`.
 */
const ROUND_TRIPS = 1 + 1 + TLS_ROUND_TRIPS + 1 + 1;
/** Count of answers that a server computes: the head of the file's response, and that acknowledgement. */
const ANSWERS = 2;

/** Bytes per millisecond: the lesser of what the line carries and one receive window for each round trip. */
export function rateOf({ link }: Profile, { windowBytes }: LinkSettings = SHIPPED): number {
  return Math.min(link.bitsPerSecond / 8000, windowBytes / link.roundTripMs);
}

export function networkMs(profile: Profile, byteLength: number, settings: LinkSettings = SHIPPED): number {
  const { lossEvery, roundTripMs } = profile.link;
  const losses = lossEvery === undefined ? 0 : Math.floor(byteLength / (lossEvery * settings.mss));
  return byteLength / rateOf(profile, settings) + losses * roundTripMs;
}

/** Milliseconds of flash work for an image: erasing in the largest units, and programming. */
export function flashMs({ flash }: Profile, byteLength: number): number {
  return eraseMs(flash, 0, Math.ceil(byteLength / BLOCK_LENGTH) * BLOCK_LENGTH) + programMs(flash, 0, byteLength);
}

/**
 * Least milliseconds from the offer to the pending image, for any agent that reads the image back after the whole
 * download.
 */
export function boundMs(profile: Profile, byteLength: number, settings: LinkSettings = SHIPPED): number {
  const handshakesMs = ROUND_TRIPS * profile.link.roundTripMs + ANSWERS * SERVER_MS;
  return (
    Math.max(networkMs(profile, byteLength, settings), flashMs(profile, byteLength)) +
    readMs(profile.flash, byteLength) +
    handshakesMs
  );
}

/**
 * Least milliseconds if the agent reads back while it waits for the network. One connection brings at most one window
 * while an erase stops the chip. If an erase takes longer than a window takes to arrive, the network idles for the rest
 * of the erase.
 */
export function scheduleBoundMs(profile: Profile, byteLength: number, settings: LinkSettings = SHIPPED): number {
  const windowMs = settings.windowBytes / rateOf(profile, settings);
  const lostMs = Math.max(0, profile.flash.blockEraseMs - windowMs) * Math.ceil(byteLength / BLOCK_LENGTH);
  const handshakesMs = ROUND_TRIPS * profile.link.roundTripMs + ANSWERS * SERVER_MS;
  const flash = flashMs(profile, byteLength) + readMs(profile.flash, byteLength);
  return Math.max(networkMs(profile, byteLength, settings) + lostMs, flash) + handshakesMs;
}

/** What an update takes for its result, beside the file that is fetched. */
export interface Work {
  readonly fileLength: number;
  readonly resultLength: number;
  /** 0 if the file is the image itself. */
  readonly baseLength: number;
  readonly computing: Computing;
}

/** Milliseconds of the processor: JavaScript, the decoder, and digests of the file, the base and the result. */
export function workMs({ fileLength, resultLength, baseLength, computing }: Work): number {
  const { making, processor } = computing;
  const sha256 = baseLength === 0 ? 0 : digestMs("SHA256", baseLength + resultLength, processor);
  return makingMs(making, resultLength, processor) + digestMs("MD5", fileLength, processor) + sha256;
}

/**
 * Least milliseconds if the processor takes time: it does one thing after the other, and stands still while the flash
 * is busy. Only the network goes on meanwhile. A base is read once to hash it; that a decoder reads most of it again is
 * not in this.
 */
export function workBoundMs(profile: Profile, work: Work): number {
  const { fileLength, resultLength, baseLength } = work;
  const { flash, link } = profile;
  const boardMs = flashMs(profile, resultLength) + readMs(flash, resultLength + baseLength) + workMs(work);
  return Math.max(networkMs(profile, fileLength), boardMs) + ROUND_TRIPS * link.roundTripMs + ANSWERS * SERVER_MS;
}
