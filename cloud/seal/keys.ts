import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { CloudError } from "../types.js";
import { KEY_ID_LENGTH } from "../../src/seal/format.js";

/** A key on P-256 that signs firmware, or only its public half. */
export interface SealKey {
  /** The first bytes of SHA-256 over the public key in DER (SubjectPublicKeyInfo, 91 bytes). */
  readonly id: Buffer;
  readonly publicKey: KeyObject;
  /** Absent: the key lives elsewhere. */
  readonly privateKey?: KeyObject;
}

/** @returns a new pair in PEM: the private half as PKCS #8, the public one as SubjectPublicKeyInfo */
export function generateSealKey(): { readonly privatePem: string; readonly publicPem: string; readonly key: SealKey } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    key: { id: idOf(publicKey), publicKey, privateKey },
  };
}

/**
 * Reads a key of a PEM file, the private or the public half; PKCS #8 and SEC 1 are both taken.
 *
 * @param name what the file is called, for the message
 * @throws CloudError if it is no key, is encrypted, or is on another curve
 */
export function readSealKey(pem: string | Buffer, name: string): SealKey {
  const text = pem.toString();
  if (/ENCRYPTED/.test(text)) {
    throw new CloudError(`${name} is encrypted: sign with --sign-with and a command that opens it`);
  }
  const isPrivate = /-----BEGIN (EC )?PRIVATE KEY-----/.test(text);
  let key: KeyObject;
  try {
    key = isPrivate ? createPrivateKey(text) : createPublicKey(text);
  } catch {
    throw new CloudError(`${name} is no key in PEM: ota-cloud key new makes one`);
  }
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new CloudError(`${name} is no key on the curve P-256: ota-cloud key new makes one`);
  }
  const publicKey = uncompressed(isPrivate ? createPublicKey(key) : key);
  return { id: idOf(publicKey), publicKey, ...(isPrivate ? { privateKey: key } : {}) };
}

/** The key as the id is computed from it: a file may have only x and a sign of y. */
function uncompressed(publicKey: KeyObject): KeyObject {
  return createPublicKey({ key: publicKey.export({ format: "jwk" }), format: "jwk" });
}

function idOf(publicKey: KeyObject): Buffer {
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest().subarray(0, KEY_ID_LENGTH);
}
