import type { P256Case } from "../support/p256-cases.js";
import { sha256 } from "../support/p256-cases.js";

/** What is read of a file of Wycheproof's test vectors (schemas ecdsa_p1363_verify and ecdsa_verify). */
interface VectorFile {
  readonly testGroups: readonly {
    readonly type: string;
    readonly publicKey?: PublicKey;
    /** Its name in versions before 1. */
    readonly key?: PublicKey;
    readonly sha: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: "valid" | "invalid" | "acceptable";
    }[];
  }[];
}

interface PublicKey {
  readonly curve: string;
  readonly uncompressed: string;
}

export interface Vectors {
  readonly cases: readonly P256Case[];
  /** Signatures that are not in the strict encoding of DER: nothing here reads DER, so they are not tried. */
  readonly leftOut: number;
}

const NUMBER_LENGTH = 32;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * Reads a file of vectors for ECDSA over P-256 with SHA-256, with signatures as r ‖ s or as DER.
 *
 * @throws Error if it is another file
 */
export function parseVectors(text: string): Vectors {
  const { testGroups } = JSON.parse(text) as VectorFile;
  const cases: P256Case[] = [];
  let leftOut = 0;
  for (const { type, key, publicKey = key, sha, tests } of testGroups) {
    if (publicKey === undefined) throw new Error("no key");
    if (publicKey.curve !== "secp256r1" || sha !== "SHA-256")
      throw new Error(`vectors for ${publicKey.curve} and ${sha}`);
    for (const { tcId, comment, msg, sig, result } of tests) {
      const signature = type === "EcdsaP1363Verify" ? fromHex(sig) : fromDer(fromHex(sig));
      if (signature === undefined) {
        leftOut++;
        continue;
      }
      const message = fromHex(msg);
      cases.push({
        name: `${tcId} ${comment}`,
        publicKey: fromHex(publicKey.uncompressed).subarray(1),
        message,
        hash: sha256(message),
        signature,
        valid: result === "valid",
      });
    }
  }
  return { cases, leftOut };
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** @returns r ‖ s; `undefined` if it is no strict DER of two positive numbers of at most 32 bytes */
function fromDer(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== SEQUENCE || bytes[1] !== bytes.byteLength - 2 || bytes[1] >= 0x80) return undefined;
  const numbers: Uint8Array[] = [];
  let at = 2;
  while (at < bytes.byteLength) {
    const [tag, length = 0] = bytes.subarray(at, at + 2);
    const number = bytes.subarray(at + 2, at + 2 + length);
    const padded = number[0] === 0 && number.byteLength > 1;
    const minimal = !padded || (number[1] as number) >= 0x80;
    const rest = padded ? number.subarray(1) : number;
    const negative = !padded && (number[0] as number) >= 0x80;
    if (tag !== INTEGER || number.byteLength !== length || length === 0 || !minimal || negative) return undefined;
    if (rest.byteLength > NUMBER_LENGTH) return undefined;
    numbers.push(new Uint8Array([...new Uint8Array(NUMBER_LENGTH - rest.byteLength), ...rest]));
    at += 2 + length;
  }
  const [r, s] = numbers;
  return r === undefined || s === undefined || numbers.length > 2 ? undefined : new Uint8Array([...r, ...s]);
}
