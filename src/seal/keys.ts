import type { Device } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { decodeBase64 } from "../lib/base64.js";
import { equalBytes, toHex } from "../lib/bytes.js";
import type { Failure } from "../update/machine/types.js";
import { KEY_ID_LENGTH, type Seal } from "./format.js";
import { inRange, isOnCurve, verifyP256 } from "./p256.js";
import { type Sha256, sha256 } from "./sha256.js";

/** A key whose seals are taken. */
export interface TrustedKey {
  /** x and y. */
  readonly point: Uint8Array;
  /** The first bytes of the SHA-256 of its SubjectPublicKeyInfo. */
  readonly id: Uint8Array;
}

/** A SubjectPublicKeyInfo of P-256 (RFC 5480 §2.1.1), up to the 0x04 before x and y. */
const DER_HEAD = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
const POINT_LENGTH = 64;
const DER_LENGTH = DER_HEAD.length / 2 + POINT_LENGTH;
const PEM_BEGIN = "-----BEGIN PUBLIC KEY-----";
const PEM_END = "-----END PUBLIC KEY-----";

/** @throws OtaError `usage` for what is no key, named by its place in the list */
export function trustedKeys(trusted: readonly (string | Uint8Array)[], hash: Sha256): readonly TrustedKey[] {
  return trusted.map((key, index) => {
    const point = pointOf(key);
    if (point === undefined || !isOnCurve(point)) {
      throw new OtaError("usage", `seal.trusted[${index}] is no public key of P-256: PEM, DER or a point`);
    }
    const der = new Uint8Array(DER_LENGTH);
    for (let at = 0; at < DER_HEAD.length; at += 2) der[at / 2] = parseInt(DER_HEAD.slice(at, at + 2), 16);
    der.set(point, DER_LENGTH - POINT_LENGTH);
    return { point, id: hash(der).slice(0, KEY_ID_LENGTH) };
  });
}

/** @returns x and y, `undefined` if the key has another form */
function pointOf(key: string | Uint8Array): Uint8Array | undefined {
  const bytes = typeof key === "string" ? derOf(key) : key;
  if (!(bytes instanceof Uint8Array)) return undefined;
  const start = bytes.byteLength - POINT_LENGTH;
  if (start === 0) return bytes.slice();
  if (start === 1 && bytes[0] === 4) return bytes.slice(1);
  return start > 1 && toHex(bytes.subarray(0, start)) === DER_HEAD ? bytes.slice(start) : undefined;
}

/** @returns the first public key of a PEM text (RFC 7468 §13) as DER */
function derOf(text: string): Uint8Array | undefined {
  const start = text.indexOf(PEM_BEGIN);
  const end = text.indexOf(PEM_END, start);
  if (start < 0 || end < 0) return undefined;
  const lines = text.slice(start + PEM_BEGIN.length, end).split("\n");
  return decodeBase64(lines.map((line) => line.trim()).join(""));
}

/** @returns why no trusted key has sealed it; `undefined`: one has */
export function signatureFailure(
  { signatures, signedBytes }: Seal,
  keys: readonly TrustedKey[],
  device: Pick<Device, "digests" | "signatures">,
): Failure | undefined {
  let known: string | undefined;
  for (const { keyId, signature } of signatures) {
    for (const { id, point } of keys) {
      if (!equalBytes(id, keyId, KEY_ID_LENGTH)) continue;
      if (verifies(point, signedBytes, signature, device)) return undefined;
      known = toHex(keyId);
    }
  }
  if (known !== undefined) return { code: "signature-invalid", message: `the signature by key ${known} is none` };
  const [first] = signatures;
  return { code: "key-unknown", message: `sealed by key ${toHex(first?.keyId ?? new Uint8Array(0))}, not trusted` };
}

function verifies(
  point: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  { digests, signatures }: Pick<Device, "digests" | "signatures">,
): boolean {
  // The SDK's own verification does not look at the range, and does not return from s = 0.
  if (!inRange(signature)) return false;
  if (signatures?.verifyP256(point, message, signature) === true) return true;
  // Native code also denies what it was built without. Without this, such a board would refuse each update for ever.
  return verifyP256(point, sha256(digests)(message), signature);
}
