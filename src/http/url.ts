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

/** @returns `undefined` for anything that is not an absolute http or https URL of plain ASCII */
export function parseUrl(text: string): HttpUrl | undefined {
  if (text.length > URL_LIMIT || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", authority = "", rest = ""] = match;
  const place = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:@]+))(?::([0-9]{1,5}))?$/.exec(authority);
  if (place === null) return undefined;
  const secure = scheme.toLowerCase() === "https";
  const port = place[3] === undefined ? (secure ? 443 : 80) : Number(place[3]);
  if (port < 1 || port > 65535) return undefined;
  const host = (place[1] ?? place[2]) as string;
  return { secure, host, port, authority, target: rest.startsWith("/") ? rest : `/${rest}` };
}

/**
 * Where a redirect leads (RFC 3986 §5.2, without the removal of dot segments: the server reads the path, not we).
 *
 * @param location value of the Location field
 * @returns `undefined` if it is no usable URL
 */
export function resolveLocation(base: HttpUrl, location: string): HttpUrl | undefined {
  const scheme = base.secure ? "https:" : "http:";
  const origin = `${scheme}//${base.authority}`;
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(location)) return parseUrl(location);
  if (location.startsWith("//")) return parseUrl(scheme + location);
  if (location.startsWith("/")) return parseUrl(origin + location);
  if (location === "" || location.startsWith("#")) return base;
  const path = base.target.replace(/\?.*$/, "");
  if (location.startsWith("?")) return parseUrl(origin + path + location);
  return parseUrl(origin + path.slice(0, path.lastIndexOf("/") + 1) + location);
}

/** For logs: without the query, which holds the signature. */
export function redactUrl(text: string): string {
  const match = /^(https?:\/\/)(?:[^/?#]*@)?([^/?#@]*)([^?#]*)/i.exec(text);
  if (match === null) return "(no URL)";
  const query = text.length > match[0].length ? "?…" : "";
  return `${match[1]}${match[2]}${match[3]}${query}`;
}
