import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeUtf8, encodeUtf8 } from "../../../src/lib/utf8.js";

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

describe("encodeUtf8", () => {
  it("encodes the first and last character of each length", () => {
    for (const code of [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
      const text = String.fromCodePoint(code);
      assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text), `U+${code.toString(16)}`);
    }
  });

  it("replaces lone surrogates", () => {
    for (const text of ["\ud800", "\udfff", "a\udbffb", "\udc00\ud800", "\ud83d\ud83d\ude00"]) {
      assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text), JSON.stringify(text));
    }
  });

  it("agrees with the platform's encoder on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.integer({ min: 0, max: 0xffff })), (text, units) => {
        const mixed = text + String.fromCharCode(...units);
        assert.deepEqual(encodeUtf8(mixed), new TextEncoder().encode(mixed));
      }),
    );
  });

  it("returns a buffer of its own, exactly as long as the text", () => {
    const bytes = encodeUtf8("abc");
    assert.equal(bytes.buffer.byteLength, 3);
  });
});

describe("decodeUtf8", () => {
  it("gives back any text", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(decodeUtf8(encodeUtf8(text)), text)));
  });

  it("keeps a byte order mark and NUL", () => {
    assert.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0)), "\ufeffa\0");
  });

  it("agrees with a strict decoder on every sequence of one and two bytes", () => {
    for (let first = 0; first < 256; first++) {
      same(Uint8Array.of(first));
      for (let second = 0; second < 256; second++) same(Uint8Array.of(first, second));
    }
  });

  it("agrees with a strict decoder on three and four bytes around every boundary", () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    for (let first = 0xc0; first < 256; first++) {
      for (let second = 0x70; second < 0xd0; second++) {
        for (const third of edges) {
          same(Uint8Array.of(first, second, third));
          if (first >= 0xee) for (const fourth of edges) same(Uint8Array.of(first, second, third, fourth));
        }
      }
    }
  });

  it("refuses overlong forms, surrogates and what is beyond Unicode", () => {
    const wrong = [
      "c080",
      "c1bf",
      "e08080",
      "e09fbf",
      "f0808080",
      "f08fbfbf",
      "eda080",
      "edbfbf",
      "f4908080",
      "f5808080",
      "ff",
      "fe",
    ];
    for (const hex of wrong) assert.equal(decodeUtf8(new Uint8Array(Buffer.from(hex, "hex"))), undefined, hex);
  });

  it("refuses a sequence that is cut off, wherever it is cut", () => {
    for (const text of ["é", "€", "😀"]) {
      const bytes = encodeUtf8(`a${text}`);
      for (let end = 2; end < bytes.byteLength; end++) {
        assert.equal(decodeUtf8(bytes.subarray(0, end)), undefined, `${text} ${end}`);
      }
    }
  });

  it("agrees with a strict decoder on any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), same), { numRuns: 1000 });
  });
});

function same(bytes: Uint8Array): void {
  assert.equal(decodeUtf8(bytes), strictly(bytes), Buffer.from(bytes).toString("hex"));
}

function strictly(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes);
  } catch {
    return undefined;
  }
}
