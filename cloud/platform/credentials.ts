import { createHmac, timingSafeEqual } from "node:crypto";

export interface Credentials {
  readonly clientId: string;
  /** `clientId;appId;connectionId;expiry`, the expiry in seconds since 1970. */
  readonly username: string;
  /** HMAC of the user name and its method; `undefined` if a certificate has proven the client id. */
  readonly password: string | undefined;
}

/**
 * Whether credentials prove that a client is the device whose id it has (password of the platform's MQTT signature).
 *
 * @param deviceSecret in base64; `undefined` if the device proves its identity by a certificate
 * @param nowSec       seconds since 1970
 */
export function isProven(
  { clientId, username, password }: Credentials,
  deviceSecret: string | undefined,
  nowSec: number,
): boolean {
  const [name, , , expiry = ""] = username.split(";");
  if (name !== clientId || !/^\d{1,19}$/.test(expiry) || !(Number(expiry) > nowSec)) return false;
  if (password === undefined) return true;
  const [digest = "", method = ""] = password.split(";");
  const hash = method === "hmacsha256" ? "sha256" : method === "hmacsha1" ? "sha1" : undefined;
  if (hash === undefined || deviceSecret === undefined) return false;
  const expected = createHmac(hash, Buffer.from(deviceSecret, "base64")).update(username).digest();
  const given = Buffer.from(digest, "hex");
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}

/** @returns until when the user name of proven credentials is valid, in seconds since 1970 */
export function expiryOf(username: string): number {
  return Number(username.split(";")[3]);
}
