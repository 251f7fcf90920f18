import { createHash, createPublicKey } from "node:crypto";
import { BODY_LENGTH, encodeBody, encodeSeal, type SealedImage, signedBytes } from "../../src/seal/format.js";
import { CHIP_ESP32 } from "../../hal/boards/sim/app-image.js";
import { bytesOf, G, inverse, modulo, multiply, N, numberOf, type Point } from "./p256-curve.js";
import { sha256 } from "./p256-cases.js";

/** Somebody who signs. The same name has the same key in every run, and signs the same bytes in the same way. */
export interface Signer {
  readonly name: string;
  /** Text of the public key's file. */
  readonly pem: string;
  /** x ‖ y, 64 bytes. */
  readonly publicKey: Uint8Array;
  readonly keyId: Uint8Array;
  /** @returns r ‖ s */
  sign(message: Uint8Array): Uint8Array;
}

export function signerNamed(name: string): Signer {
  const secret = scalarOf(Buffer.from(`secret of ${name}`));
  const { x, y } = multiply(secret, G) as NonNullable<Point>;
  const publicKey = new Uint8Array([...bytesOf(x), ...bytesOf(y)]);
  const jwk = { kty: "EC", crv: "P-256", x: base64url(bytesOf(x)), y: base64url(bytesOf(y)) };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const der = key.export({ type: "spki", format: "der" });
  return {
    name,
    pem: key.export({ type: "spki", format: "pem" }) as string,
    publicKey,
    keyId: new Uint8Array(createHash("sha256").update(der).digest().subarray(0, 8)),
    sign(message) {
      const nonce = scalarOf(Buffer.concat([bytesOf(secret), sha256(message)]));
      const r = (multiply(nonce, G) as NonNullable<Point>).x % N;
      const s = modulo((numberOf(sha256(message)) + r * secret) * inverse(nonce, N), N);
      return new Uint8Array([...bytesOf(r), ...bytesOf(s)]);
    },
  };
}

export interface SealOptions extends Partial<Omit<SealedImage, "imageHash">> {
  readonly version: string;
  readonly securityVersion: number;
  readonly signers: readonly Signer[];
  /** Changes the first bytes of the seal before they are signed: what a signer would never sign. */
  readonly body?: (body: Uint8Array) => void;
}

/** The product of the boards under test. */
export const PRODUCT = "ABCDE12345";

/** @returns the seal of an image, with the fields that are given instead of the right ones */
export function sealOf(image: Uint8Array, options: SealOptions): Uint8Array {
  const { signers } = options;
  const fields: SealedImage = {
    imageLength: image.byteLength,
    chipId: CHIP_ESP32,
    built: 1_790_000_000,
    product: PRODUCT,
    ...options,
    imageHash: sha256(image),
  };
  const body = encodeBody(fields, signers.length);
  options.body?.(body);
  const message = signedBytes(body);
  return encodeSeal(
    body,
    signers.map((signer) => ({ keyId: signer.keyId, signature: signer.sign(message) })),
  );
}

/** @returns the file that a vendor publishes */
export function sealed(image: Uint8Array, options: SealOptions): Uint8Array {
  return joined(image, sealOf(image, options));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Offsets of the first signature's r and s in a seal. */
export const R_OFFSET = BODY_LENGTH + 8;
export const S_OFFSET = R_OFFSET + 32;

/** @returns a copy with these bytes at this offset */
export function withBytes(bytes: Uint8Array, offset: number, replacement: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(replacement, offset);
  return copy;
}

/** @returns a copy with one bit changed */
export function withBit(bytes: Uint8Array, offset: number, bit = 0): Uint8Array {
  return withBytes(bytes, offset, Uint8Array.of((bytes[offset] as number) ^ (1 << bit)));
}

function scalarOf(seed: Uint8Array): bigint {
  return modulo(numberOf(new Uint8Array(createHash("sha512").update(seed).digest())), N - 1n) + 1n;
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
