import type { Digests } from "../../hal/ports/index.js";
import { toHex } from "../lib/bytes.js";
import { encodeUtf8 } from "../lib/utf8.js";
import { hmac } from "./hmac.js";
import { type Authentication, decodeSecret, type DeviceName } from "./identity.js";

/** One of the two application ids that devices in the field send. */
const SDK_APP_ID = "12010126";

/** For a device that has no clock: the signature does not expire before 2038. */
export const NO_EXPIRY = 2147483647;

/** How long a signature holds if the device knows the time, in seconds. A new one is made for each connection. */
const SIGNATURE_LIFETIME = 86400;

export interface Credentials {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

export interface CredentialInput {
  readonly name: DeviceName;
  readonly authentication: Authentication;
  /** 5 characters of `[A-Za-z0-9]`, new for each connection. */
  readonly connectionId: string;
  /** Seconds since 1970, or `undefined` if the device does not know. */
  readonly unixTime: number | undefined;
  readonly digests: Digests;
}

export function clientIdOf({ productId, deviceName }: DeviceName): string {
  return productId + deviceName;
}

/**
 * Client id, user name and password of one connection. The password is the HMAC of the user name under the decoded
 * device secret; with a certificate any password does.
 *
 * @throws OtaError `usage` if the secret is not base64 or the board lacks the digest
 */
export function createCredentials(input: CredentialInput): Credentials {
  const { name, authentication, connectionId, unixTime } = input;
  const clientId = clientIdOf(name);
  const expiry = unixTime === undefined ? NO_EXPIRY : unixTime + SIGNATURE_LIFETIME;
  const username = `${clientId};${SDK_APP_ID};${connectionId};${expiry}`;
  return { clientId, username, password: password(username, authentication, input.digests) };
}

/** @param username the signed text */
export function password(username: string, authentication: Authentication, digests: Digests): string {
  if (authentication.mode === "CERT") return "certificate";
  const hash = authentication.hash ?? "SHA-256";
  const signature = hmac(hash, decodeSecret(authentication.deviceSecret), encodeUtf8(username), digests);
  return `${toHex(signature)};${hash === "SHA-256" ? "hmacsha256" : "hmacsha1"}`;
}
