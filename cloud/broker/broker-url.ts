import { CloudError } from "../types.js";

/** How the cloud reaches another broker. */
export interface BrokerAddress {
  /** The URL without the user and the password. */
  readonly url: string;
  /** Empty if the cloud has none. */
  readonly username: string;
  readonly password: string;
}

/**
 * Reads `mqtt://[user:password@]host[:port]`. The library would take a password from behind its last colon.
 *
 * @throws CloudError if user or password are not encoded as URLs have them; the message holds nothing of them
 */
export function readBrokerUrl(text: string): BrokerAddress {
  if (!URL.canParse(text)) return { url: withoutLogin(text), username: "", password: "" };
  const url = new URL(text);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  try {
    return { url: url.href, username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw new CloudError("user and password of a broker are encoded in its URL: write %25 for a %");
  }
}

/**
 * @returns a URL for people, without its user and password. What stands before the last `@` is left out, also if it is
 *   no valid URL: a password that is not encoded may hold anything.
 */
export function withoutLogin(text: string): string {
  return text.replace(/\/\/.*@/s, "//");
}
