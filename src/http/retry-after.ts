/**
 * Retry-After (RFC 9110 §10.2.3): seconds, or a date. A date is read against the server's own Date field, so that no
 * clock is needed here.
 *
 * @returns milliseconds, or `undefined` if there is nothing usable
 */
export function parseRetryAfter(value: string | undefined, date: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1000;
  if (date === undefined || !/^[A-Z][a-z]{2}/.test(value)) return undefined;
  const waitMs = Date.parse(value) - Date.parse(date);
  return Number.isFinite(waitMs) && waitMs > 0 ? waitMs : undefined;
}
