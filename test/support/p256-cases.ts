import { createHash } from "node:crypto";
import { add, bytesOf, G, inverse, lift, modulo, multiply, N, negate, numberOf, P, type Point } from "./p256-curve.js";
import type { SeededRandom } from "./seed.js";

/** One signature to be verified, and what the answer must be. */
export interface P256Case {
  readonly name: string;
  /** x ‖ y, 64 bytes. */
  readonly publicKey: Uint8Array;
  /** Its SHA-256 is the hash; `undefined` if the hash was chosen, and nobody knows a message that has it. */
  readonly message: Uint8Array | undefined;
  readonly hash: Uint8Array;
  /** r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
  readonly valid: boolean;
}

export function sha256(message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(message).digest());
}

/** A signature that is right, in numbers, so that one of them can be made wrong. */
interface Signed {
  readonly key: NonNullable<Point>;
  readonly message: Uint8Array | undefined;
  readonly hash: Uint8Array;
  readonly r: bigint;
  readonly s: bigint;
}

const HIGHEST = 2n ** 256n - 1n;

/**
 * The families of cases in which implementations have failed: numbers outside of their range, signatures whose
 * arithmetic meets the point at infinity or equal points, r that was reduced, very small r and s, keys that are none.
 * The same seed gives the same cases.
 */
export function edgeCases(random: SeededRandom): P256Case[] {
  return [
    ...rangeCases(random),
    ...keyCases(random),
    ...scalarCases(random),
    ...pointCases(random),
    ...reducedCases(random),
    ...hashCases(random),
    ...bitCases(random),
  ];
}

/** r and s at the ends of their ranges: everything outside of 1 to n - 1 is refused, whatever the other one is. */
function rangeCases(random: SeededRandom): P256Case[] {
  const signed = sign(random);
  const { r, s } = signed;
  const numbers: readonly (readonly [string, bigint])[] = [
    ["0", 0n],
    ["1", 1n],
    ["n - 1", N - 1n],
    ["n", N],
    ["n + 1", N + 1n],
    ["p", P],
    ["p + 1", P + 1n],
    ["2^255", 2n ** 255n],
    ["2^256 - 1", HIGHEST],
  ];
  const cases = numbers.flatMap(([leftName, left]) =>
    numbers.map(([rightName, right]) =>
      caseOf(`r = ${leftName}, s = ${rightName}`, { ...signed, r: left, s: right }, false),
    ),
  );
  for (const [name, value] of numbers) {
    cases.push(caseOf(`r = ${name}`, { ...signed, r: value }, false));
    cases.push(caseOf(`s = ${name}`, { ...signed, s: value }, false));
  }
  const added = (value: bigint): bigint => (value + N <= HIGHEST ? value + N : N);
  return [
    ...cases,
    caseOf("right", signed, true),
    caseOf("n - s is right too", { ...signed, s: N - s }, true),
    caseOf("n - r", { ...signed, r: N - r }, false),
    caseOf("r and s exchanged", { ...signed, r: s, s: r }, false),
    caseOf("r + n", { ...signed, r: added(r) }, false),
    caseOf("s + n", { ...signed, s: added(s) }, false),
    // s such that s + n fits into 256 bits: congruent, and refused all the same.
    ...congruentCases(random),
  ];
}

function congruentCases(random: SeededRandom): P256Case[] {
  const small = signWith(random, { s: BigInt(random.integer(1, 1000)) });
  return [
    caseOf("a small s", small, true),
    caseOf("a small s, plus n", { ...small, s: small.s + N }, false),
    caseOf("minus s, modulo 2^256", { ...small, s: HIGHEST + 1n - small.s }, false),
  ];
}

/** Keys that are no points of the curve, are written above the field's prime, or belong to somebody else. */
function keyCases(random: SeededRandom): P256Case[] {
  const signed = sign(random);
  const { key } = signed;
  const withKey = (name: string, x: bigint, y: bigint, valid = false): P256Case =>
    caseOf(name, { ...signed, key: { x, y } }, valid);
  const twist = notOnCurve(random);
  return [
    withKey("the key is 0, 0", 0n, 0n),
    withKey("the key's x is 0", 0n, key.y),
    withKey("the key's y is 0", key.x, 0n),
    withKey("the key is p, p", P, P),
    withKey("all bits of the key are set", HIGHEST, HIGHEST),
    withKey("the key's y is one more", key.x, modulo(key.y + 1n, P)),
    withKey("the key's x is one more", modulo(key.x + 1n, P), key.y),
    withKey("x and y of the key are exchanged", key.y, key.x),
    withKey("the key is the negative point", key.x, P - key.y),
    withKey("the key is on the curve's twist", twist.x, twist.y),
    withKey("the key is another one", ...coordinates(sign(random).key)),
    withKey("the key is the generator", ...coordinates(G as NonNullable<Point>)),
    // A small x that is written as x + p: the same point to code that reduces, and refused.
    ...unreducedKeyCases(random),
  ];
}

/** Below this, x + p fits into 256 bits. */
const FITS = HIGHEST - P;

function unreducedKeyCases(random: SeededRandom): P256Case[] {
  const point = pointBelow(FITS, random);
  const signed = forKey(point, scalar(random), scalar(random));
  return [
    caseOf("a key with a small x", signed, true),
    caseOf("the key's x is written as x + p", { ...signed, key: { x: point.x + P, y: point.y } }, false),
  ];
}

/** Signatures in which one of the two multipliers, or both, have a special value. */
function scalarCases(random: SeededRandom): P256Case[] {
  const cases: P256Case[] = [];
  for (const s of [1n, 2n, 3n, N - 1n, N - 2n, (N - 1n) / 2n, 2n ** 128n, 2n ** 255n % N, N - 2n ** 224n]) {
    cases.push(caseOf(`s = ${s}`, signWith(random, { s }), true));
  }
  for (const nonce of [1n, 2n, 3n, N - 1n, N - 2n, (N + 1n) / 2n, 2n ** 128n, 2n ** 254n]) {
    cases.push(caseOf(`k = ${nonce}`, signWith(random, { nonce }), true));
  }
  // u2 = r / s is this number, and u1 whatever the message makes it.
  for (const second of [1n, 2n, 3n, 4n, 7n, 8n, N - 1n, N - 2n, 2n ** 255n % N, 0x5555n, (N - 1n) / 2n]) {
    const nonce = scalar(random);
    const r = abscissa(nonce);
    cases.push(caseOf(`u2 = ${second}`, signWith(random, { nonce, s: modulo(r * inverse(second, N), N) }), true));
  }
  // u1 = e / s is this number.
  for (const first of [1n, 2n, 3n, 4n, 7n, 8n, N - 1n, N - 2n, 2n ** 255n % N, 0x5555n, (N - 1n) / 2n]) {
    const message = random.bytes(32);
    const s = modulo(numberOf(sha256(message)) * inverse(first, N), N);
    cases.push(caseOf(`u1 = ${first}`, signWith(random, { message, s }), true));
  }
  return cases;
}

/** The sum u1 G + u2 Q in its special cases: of equal points, of opposite ones, and with known small keys. */
function pointCases(random: SeededRandom): P256Case[] {
  const cases: P256Case[] = [];
  // Q = d G for small d: the precomputed sums of other methods meet equal and opposite points.
  for (const secret of [
    1n,
    2n,
    3n,
    4n,
    5n,
    7n,
    8n,
    15n,
    16n,
    17n,
    N - 1n,
    N - 2n,
    N - 3n,
    N - 5n,
    N - 8n,
    N - 16n,
    (N + 1n) / 2n,
  ]) {
    for (let count = 0; count < 2; count++)
      cases.push(caseOf(`d = ${secret}, ${count}`, signWith(random, { secret }), true));
  }
  for (let count = 0; count < 4; count++) {
    const message = random.bytes(32);
    const hash = sha256(message);
    const e = modulo(numberOf(hash), N);
    const secret = scalar(random);
    const key = multiply(secret, G) as NonNullable<Point>;
    // u1 = u2 d: both summands are the same point. r is e / d then, and the sum has most likely another x.
    const r = modulo(e * inverse(secret, N), N);
    const s = scalar(random);
    const sum = multiply(modulo(2n * e * inverse(s, N), N), G) as NonNullable<Point>;
    cases.push(caseOf(`both summands are equal, ${count}`, { key, message, hash, r, s }, sum.x % N === r));
    // u1 = - u2 d: the sum is the point at infinity, which has no x: refused, whatever r is.
    const opposite = modulo(-e * inverse(secret, N), N);
    cases.push(caseOf(`the sum is the point at infinity, ${count}`, { key, message, hash, r: opposite, s }, false));
  }
  // Equal summands in a signature that is right: r is the x of 2 u1 G, and d follows from it.
  for (let count = 0; count < 4; count++) {
    const message = random.bytes(32);
    const hash = sha256(message);
    const e = modulo(numberOf(hash), N);
    const first = scalar(random);
    const r = abscissa(modulo(2n * first, N));
    const s = modulo(e * inverse(first, N), N);
    const secret = modulo(e * inverse(r, N), N);
    cases.push(
      caseOf(
        `both summands are equal, and it is right, ${count}`,
        { key: multiply(secret, G) as NonNullable<Point>, message, hash, r, s },
        true,
      ),
    );
  }
  return cases;
}

/** Hashes that are 0, or above n, or have zeros at either end. */
function hashCases(random: SeededRandom): P256Case[] {
  const hashes = [
    0n,
    1n,
    N - 1n,
    N,
    N + 1n,
    P,
    HIGHEST,
    2n ** 255n,
    2n ** 32n - 1n,
    2n ** 224n,
    HIGHEST - 2n ** 128n + 1n,
  ];
  return hashes.map((hash) => caseOf(`the hash is ${hash}`, signWith(random, { hash }), true));
}

/** The point's x lies in n to p - 1: r is x - n, and comparing r with x itself refuses what is right. */
function reducedCases(random: SeededRandom): P256Case[] {
  const cases: P256Case[] = [];
  for (let count = 0; count < 3; count++) {
    const point = pointBetween(N, P, random);
    const r = point.x - N;
    const signed = forPoint(point, r, random);
    cases.push(caseOf(`r is x - n, ${count}`, signed, true));
    // r + n is that x: right for code that does not look at r's range.
    cases.push(caseOf(`r is x, which is not below n, ${count}`, { ...signed, r: point.x }, false));
    // x is small, and r = x; the point with x + n is another one.
    const low = pointBelow(P - N, random);
    cases.push(caseOf(`a small r, ${count}`, forPoint(low, low.x, random), true));
    // The sum has x = r' with r = r' - (p mod n) or r' + n - p: equal only to code that takes p for n.
    const high = pointBelow(P - N, random);
    cases.push(
      caseOf(`r is x + n - p, ${count}`, { ...forPoint(high, high.x, random), r: modulo(high.x + N - P, N) }, false),
    );
  }
  return cases;
}

/** One bit is changed in each byte of the key, message and signature. */
function bitCases(random: SeededRandom): P256Case[] {
  const right = caseOf("right", sign(random), true);
  const cases: P256Case[] = [];
  for (const part of ["publicKey", "message", "signature"] as const) {
    for (let at = 0; at < (right[part] as Uint8Array).byteLength; at++) {
      const changed = (right[part] as Uint8Array).slice();
      changed[at] = (changed[at] as number) ^ (1 << random.integer(0, 8));
      const other = { ...right, [part]: changed };
      cases.push({
        ...other,
        hash: sha256(other.message as Uint8Array),
        name: `another bit in byte ${at} of ${part}`,
        valid: false,
      });
    }
  }
  return cases;
}

function caseOf(name: string, { key, message, hash, r, s }: Signed, valid: boolean): P256Case {
  return {
    name,
    publicKey: joined(bytesOf(key.x), bytesOf(key.y)),
    message,
    hash,
    signature: joined(bytesOf(r), bytesOf(s)),
    valid,
  };
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  return new Uint8Array([...left, ...right]);
}

function coordinates({ x, y }: NonNullable<Point>): [bigint, bigint] {
  return [x, y];
}

function sign(random: SeededRandom): Signed {
  return signWith(random, {});
}

/** Signs with what is given, and random values for the rest: the secret key follows if nonce and s are both fixed. */
function signWith(
  random: SeededRandom,
  given: { secret?: bigint; nonce?: bigint; s?: bigint; message?: Uint8Array; hash?: bigint },
): Signed {
  const nonce = given.nonce ?? scalar(random);
  const message = given.hash === undefined ? (given.message ?? random.bytes(32)) : undefined;
  const hash = message === undefined ? bytesOf(given.hash ?? 0n) : sha256(message);
  const e = numberOf(hash);
  const r = abscissa(nonce);
  // s = (e + r d) / k, and so d = (s k - e) / r.
  const secret =
    given.secret ?? (given.s === undefined ? scalar(random) : modulo((given.s * nonce - e) * inverse(r, N), N));
  const s = given.s ?? modulo((e + r * secret) * inverse(nonce, N), N);
  return { key: multiply(secret, G) as NonNullable<Point>, message, hash, r, s };
}

/** A signature that is right for any key, for the hash that follows from u1 and u2. */
function forKey(key: NonNullable<Point>, first: bigint, second: bigint): Signed {
  const sum = add(multiply(first, G), multiply(second, key)) as NonNullable<Point>;
  const r = sum.x % N;
  const s = modulo(r * inverse(second, N), N);
  return { key, message: undefined, hash: bytesOf(modulo(first * s, N)), r, s };
}

/** A signature whose sum is this point: for any message and s there is one key. */
function forPoint(sum: NonNullable<Point>, r: bigint, random: SeededRandom): Signed {
  const message = random.bytes(32);
  const hash = sha256(message);
  const e = modulo(numberOf(hash), N);
  const s = scalar(random);
  const inverseR = inverse(r, N);
  // Q = (s R - e G) / r.
  const key = add(multiply(modulo(s * inverseR, N), sum), negate(multiply(modulo(e * inverseR, N), G)));
  return { key: key as NonNullable<Point>, message, hash, r, s };
}

function scalar(random: SeededRandom): bigint {
  return modulo(numberOf(random.bytes(40)), N - 1n) + 1n;
}

function abscissa(nonce: bigint): bigint {
  return (multiply(nonce, G) as NonNullable<Point>).x % N;
}

function pointBelow(limit: bigint, random: SeededRandom): NonNullable<Point> {
  return pointBetween(1n, limit, random);
}

function pointBetween(from: bigint, to: bigint, random: SeededRandom): NonNullable<Point> {
  for (;;) {
    const point = lift(from + modulo(numberOf(random.bytes(40)), to - from));
    if (point !== undefined) return point;
  }
}

/** @returns coordinates that satisfy y² = x³ - 3x + b for another b: an invalid-curve key */
function notOnCurve(random: SeededRandom): NonNullable<Point> {
  for (;;) {
    const [x, y] = [modulo(numberOf(random.bytes(40)), P), modulo(numberOf(random.bytes(40)), P)];
    const point = lift(x);
    if (point === undefined) return { x, y };
  }
}
