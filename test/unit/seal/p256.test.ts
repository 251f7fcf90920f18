import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, test } from "node:test";
import { verifyP256 } from "../../../src/seal/p256.js";
import { nativelyVerified } from "../../support/native-verifier.js";
import { edgeCases, sha256 } from "../../support/p256-cases.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

/** Random comparisons with node:crypto: keys, and signatures for each of them. */
const KEYS = 51;
const EACH = 20;

describe(`what is right and what is not is known by construction; ${REPEAT}`, () => {
  const cases = edgeCases(new SeededRandom());
  for (const { name, publicKey, hash, signature, valid } of cases) {
    test(name, () => assert.equal(verifyP256(publicKey, hash, signature), valid));
  }

  test("and node:crypto has the same answers, so the construction is right", () => {
    for (const { name, publicKey, message, signature, valid } of cases) {
      if (message !== undefined) assert.equal(nativelyVerified(publicKey, message, signature), valid, name);
    }
  });

  test("there are both kinds, many of each", () => {
    const right = cases.filter(({ valid }) => valid).length;
    assert.ok(right >= 80 && cases.length - right >= 200, `${right} of ${cases.length}`);
  });
});

test(`random keys and signatures, right and changed, as in node:crypto; ${REPEAT}`, () => {
  const random = new SeededRandom();
  let compared = 0;
  for (let count = 0; count < KEYS; count++) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = rawKey(publicKey);
    for (let each = 0; each < EACH; each++) {
      const message = random.bytes(random.integer(0, 200));
      const signature = new Uint8Array(sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
      if (each % 2 === 1) {
        const at = random.integer(0, signature.byteLength);
        signature[at] = (signature[at] as number) ^ (1 << random.integer(0, 8));
      }
      const expected = nativelyVerified(key, message, signature);
      assert.equal(verifyP256(key, sha256(message), signature), expected, Buffer.from(signature).toString("hex"));
      compared++;
    }
  }
  assert.ok(compared >= 1000);
});

test("what does not have its length is not verified", () => {
  const [right] = edgeCases(new SeededRandom(1)).filter(({ valid }) => valid);
  assert.ok(right !== undefined);
  const { publicKey, hash, signature } = right;
  assert.equal(verifyP256(publicKey, hash, signature), true);
  const longer = (bytes: Uint8Array): Uint8Array => new Uint8Array([...bytes, 0]);
  for (const change of [(bytes: Uint8Array) => bytes.slice(1), (bytes: Uint8Array) => bytes.slice(0, -1), longer]) {
    assert.equal(verifyP256(change(publicKey), hash, signature), false);
    assert.equal(verifyP256(publicKey, change(hash), signature), false);
    assert.equal(verifyP256(publicKey, hash, change(signature)), false);
  }
});

function rawKey(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(-64));
}
