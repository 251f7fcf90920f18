import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { OtaError } from "../../../src/errors.js";
import { toHex } from "../../../src/lib/bytes.js";
import { hmac } from "../../../src/protocol/hmac.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";

const LONG_KEY_TEXT = "Test Using Larger Than Block-Size Key - Hash Key First";

describe("hmac", () => {
  it("gives the vectors of RFC 4231 (SHA-256)", () => {
    const vectors: [Uint8Array, string, string][] = [
      [filled(20, 0x0b), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
      [
        bytesOf("Jefe"),
        "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      ],
      [filled(131, 0xaa), LONG_KEY_TEXT, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"],
    ];
    for (const [key, text, expected] of vectors) {
      assert.equal(toHex(hmac("SHA-256", key, bytesOf(text), NODE_DIGESTS)), expected, text);
    }
  });

  it("gives the vectors of RFC 2202 (SHA-1)", () => {
    const vectors: [Uint8Array, string, string][] = [
      [filled(20, 0x0b), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"],
      [bytesOf("Jefe"), "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
      [filled(80, 0xaa), LONG_KEY_TEXT, "aa4ae5e15272d00e95705637ce8a3b55ed402112"],
    ];
    for (const [key, text, expected] of vectors) {
      assert.equal(toHex(hmac("SHA-1", key, bytesOf(text), NODE_DIGESTS)), expected, text);
    }
  });

  it("agrees with the platform's for keys around the length of a block, and any message", () => {
    const algorithm = fc.constantFrom("SHA-256" as const, "SHA-1" as const);
    const keyLength = fc.oneof(fc.constantFrom(0, 1, 16, 63, 64, 65, 128), fc.nat(200));
    fc.assert(
      fc.property(algorithm, keyLength, fc.uint8Array({ maxLength: 200 }), (name, length, message) => {
        const key = Uint8Array.from({ length }, (_, index) => (index * 31 + 7) & 0xff);
        const expected = createHmac(name.replace("-", ""), key).update(message).digest("hex");
        assert.equal(toHex(hmac(name, key, message, NODE_DIGESTS)), expected);
      }),
    );
  });

  it("leaves key and message as they are", () => {
    const key = filled(64, 0x42);
    const message = bytesOf("text");
    hmac("SHA-256", key, message, NODE_DIGESTS);
    assert.deepEqual([key, message], [filled(64, 0x42), bytesOf("text")]);
  });

  it("names the digest that a board lacks, and nothing of the key", () => {
    assert.throws(
      () => hmac("SHA-1", bytesOf("topsecret"), bytesOf("text"), NO_DIGESTS),
      (error) => error instanceof OtaError && error.code === "usage" && error.message === "this board has no SHA-1",
    );
  });
});

function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
