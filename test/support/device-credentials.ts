import { createHmac } from "node:crypto";

/** What a device shows to a broker. */
export interface ShownCredentials {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

/** @param expirySec seconds since 1970 @returns what a device with this secret, in base64, shows to the broker */
export function credentialsOf(clientId: string, secret: string, expirySec = 2_147_483_647): ShownCredentials {
  const username = `${clientId};12010126;a1b2c;${expirySec}`;
  const digest = createHmac("sha256", Buffer.from(secret, "base64")).update(username).digest("hex");
  return { clientId, username, password: `${digest};hmacsha256` };
}
