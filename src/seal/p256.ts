import { toHex } from "../lib/bytes.js";

/** ECDSA over P-256 in BigInt, for boards whose native code has none (FIPS 186-5 §6.4.2, SEC 1 §4.1.4). */

/** The curve y² = x³ - 3x + b over the field of P, with the base point of order N (SP 800-186 §3.2.1.3). */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const GX = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n;
const GY = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n;
const BITS = 256;

/** Jacobian coordinates: the point (x / z², y / z³). z is 0 at infinity. They may be negative. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

const INFINITY: Point = Object.freeze({ x: 1n, y: 1n, z: 0n });

/** Whether r and s are where every verification, also a native one, may begin: from 1 to N - 1. */
export function inRange(signature: Uint8Array): boolean {
  const [r, s] = [numberAt(signature, 0), numberAt(signature, 32)];
  return r > 0n && r < N && s > 0n && s < N;
}

/** Whether 64 bytes, x and y, are a point of the curve. */
export function isOnCurve(publicKey: Uint8Array): boolean {
  if (publicKey.byteLength !== 64) return false;
  const [x, y] = [numberAt(publicKey, 0), numberAt(publicKey, 32)];
  return x < P && y < P && (y * y - (x * x - 3n) * x - B) % P === 0n;
}

/**
 * Whether a signature is one of this hash by this key.
 *
 * @param publicKey x and y, 32 bytes each, big-endian
 * @param hash      a SHA-256
 * @param signature r and s, 32 bytes each, big-endian
 */
export function verifyP256(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  if (signature.byteLength !== 64 || hash.byteLength !== 32) return false;
  if (!inRange(signature) || !isOnCurve(publicKey)) return false;
  const r = numberAt(signature, 0);
  const w = inverse(numberAt(signature, 32));
  const key: Point = { x: numberAt(publicKey, 0), y: numberAt(publicKey, 32), z: 1n };
  const { x, z } = sumOfProducts((numberAt(hash, 0) * w) % N, (r * w) % N, key);
  // x / z² is to be r modulo N; so large is the field that it can be r or r + N.
  const zz = (z * z) % P;
  return zz !== 0n && ((r * zz - x) % P === 0n || (r + N < P && ((r + N) * zz - x) % P === 0n));
}

/** The base point times u, plus the key times v: one doubling for each bit of both (Shamir's trick). */
function sumOfProducts(u: bigint, v: bigint, key: Point): Point {
  const base: Point = { x: GX, y: GY, z: 1n };
  const added = [undefined, base, key, add(base, key)] as const;
  let sum = INFINITY;
  for (let bit = BigInt(BITS - 1); bit >= 0n; bit -= 1n) {
    sum = double(sum);
    const addend = added[Number(((u >> bit) & 1n) | (((v >> bit) & 1n) << 1n))];
    if (addend !== undefined) sum = add(sum, addend);
  }
  return sum;
}

/** dbl-2001-b of the Explicit-Formulas Database, for a = -3. */
function double({ x, y, z }: Point): Point {
  const delta = (z * z) % P;
  const gamma = (y * y) % P;
  const beta = (x * gamma) % P;
  const alpha = (3n * (x - delta) * (x + delta)) % P;
  const doubled = (alpha * alpha - 8n * beta) % P;
  return {
    x: doubled,
    y: (alpha * (4n * beta - doubled) - 8n * gamma * gamma) % P,
    z: (2n * y * z) % P,
  };
}

/** add-1998-cmo-2, with the cases that it does not cover: infinity, the same point, the opposite one. */
function add(left: Point, right: Point): Point {
  if (left.z === 0n) return right;
  if (right.z === 0n) return left;
  const zz = (left.z * left.z) % P;
  const yy = (right.z * right.z) % P;
  const u = (left.x * yy) % P;
  const s = (left.y * yy * right.z) % P;
  const h = (right.x * zz - u) % P;
  const r = (right.y * zz * left.z - s) % P;
  if (h === 0n) return r === 0n ? double(left) : INFINITY;
  const hh = (h * h) % P;
  const hhh = (h * hh) % P;
  const v = (u * hh) % P;
  const x = (r * r - hhh - 2n * v) % P;
  return { x, y: (r * (v - x) - s * hhh) % P, z: (h * left.z * right.z) % P };
}

/** Modulo N, by Euclid's algorithm. @param value from 1 to N - 1 */
function inverse(value: bigint): bigint {
  let [a, b, x, y] = [value, N, 1n, 0n];
  while (a !== 1n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [x, y] = [y - quotient * x, x];
  }
  return ((x % N) + N) % N;
}

function numberAt(bytes: Uint8Array, start: number): bigint {
  return BigInt(`0x${toHex(bytes.subarray(start, start + 32))}`);
}
