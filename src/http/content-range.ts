/** Content-Range of a 206 (RFC 9110 §14.4). */
export interface ContentRange {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
  /** Complete length of the representation; `undefined` if the server sends `*`. */
  readonly total: number | undefined;
}

/** @returns `undefined` if the field is absent, malformed or contradicts itself */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = value === undefined ? null : /^bytes[ \t]+([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15}|\*)$/i.exec(value);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2]);
  const total = match[3] === "*" ? undefined : Number(match[3]);
  if (last < first || (total !== undefined && last >= total)) return undefined;
  return { first, last, total };
}

/** Only a strong validator may go into If-Range (RFC 9110 §13.1.5). @returns the tag, or `undefined` */
export function strongETag(value: string | undefined): string | undefined {
  return value !== undefined && /^"[\x21\x23-\x7e]{0,62}"$/.test(value) ? value : undefined;
}
