/*
 * P-256 in affine coordinates, slowly and with an inversion for each addition: only to make test vectors whose result
 * is known. It shares no line with what it tests.
 */

/** A point of the curve, or `undefined` for the point at infinity. */
export type Point = { readonly x: bigint; readonly y: bigint } | undefined;

/** The field's prime, the order of the group, and the curve's constant (FIPS 186-5, SP 800-186 §3.2.1.3). */
export const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
export const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
export const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
export const G: Point = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

export function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = modulo(base, modulus);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** By Euclid's extended algorithm. @param value not divisible by the modulus, which is prime */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [rest, next] = [modulus, modulo(value, modulus)];
  let [factor, nextFactor] = [0n, 1n];
  while (next > 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return modulo(factor, modulus);
}

export function negate(point: Point): Point {
  return point === undefined ? undefined : { x: point.x, y: modulo(-point.y, P) };
}

export function add(left: Point, right: Point): Point {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.x === right.x && modulo(left.y + right.y, P) === 0n) return undefined;
  const slope =
    left.x === right.x
      ? (3n * left.x * left.x - 3n) * inverse(2n * left.y, P)
      : (right.y - left.y) * inverse(modulo(right.x - left.x, P), P);
  const x = modulo(slope * slope - left.x - right.x, P);
  return { x, y: modulo(slope * (left.x - x) - left.y, P) };
}

export function multiply(scalar: bigint, point: Point): Point {
  let sum: Point;
  let double = point;
  for (let rest = modulo(scalar, N); rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) sum = add(sum, double);
    double = add(double, double);
  }
  return sum;
}

/** @returns a point with this x, or `undefined` if the curve has none */
export function lift(x: bigint): Point {
  const square = modulo(x * x * x - 3n * x + B, P);
  const y = power(square, (P + 1n) / 4n, P);
  return (y * y) % P === square ? { x, y } : undefined;
}

/** 32 bytes, big-endian; what is above 256 bits is cut off. */
export function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * (31 - index))) & 0xffn));
}

export function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
}
