import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.js";

/** Path of a file in test/fixtures/tls. */
export function tlsPath(name: string): string {
  return join(ROOT, "test", "fixtures", "tls", name);
}

export function tlsPem(name: string): Buffer {
  return readFileSync(tlsPath(name));
}

export function certificateDer(name: string): Uint8Array {
  return new Uint8Array(new X509Certificate(tlsPem(name)).raw);
}

export function keyDer(name: string): Uint8Array {
  return new Uint8Array(createPrivateKey(tlsPem(name)).export({ type: "pkcs8", format: "der" }));
}

/** What a server on 127.0.0.1 needs. */
export const SERVER_TLS = { cert: tlsPem("server.pem"), key: tlsPem("server-key.pem") };

/** What a server needs that asks for the device's certificate too. */
export const MUTUAL_TLS = { ...SERVER_TLS, ca: tlsPem("ca.pem"), requestCert: true, rejectUnauthorized: true };

/** What a device needs, in DER. */
export const AUTHORITY = certificateDer("ca.pem");
export const OTHER_AUTHORITY = certificateDer("other-ca.pem");
export const CLIENT_CERTIFICATE = certificateDer("client.pem");
export const CLIENT_KEY = keyDer("client-key.pem");
export const CLIENT_NAME = "ABCDE12345light_01";
