import assert from "node:assert/strict";
import { OtaError } from "../../../src/errors.js";
import { decodeFloor, encodeFloor } from "../../../src/seal/floor.js";
import {
  BODY_LENGTH,
  decodeSeal,
  encodeBody,
  encodeSeal,
  MAX_SEAL_LENGTH,
  signedBytes,
} from "../../../src/seal/format.js";
import { signatureFailure, trustedKeys } from "../../../src/seal/keys.js";
import { isOnCurve, verifyP256 } from "../../../src/seal/p256.js";
import { sha256 } from "../../support/p256-cases.js";
import { nativelyVerified } from "../../support/native-verifier.js";
import { PRODUCT, sealed, type Signer, signerNamed } from "../../support/seals.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { type Target, text, withCrc } from "../target.js";

const VENDOR = signerNamed("vendor");
const SUCCESSOR = signerNamed("successor");
const STRANGER = signerNamed("stranger");
const KEYS = trustedKeys([VENDOR.pem, SUCCESSOR.publicKey], sha256);

const SEAL_TEXT = Array.from("SEAL", (character) => character.charCodeAt(0));
const BEGIN_TEXT = Array.from("OTAS", (character) => character.charCodeAt(0));
const ENTRY_LENGTH = 72;
/** Every so many inputs that look right are verified in BigInt too, which takes a hundred times as long. */
const BIGINT_SHARE = 64;

function fileBy(...signers: readonly Signer[]): Uint8Array {
  const image = new Uint8Array(40).fill(signers.length);
  return sealed(image, { version: "1.2.3", securityVersion: 7, product: PRODUCT, signers });
}

const FILES = [fileBy(VENDOR), fileBy(STRANGER), fileBy(STRANGER, SUCCESSOR), fileBy(SUCCESSOR, STRANGER, VENDOR)];
/** What trusted keys have signed: nothing else may be taken. */
const SIGNED = new Set(
  FILES.map((file) => decodeSeal(file.slice(-MAX_SEAL_LENGTH), file.byteLength)).flatMap((seal) =>
    "code" in seal ? [] : [Buffer.from(seal.signedBytes).toString("hex")],
  ),
);

/** The end of a file, as a server shows it or flash holds it. */
export const seal: Target = {
  name: "seal",
  weight: 15,
  corpus: FILES,
  words: [
    "OTAS",
    "SEAL",
    "\x01\x01\x01\0",
    "\x01\x01\x03\0",
    "\xc8\0\0\0",
    "\x10\x01\0\0",
    "\x58\x01\0\0",
    "\xff\xff\xff\xff",
  ],
  repair: repairSeal,
  run(file) {
    const decoded = decodeSeal(file.slice(-MAX_SEAL_LENGTH), file.byteLength);
    if ("code" in decoded) {
      assert.ok(decoded.code === "unsigned" || decoded.code === "signature-invalid");
      assert.match(decoded.message, /^[ -~]{1,120}$/);
      return;
    }
    const { imageLength, sealLength, signatures, version, product } = decoded;
    assert.equal(imageLength + sealLength, file.byteLength);
    assert.ok(sealLength <= MAX_SEAL_LENGTH && signatures.length >= 1 && signatures.length <= 3);
    for (const field of [version, product]) assert.match(field, /^[!-~]{1,32}$/);
    const body = encodeBody(decoded, signatures.length);
    assert.deepEqual(encodeSeal(body, signatures), file.slice(imageLength), "one seal, two texts");
    assert.deepEqual(decoded.signedBytes, signedBytes(body));
    const failure = signatureFailure(decoded, KEYS, {
      digests: NODE_DIGESTS,
      signatures: { verifyP256: nativelyVerified },
    });
    const isGenuine = SIGNED.has(Buffer.from(decoded.signedBytes).toString("hex"));
    if (failure === undefined) assert.ok(isGenuine, "what nobody has signed is taken");
    else assert.match(`${failure.code}: ${failure.message}`, /^(signature-invalid|key-unknown): [ -~]{1,120}$/);
    if (((file[BODY_LENGTH] ?? 0) + file.byteLength) % BIGINT_SHARE === 0)
      agree(decoded.signedBytes, signatures[0]?.signature);
  },
};

/** BigInt and native code give the same answer. */
function agree(message: Uint8Array, signature: Uint8Array | undefined): void {
  if (signature === undefined) return;
  assert.equal(
    verifyP256(VENDOR.publicKey, sha256(message), signature),
    nativelyVerified(VENDOR.publicKey, message, signature),
  );
}

/** Marks and counts at their places: those of the greatest seal that fits. */
function repairSeal(file: Uint8Array): Uint8Array {
  const count = Math.min(3, Math.floor((file.byteLength - BODY_LENGTH - 8) / ENTRY_LENGTH));
  if (count < 1) return file;
  const length = BODY_LENGTH + count * ENTRY_LENGTH + 8;
  const at = file.byteLength - length;
  const view = new DataView(file.buffer, file.byteOffset);
  file.set([...BEGIN_TEXT, 1, 1, count, 0], at);
  view.setUint32(at + 8, at, true);
  view.setUint16(at + 14, 0, true);
  view.setUint32(file.byteLength - 8, length, true);
  file.set(SEAL_TEXT, file.byteLength - 4);
  return file;
}

/** The record of the floor, as a worn key-value store may give it back. */
export const floor: Target = {
  name: "floor",
  weight: 15,
  corpus: [0, 1, 7, 0x12345678, 0xffffffff].map(encodeFloor),
  words: ["\x01\0\0\0", "\xff\xff\xff\xff"],
  repair: withCrc,
  run(record) {
    const found = decodeFloor(record);
    if (found === undefined) return;
    assert.ok(Number.isInteger(found) && found >= 0 && found <= 0xffffffff);
    assert.equal(decodeFloor(encodeFloor(found)), found);
  },
};

/** A public key of an application's configuration: as text if its first byte is even. */
export const publicKey: Target = {
  name: "public-key",
  weight: 5,
  corpus: [
    ...text(` ${VENDOR.pem}`, ` ${VENDOR.pem.replaceAll("\n", "\r\n")}`),
    Uint8Array.of(1, ...VENDOR.publicKey),
    Uint8Array.of(1, 4, ...VENDOR.publicKey),
    Uint8Array.of(1, ...Buffer.from(VENDOR.pem.replace(/-----[A-Z ]+-----/g, ""), "base64")),
  ],
  words: ["-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----", "\n", "=", "\x04", "\x30\x59"],
  run(input) {
    const [first = 0] = input;
    const bytes = input.slice(1);
    try {
      const [key] = trustedKeys([first % 2 === 0 ? Buffer.from(bytes).toString("latin1") : bytes], sha256);
      assert.ok(key !== undefined && key.point.byteLength === 64 && key.id.byteLength === 8 && isOnCurve(key.point));
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.ok(error instanceof OtaError && error.code === "usage", String(error));
      assert.match(error.message, /^seal\.trusted\[0\] is no public key/);
    }
  },
};
