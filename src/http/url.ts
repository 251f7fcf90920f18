import { isVisibleAscii, replaceEach } from "../lib/text.js";

/** A URL taken apart, byte for byte: nothing is decoded, normalised or encoded again. */
export interface HttpUrl {
  readonly secure: boolean;
  /** Without brackets if it is an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Value of the Host field: as written, with the port if one was written. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
}

const URL_LIMIT = 4096;

/** @returns `undefined` for anything that is not an absolute http or https URL of visible ASCII */
export function parseUrl(text: string): HttpUrl | undefined {
  // No RegExp reads a URL: XS's matcher takes a slot of stack for each character that it repeats.
  if (text.length > URL_LIMIT || !isVisibleAscii(text)) return undefined;
  const start = firstOf(text, "/", 0) + 2;
  const scheme = text.slice(0, start).toLowerCase();
  const secure = scheme === "https://";
  const end = firstOf(text, "/?#", start);
  const authority = text.slice(start, end);
  const isLiteral = authority.startsWith("[");
  const hostEnd = isLiteral ? authority.indexOf("]") : firstOf(authority, ":", 0);
  const host = authority.slice(isLiteral ? 1 : 0, hostEnd);
  const rest = authority.slice(isLiteral ? hostEnd + 1 : hostEnd);
  const port = rest === "" ? (secure ? 443 : 80) : Number(rest.slice(1));
  if (
    (!secure && scheme !== "http://") ||
    host === "" ||
    // A percent sign would stand for a character that no name has (RFC 3986 §3.2.2).
    firstOf(host, "[]@%", 0) < host.length ||
    isLiteral !== host.includes(":") ||
    (rest !== "" && rest !== `:${port}`) ||
    !(port >= 1 && port <= 65535)
  ) {
    return undefined;
  }
  const target = text.slice(end, firstOf(text, "#", end));
  return { secure, host, port, authority, target: target.startsWith("/") ? target : `/${target}` };
}

/**
 * Where a redirect leads (RFC 3986 §5.2). Bytes that a URL may not have are percent-encoded (§2.1): blanks, and those
 * beyond ASCII.
 *
 * @param location value of the Location field, a character for each byte
 * @returns `undefined` if it is no usable URL
 */
export function resolveLocation(base: HttpUrl, location: string): HttpUrl | undefined {
  const reference = percentEncoded(location);
  const scheme = base.secure ? "https:" : "http:";
  const path = base.target.slice(0, firstOf(base.target, "?", 0));
  let url = scheme;
  if (firstOf(reference, ":", 0) < firstOf(reference, "/?#", 0)) url = "";
  else if (!reference.startsWith("//")) {
    url += `//${base.authority}`;
    if (reference === "" || reference.startsWith("#")) return base;
    if (reference.startsWith("?")) url += path;
    else if (!reference.startsWith("/")) url += path.slice(0, path.lastIndexOf("/") + 1);
  }
  const parsed = parseUrl(url + reference);
  return parsed === undefined ? undefined : { ...parsed, target: withoutDotSegments(parsed.target) };
}

/** For logs: a URL that was parsed, without the query, which holds the signature. */
export function redactUrl(text: string): string {
  const end = firstOf(text, "?#", 0);
  return text.slice(0, end) + (end < text.length ? "?…" : "");
}

/** @returns the index of the first of these characters from `start` on, or the length of the text */
function firstOf(text: string, characters: string, start: number): number {
  let first = text.length;
  for (let index = 0; index < characters.length; index++) {
    const at = text.indexOf(characters.charAt(index), start);
    if (at >= 0 && at < first) first = at;
  }
  return first;
}

/** Controls stay as they are: with them it is no URL. */
function percentEncoded(text: string): string {
  return replaceEach(text, (code) =>
    code === 0x20 || code >> 7 === 1 ? `%${code.toString(16).toUpperCase()}` : undefined,
  );
}

/** RFC 3986 §5.2.4. There is no list of segments: a path from outside may have thousands. */
function withoutDotSegments(target: string): string {
  const end = firstOf(target, "?", 0);
  let path = "";
  for (let at = 0; at < end; ) {
    const next = Math.min(firstOf(target, "/", at + 1), end);
    const segment = target.slice(at, next);
    const isUp = segment === "/..";
    if (isUp) path = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (!isUp && segment !== "/.") path += segment;
    else if (next === end) path += "/";
    at = next;
  }
  return path + target.slice(end);
}
