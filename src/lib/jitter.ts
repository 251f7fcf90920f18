import type { Random } from "../../hal/ports/index.js";

/** @returns a number from 0 to less than 1 */
export function randomFraction(random: Random): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  return new DataView(bytes.buffer).getUint32(0) / 0x100000000;
}

/**
 * Back-off with full jitter: anything between 0 and a bound that doubles with each try.
 *
 * @param attempt 1 for the first wait
 * @returns milliseconds
 */
export function fullJitter(attempt: number, options: { baseMs: number; maxMs: number; random: Random }): number {
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(randomFraction(options.random) * bound);
}

/** @returns `length` characters of `[A-Za-z0-9]` */
export function randomText(length: number, random: Random): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  let text = "";
  while (text.length < length) text += alphabet.charAt(Math.floor(randomFraction(random) * alphabet.length));
  return text;
}
