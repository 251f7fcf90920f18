import { verifyP256 } from "../../src/seal/p256.js";
import { nativelyVerified } from "../support/native-verifier.js";
import type { P256Case } from "../support/p256-cases.js";
import type { XsVerifier } from "../support/xs-verifier.js";

export type Verifier = (vector: P256Case) => boolean | Promise<boolean>;

/** Everything that verifies seals, by name. */
export function verifiersOf(xs: XsVerifier): { readonly [name: string]: Verifier } {
  return {
    "BigInt on Node": ({ publicKey, hash, signature }) => verifyP256(publicKey, hash, signature),
    "BigInt on XS, in the heap of an ESP32": ({ publicKey, hash, signature }) => xs.verify(publicKey, hash, signature),
    "the native way": ({ publicKey, message, signature }) =>
      nativelyVerified(publicKey, message as Uint8Array, signature),
  };
}

/** @returns one line for each vector whose answer is wrong */
export async function differing(cases: readonly P256Case[], verifier: Verifier): Promise<string[]> {
  const wrong: string[] = [];
  for (const each of cases) {
    const answer = await verifier(each);
    if (answer !== each.valid) wrong.push(`${each.name} is ${each.valid ? "valid" : "invalid"}, and not for it`);
  }
  return wrong;
}
