import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decryptAes128Cbc } from "../../../src/lib/aes.js";
import { fromHex, toHex } from "../../../src/lib/bytes.js";

describe("decryptAes128Cbc", () => {
  it("decrypts the block of FIPS 197, appendix C.1", () => {
    const text = decrypt({
      key: "000102030405060708090a0b0c0d0e0f",
      iv: "00".repeat(16),
      ciphertext: "69c4e0d86a7b0430d8cdb78070b4c55a",
    });
    assert.equal(text, "00112233445566778899aabbccddeeff");
  });

  it("decrypts the four blocks of NIST SP 800-38A, F.2.2", () => {
    const text = decrypt({
      key: "2b7e151628aed2a6abf7158809cf4f3c",
      iv: "000102030405060708090a0b0c0d0e0f",
      ciphertext:
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" +
        "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
    });
    assert.equal(
      text,
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
    );
  });

  it("decrypts what node:crypto encrypts, and leaves its input as it was", () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
    const whole = fc.integer({ min: 0, max: 8 }).chain((blocks) => bytes(blocks * 16));
    fc.assert(
      fc.property(bytes(16), bytes(16), whole, (key, iv, text) => {
        const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
        const ciphertext = new Uint8Array(Buffer.concat([cipher.update(text), cipher.final()]));
        const before = ciphertext.slice();
        assert.deepEqual(decryptAes128Cbc({ key, iv, ciphertext }), text);
        assert.deepEqual(ciphertext, before);
      }),
    );
  });
});

function decrypt({ key, iv, ciphertext }: { key: string; iv: string; ciphertext: string }): string {
  return toHex(decryptAes128Cbc({ key: bytesOf(key), iv: bytesOf(iv), ciphertext: bytesOf(ciphertext) }));
}

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? assert.fail();
}
