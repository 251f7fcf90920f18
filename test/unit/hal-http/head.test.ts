import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HEAD_LIMIT, HeadParser, KEPT_LIMIT, type ParsedHead } from "../../../hal/http/head.js";
import { anyCuts, anyMutations, cutAt, latin1, mutate, singleBytes, twoWaySplits } from "../../support/splits.js";

const WANTED = ["etag", "location"];

const GOOD: { readonly [name: string]: string } = {
  plain: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "a:b"\r\n\r\nhello',
  chunked: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: x\r\n\r\n5\r\nhello\r\n",
  interim:
    'HTTP/1.1 100 Continue\r\nETag: "no"\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 404 Not Found\r\nlocation: /x\r\n\r\n',
  "bare LF": 'HTTP/1.1 206 Partial\nETag:\t"x" \t\nX-Odd: \xff\x01\n\nrest\r\n',
  folded: 'HTTP/1.1 200 OK\r\nX-Policy: a\r\n b: c\r\nETag:\r\n "a\r\n\tb:c"\r\nX: y\r\n z\r\n\r\nETag: no',
  "no reason": "HTTP/1.1 302\r\nLocation: http://h:80/?a=b:c\r\n\r\n",
};

const BAD: { readonly [name: string]: string } = {
  "another protocol": "RTSP/1.0 200 OK\r\n\r\n",
  "another version": "HTTP/2 200 OK\r\n\r\n",
  "HTTP/1.10": "HTTP/1.10 200 OK\r\n\r\n",
  "no status": "HTTP/1.1\r\n\r\n",
  "two blanks before the status": "HTTP/1.1  200 OK\r\n\r\n",
  "a status of two digits": "HTTP/1.1 20 OK\r\n\r\n",
  "a status of four digits": "HTTP/1.1 2000 OK\r\n\r\n",
  "a status below 100": "HTTP/1.1 099 OK\r\n\r\n",
  "a sign in the status": "HTTP/1.1 +20 OK\r\n\r\n",
  "an empty line first": "\r\nHTTP/1.1 200 OK\r\n\r\n",
  "a body without a head": "<html><body>hello</body></html>\r\n\r\n",
  "bare CR in the status line": "HTTP/1.1 200 O\rK\r\n\r\n",
  "bare CR in a field": "HTTP/1.1 200 OK\r\nETag: a\rb\r\n\r\n",
  "two CRs": "HTTP/1.1 200 OK\r\r\n\r\n",
  "NUL in a field that is wanted": "HTTP/1.1 200 OK\r\nETag: a\0b\r\n\r\n",
  "NUL in the status line": "HTTP/1.1 200 O\0K\r\n\r\n",
  "a field without a colon": "HTTP/1.1 200 OK\r\nServer\r\n\r\n",
  "a length that is no number": "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
  "a length with a sign": "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
  "a negative length": "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
  "a hexadecimal length": "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n",
  "an empty length": "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
  "a length with a blank in it": "HTTP/1.1 200 OK\r\nContent-Length: 1 0\r\n\r\n",
  "a length beyond exact numbers": "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n",
  "two different lengths": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
  "a list of lengths": "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
  "a coding nobody asked for": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
  "two transfer encodings": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
  "an empty transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
  "a blank before the colon of the length": "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
  "a blank before the colon of the encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding\t: chunked\r\n\r\n",
  "a field without a name": "HTTP/1.1 200 OK\r\n: value\r\n\r\n",
  "a folded line before all fields": "HTTP/1.1 200 OK\r\n ETag: a\r\n\r\n",
  "a folded name": "HTTP/1.1 200 OK\r\nETag\r\n : a\r\n\r\n",
  "a folded line that makes a length none": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 6\r\n\r\n",
  "a name that is no token": "HTTP/1.1 200 OK\r\nX(Y): z\r\n\r\n",
};

