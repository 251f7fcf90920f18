export interface ByteRange {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
}

/**
 * Reads a Range field (RFC 9110 §14.2). An end beyond the file is clamped, as the object store does.
 *
 * @returns `undefined` for no range, one that is malformed, and several: the whole file is sent then
 */
export function parseRange(value: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=([0-9]*)-([0-9]*)$/.exec(value?.trim() ?? "");
  if (match === null) return undefined;
  const [, firstText = "", lastText = ""] = match;
  if (firstText === "") {
    if (lastText === "") return undefined;
    const length = Math.min(Number(lastText), size);
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 };
  }
  const first = Number(firstText);
  const last = lastText === "" ? Infinity : Number(lastText);
  if (last < first) return undefined;
  return first >= size ? "unsatisfiable" : { first, last: Math.min(last, size - 1) };
}
