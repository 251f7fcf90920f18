import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBase64 } from "../../../src/lib/base64.js";

const GRAMMAR = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

describe("decodeBase64", () => {
  it("decodes the vectors of RFC 4648 §10, padded or not", () => {
    const vectors = {
      "": "",
      "Zg==": "f",
      "Zm8=": "fo",
      Zm9v: "foo",
      "Zm9vYg==": "foob",
      "Zm9vYmE=": "fooba",
      Zm9vYmFy: "foobar",
    };
    for (const [text, plain] of Object.entries(vectors)) {
      assert.deepEqual(decodeBase64(text), bytesOf(plain), text);
      assert.deepEqual(decodeBase64(text.replace(/=+$/, "")), bytesOf(plain), `${text} unpadded`);
    }
  });

  it("decodes the protocol's secret", () => {
    assert.deepEqual(decodeBase64("MDEyMzQ1Njc4OWFiY2RlZg=="), bytesOf("0123456789abcdef"));
  });

  it("refuses what is not base64", () => {
    const wrong = [
      "A",
      "AAAAA",
      "=",
      "==",
      "====",
      "A=",
      "A==",
      "A===",
      "AA=",
      "AAA==",
      "AAAA=",
      "AAAA==",
      "AA==AA==",
      "AA=A",
      "=AAA",
    ];
    const foreign = [
      "AA-_",
      "AA A",
      "AAAA\n",
      "\nAAAA",
      " AAAA",
      "AAAA ",
      "AAA\0",
      "ÄÄÄÄ",
      "AAA\u{1f600}",
      "AAA＝",
      "YOUR_IOT_PSK",
    ];
    for (const text of [...wrong, ...foreign]) assert.equal(decodeBase64(text), undefined, JSON.stringify(text));
  });

  it("gives back any bytes that were encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, padded) => {
        const text = Buffer.from(bytes).toString("base64");
        assert.deepEqual(decodeBase64(padded ? text : text.replace(/=+$/, "")), Uint8Array.from(bytes));
      }),
    );
  });

  it("accepts exactly the grammar, for any text of its characters", () => {
    const character = fc.constantFrom(..."ABz09+/=", "-", "\n");
    fc.assert(
      fc.property(fc.array(character, { maxLength: 10 }), (characters) => {
        const text = characters.join("");
        const expected = GRAMMAR.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
        assert.deepEqual(decodeBase64(text), expected, JSON.stringify(text));
      }),
      { numRuns: 2000 },
    );
  });
});

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
