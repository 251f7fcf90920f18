export interface ByteRange {
  readonly first: number;
  /** Index of the last byte, which belongs to the range. */
  readonly last: number;
}

/**
 * Reads a Range field (RFC 9110 §14.2). An end beyond the file is clamped, as the object store does.
 *
 * @returns `undefined` if there is no range, a malformed one or more than one; then the whole file is sent
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