describe("HeadParser", () => {
  it("reads status, length and wanted fields, and finds the start of the body", () => {
    assert.deepEqual(parse([latin1(GOOD["plain"] as string)]), {
      head: { status: 200, chunked: false, contentLength: 5, headers: { "content-length": "5", etag: '"a:b"' } },
      rest: "hello",
    });
  });

  it("skips interim answers with their fields", () => {
    assert.deepEqual(parse([latin1(GOOD["interim"] as string)]), {
      head: { status: 404, chunked: false, contentLength: undefined, headers: { location: "/x" } },
      rest: "",
    });
  });

  it("takes lines that end with LF alone, and blanks around a value", () => {
    const { head, rest } = parse([latin1(GOOD["bare LF"] as string)]);
    assert.deepEqual([head?.status, head?.headers, rest], [206, { etag: '"x"' }, "rest\r\n"]);
  });

  it("reads a folded field as one, whether it is wanted or not (RFC 9112 §5.2)", () => {
    const { head, rest } = parse([latin1(GOOD["folded"] as string)]);
    assert.deepEqual([head?.headers, rest], [{ etag: '"a\tb:c"' }, "ETag: no"]);
    const folded = parse([latin1("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n  chunked\r\n \r\n\r\n")]);
    assert.equal(folded.head?.chunked, true);
  });

  it("takes a status line without a reason", () => {
    assert.deepEqual(parse([latin1(GOOD["no reason"] as string)]).head?.headers, { location: "http://h:80/?a=b:c" });
    assert.equal(parse([latin1("HTTP/1.1 200 \r\n\r\n")]).head?.status, 200);
  });

  it("takes names in any case, the first of several values, and an empty one", () => {
    const { head } = parse([
      latin1("HTTP/1.1 200 OK\r\nETAG: \r\nLocation: a\r\nlocation: b\r\ncontent-LENGTH: 7\r\n\r\n"),
    ]);
    assert.deepEqual(head?.headers, { etag: "", location: "a", "content-length": "7" });
  });

  it("takes chunked framing even if a length is announced too (RFC 9112 §6.3)", () => {
    const { head } = parse([latin1("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: Chunked\r\n\r\n")]);
    assert.deepEqual([head?.chunked, head?.contentLength], [true, undefined]);
  });

  it("takes the same length twice", () => {
    assert.equal(
      parse([latin1("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n")]).head?.contentLength,
      5,
    );
  });

  for (const [name, text] of Object.entries(BAD)) {
    it(`refuses ${name}, however it is cut`, () => {
      const bytes = latin1(text);
      const { error } = parse([bytes]);
      assert.notEqual(error, undefined, "was accepted");
      for (const pieces of [...twoWaySplits(bytes), singleBytes(bytes)]) assert.equal(parse(pieces).error, error);
    });
  }

  for (const [name, text] of Object.entries(GOOD)) {
    it(`reads the same whole, in two pieces and byte by byte: ${name}`, () => {
      const bytes = latin1(text);
      const whole = parse([bytes]);
      assert.notEqual(whole.head, undefined);
      for (const pieces of [...twoWaySplits(bytes), singleBytes(bytes)]) assert.deepEqual(parse(pieces), whole);
    });
  }

  it("reads the same however a damaged head is cut, and throws nothing but errors", () => {
    const texts = fc.constantFrom(...Object.values({ ...GOOD, ...BAD }));
    fc.assert(
      fc.property(texts, anyMutations(), anyCuts(), (text, mutations, cuts) => {
        const bytes = mutate(latin1(text), mutations);
        assert.deepEqual(parse(cutAt(bytes, cuts)), parse([bytes]));
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps nothing of a field nobody wants, however long it is", () => {
    const { head } = parse([latin1(`HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(3900)}\r\nSet-Cookie: a:b:c\r\n\r\n`)]);
    assert.deepEqual(head?.headers, {});
  });

  it("reads a head of 32 KiB if no more than 4 KiB of it are kept, and refuses a longer one", () => {
    const start = "HTTP/1.1 200 OK\r\nX: ";
    const head = (length: number): Uint8Array => latin1(`${start}${"x".repeat(length - start.length - 4)}\r\n\r\n`);
    assert.equal(head(HEAD_LIMIT).byteLength, 32_768);
    assert.equal(parse([head(HEAD_LIMIT)]).head?.status, 200);
    for (const pieces of [[head(HEAD_LIMIT + 1)], singleBytes(head(HEAD_LIMIT + 1))]) {
      assert.match(parse(pieces).error ?? "", /too long/);
    }
  });

  it("keeps 4 KiB of fields, and refuses more, in one line or in several", () => {
    assert.equal(KEPT_LIMIT, 4096);
    const skipped = `X-Policy: ${"x".repeat(5000)}\r\n`;
    const head = (first: number, second: number): Uint8Array =>
      latin1(`HTTP/1.1 302 F\r\n${skipped}ETag: ${"e".repeat(first)}\r\nLocation: ${"l".repeat(second)}\r\n\r\n`);
    const names = "ETag: Location: ".length;
    for (const first of [0, 100, 2000]) {
      const second = KEPT_LIMIT - names - first;
      assert.equal(parse([head(first, second)]).head?.headers["location"]?.length, second);
      assert.match(parse([head(first, second + 1)]).error ?? "", /too long/);
    }
    assert.match(parse([latin1(`HTTP/1.1 200 ${"O".repeat(KEPT_LIMIT)}`)]).error ?? "", /too long/);
    assert.match(parse([latin1(`HTTP/1.1 200 OK\r\n${"n".repeat(KEPT_LIMIT + 1)}`)]).error ?? "", /too long/);
  });

  it("keeps nothing of an interim answer, and counts all of them into the limit of the whole", () => {
    const hints = `HTTP/1.1 103 Early Hints\r\nETag: ${"e".repeat(3000)}\r\nLink: ${"l".repeat(2000)}\r\n\r\n`;
    const { head } = parse([latin1(`${hints.repeat(5)}HTTP/1.1 200 OK\r\nLocation: ${"l".repeat(3000)}\r\n\r\n`)]);
    assert.deepEqual(Object.keys(head?.headers ?? {}), ["location"]);
    const interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(2000);
    assert.match(parse([latin1(`${interim}HTTP/1.1 200 OK\r\n\r\n`)]).error ?? "", /too long/);
  });

  it("counts the head alone: a body may follow in the same piece", () => {
    const { head, rest } = parse([latin1(`HTTP/1.1 200 OK\r\n\r\n${"b".repeat(10_000)}`)]);
    assert.deepEqual([head?.status, rest?.length], [200, 10_000]);
  });

  it("reads only the part of the buffer that it is given", () => {
    const parser = new HeadParser(WANTED);
    const bytes = latin1("\0\0HTTP/1.1 200 OK\r\n\r\nbody\0");
    assert.equal(parser.push(bytes, 2, 21), 21);
    assert.equal(parser.result().status, 200);
  });
});

interface Parsed {
  readonly head?: ParsedHead;
  readonly rest?: string;
  readonly error?: string;
}

/** Stops at the end of the head, like the exchange; `rest` is everything after it. */
function parse(pieces: readonly Uint8Array[]): Parsed {
  const parser = new HeadParser(WANTED);
  try {
    for (const [index, piece] of pieces.entries()) {
      const bodyStart = parser.push(piece, 0, piece.byteLength);
      if (bodyStart < 0) continue;
      const rest = Buffer.concat([piece.subarray(bodyStart), ...pieces.slice(index + 1)]).toString("latin1");
      const head = parser.result();
      return { head: { ...head, headers: { ...head.headers } }, rest };
    }
    return {};
  } catch (error) {
    assert.ok(error instanceof Error && error.constructor === Error, String(error));
    return { error: error.message };
  }
}
