import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.js";
import { certificateDer, keyDer, SERVER_TLS, tlsPem } from "./tls-fixtures.js";

/** Text of a file under test/fixtures. */
export function fixture(name: string): string {
  return readFileSync(join(ROOT, "test", "fixtures", name), "utf8");
}

/** Of a server that wants the device's certificate too. */
export const MUTUAL_TLS = { ...SERVER_TLS, ca: tlsPem("ca.pem"), requestCert: true, rejectUnauthorized: true };

/** What a device needs, in DER. */
export const AUTHORITY = certificateDer("ca.pem");
export const OTHER_AUTHORITY = certificateDer("other-ca.pem");
export const CLIENT_CERTIFICATE = certificateDer("client.pem");
export const CLIENT_KEY = keyDer("client-key.pem");
export const CLIENT_NAME = "ABCDE12345light_01";
