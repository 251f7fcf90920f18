import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type BodyFraming, ChunkedFraming, CloseFraming, LengthFraming } from "../../../hal/http/body.js";
import { latin1, toLatin1 } from "../../support/splits.js";

describe("LengthFraming", () => {
  it("gives the announced bytes and is done then", () => {
    assert.deepEqual(decode(new LengthFraming(5), "hello world"), { body: "hello", rest: " world", done: true });
  });

  it("is done at once if nothing was announced", () => {
    const framing = new LengthFraming(0);
    assert.deepEqual([framing.done(), framing.available], [true, 0]);
  });

  it("is not done before the last byte, and must not end with the connection", () => {
    const framing = new LengthFraming(2 ** 40);
    framing.available -= 2 ** 40 - 1;
    assert.deepEqual([framing.done(), framing.available, framing.endsWithConnection], [false, 1, false]);
  });
});

describe("CloseFraming", () => {
  it("gives all bytes and ends only with the connection", () => {
    const framing = new CloseFraming();
    assert.deepEqual(decode(framing, "anything\r\n"), { body: "anything\r\n", rest: "", done: false });
    assert.deepEqual([framing.available, framing.endsWithConnection], [Infinity, true]);
  });
});

describe("ChunkedFraming", () => {
  const decoded = (text: string): unknown => decode(new ChunkedFraming(), text);

  it("takes the framing out", () => {
    assert.deepEqual(decoded("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nnext"), {
      body: "hello world",
      rest: "next",
      done: true,
    });
  });

  it("takes sizes in both cases, with zeros before, extensions and blanks behind", () => {
    assert.deepEqual(decoded('0000000A\r\n0123456789\r\na;name="v:";x \r\n0123456789\r\n1 \t;y\r\n!\r\n000\r\n\r\n'), {
      body: "01234567890123456789!",
      rest: "",
      done: true,
    });
  });

  it("takes any number of zeros before a size (RFC 9112 §7.1)", () => {
    assert.deepEqual(decoded(`000000000003\r\nabc\r\n${"0".repeat(200)}1\r\nd\r\n000000000000\r\n\r\n`), {
      body: "abcd",
      rest: "",
      done: true,
    });
  });

  it("takes lines that end with LF alone", () => {
    assert.deepEqual(decoded("3\nabc\n0\n\n"), { body: "abc", rest: "", done: true });
  });

  it("skips trailers", () => {
    assert.deepEqual(decoded("1\r\na\r\n0\r\nETag: x\r\nX: y\r\n\r\nnext"), { body: "a", rest: "next", done: true });
  });

  it("keeps bytes that look like framing if they are body", () => {
    assert.deepEqual(decoded("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"), { body: "\r\n0\r\n\r\n", rest: "", done: true });
  });

  it("is not done, and must not end with the connection, before the empty line", () => {
    for (const text of [
      "",
      "5",
      "5\r",
      "5\r\nhell",
      "5\r\nhello",
      "5\r\nhello\r\n",
      "5\r\nhello\r\n0",
      "0\r\n",
      "0\r\n\r",
      "0\r\nX: y\r\n",
    ]) {
      const framing = new ChunkedFraming();
      assert.equal(decode(framing, text).done, false, JSON.stringify(text));
      assert.equal(framing.endsWithConnection, false);
    }
  });

  const malformed: { readonly [name: string]: string } = {
    "no size": "\r\nhello\r\n",
    "a size that is no number": "five\r\nhello\r\n",
    "a negative size": "-5\r\nhello\r\n",
    "a size with a prefix": "0x5\r\nhello\r\n",
    "a blank before the size": " 5\r\nhello\r\n",
    "a blank in the size": "1 0\r\nhello",
    "a size of nine digits": "100000000\r\n",
    "a size of nine digits behind zeros": "000100000000\r\n",
    "a bare CR after the size": "5\r;x\r\nhello\r\n",
    "two CRs after the size": "5\r\r\nhello\r\n",
    "a chunk longer than its size": "4\r\nhello\r\n0\r\n\r\n",
    "a chunk with a bare CR behind it": "5\r\nhello\rX\r\n",
    "a whole page of HTML": "<html>\r\n</html>\r\n",
    "a size beyond ASCII": "\xb2\r\nab\r\n",
  };
  for (const [name, text] of Object.entries(malformed)) {
    it(`refuses ${name}`, () => {
      assert.throws(() => decoded(text), { constructor: Error });
    });
  }

  it("takes the largest size it can count", () => {
    const framing = new ChunkedFraming();
    for (const byte of latin1("ffffffff\r\n")) framing.framing(byte);
    assert.equal(framing.available, 2 ** 32 - 1);
  });

  it("bounds the line of a size", () => {
    assert.doesNotThrow(() => decoded(`1;${"x".repeat(253)}\r\na`));
    assert.throws(() => decoded(`1;${"x".repeat(300)}\r\na`), /too long/);
    assert.throws(() => decoded("1".repeat(100_000)), /too long/);
    assert.throws(() => decoded(`1\r\na${"x".repeat(100_000)}`), /too long/);
  });

  it("bounds the trailers, in lines of any length", () => {
    assert.throws(() => decoded(`0\r\nX: ${"y".repeat(300)}\r\n`), /too long/);
    for (const line of ["X: y\r\n", "X\n", `X: ${"y".repeat(200)}\r\n`]) {
      assert.throws(() => decoded(`0\r\n${line.repeat(3000)}`), /too long/, line);
    }
  });

  it("gives back any body, cut into any chunks and taken in any pieces", () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
    const style = fc.record({
      newline: fc.constantFrom("\r\n", "\n"),
      upper: fc.boolean(),
      extension: fc.constantFrom("", ";a", ";a=b", '; a="\xe4"'),
      trailer: fc.constantFrom("", "ETag: x", "A: b\r\nC: d"),
    });
    fc.assert(
      fc.property(
        chunks,
        style,
        fc.integer({ min: 1, max: 50 }),
        (parts, { newline, upper, extension, trailer }, pieceLength) => {
          const size = (part: Uint8Array): string =>
            upper ? part.byteLength.toString(16).toUpperCase() : part.byteLength.toString(16);
          const text = parts.map((part) => `${size(part)}${extension}${newline}${toLatin1(part)}${newline}`).join("");
          const end = `0${newline}${trailer === "" ? "" : trailer + newline}${newline}`;
          const expected = { body: parts.map(toLatin1).join(""), rest: "after", done: true };
          assert.deepEqual(decode(new ChunkedFraming(), `${text}${end}after`, pieceLength), expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Uses a framing as an exchange does, and takes at most `pieceLength` body bytes at a time. */
function decode(
  framing: BodyFraming,
  text: string,
  pieceLength = Infinity,
): { body: string; rest: string; done: boolean } {
  let body = "";
  let at = 0;
  while (at < text.length && !framing.done()) {
    const count = Math.min(framing.available, text.length - at, pieceLength);
    if (count > 0) {
      body += text.slice(at, at + count);
      at += count;
      framing.available -= count;
    } else {
      framing.framing(text.charCodeAt(at++));
    }
  }
  return { body, rest: text.slice(at), done: framing.done() };
}
