import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HalErrorKind } from "../../../hal/ports/index.js";
import type { OtaErrorCode } from "../../../src/errors.js";
import type { FakeAnswer } from "../../support/fake-http.js";
import { RangeReading, SIGNATURE, SIZE, URL } from "../../support/range-reading.js";
import { SeededRandom } from "../../support/seed.js";

const ETAG = '"abc-1"';

describe("the request of a RangeReader", () => {
  it("goes out in the next turn, not from inside the constructor", () => {
    const reading = new RangeReading();
    assert.equal(reading.http.exchanges.length, 0);
    reading.clock.advance(0);
    assert.equal(reading.http.exchanges.length, 1);
    assert.deepEqual(reading.told, []);
  });

  it("asks for the URL's target byte for byte, at its host and port, by TLS", () => {
    const tls = { authority: Uint8Array.of(1) };
    const { request } = RangeReading.requested({ tls }).http.exchange;
    assert.deepEqual(
      [request.host, request.port, request.authority, request.target],
      ["host.example", 8443, "host.example:8443", `/dir/file.bin?sign=${SIGNATURE}%00`],
    );
    assert.equal(request.tls, tls);
    assert.equal(request.connectTimeoutMs, 20_000);
  });

  it("uses no TLS for http", () => {
    assert.equal(
      RangeReading.requested({ url: "http://host/f", tls: { authority: Uint8Array.of(1) } }).http.exchange.request.tls,
      undefined,
    );
  });

  it("names no range from the first byte on, whatever tag is known", () => {
    assert.deepEqual(RangeReading.requested({ offset: 0, etag: ETAG }).http.exchange.request.headers, []);
  });

  it("names the range from a later byte on, with the tag of what is stored if one is known", () => {
    const headers = (etag: string | undefined): unknown =>
      RangeReading.requested({ offset: 100, etag }).http.exchange.request.headers;
    assert.deepEqual(headers(undefined), [["Range", "bytes=100-"]]);
    assert.deepEqual(headers(ETAG), [
      ["Range", "bytes=100-"],
      ["If-Range", ETAG],
    ]);
  });

  it("is not made for what is no http or https URL", () => {
    for (const url of ["", "ftp://host/f", `http://host/${SIGNATURE} x`, "http://user:pass@host/"]) {
      const reading = RangeReading.requested({ url });
      assert.equal(reading.http.exchanges.length, 0, url);
      reading.assertFailed("redirect-refused", /^not an http or https URL$/);
    }
  });

  it("is logged without the query", () => {
    const reading = RangeReading.requested({ offset: 100 });
    assert.deepEqual(reading.logged.lines, ["debug http GET https://host.example:8443/dir/file.bin?… from 100"]);
  });
});

describe("the answer to a RangeReader", () => {
  it("begins at 0 with 200, and its strong tag is reported", () => {
    const reading = RangeReading.requested();
    reading.answer({ status: 200, contentLength: SIZE, headers: { etag: ETAG } });
    assert.deepEqual(reading.opened, [{ offset: 0, etag: ETAG }]);
  });

  it("may come without a length, and identity is no encoding", () => {
    const reading = RangeReading.requested();
    reading.answer({ status: 200, headers: { "content-encoding": "Identity" } });
    assert.deepEqual(reading.opened, [{ offset: 0, etag: undefined }]);
  });

  it("begins at the offset with 206", () => {
    for (const total of [String(SIZE), "*"]) {
      const reading = RangeReading.requested({ offset: 100, etag: ETAG });
      reading.answer({ status: 206, headers: { "content-range": `bytes 100-999/${total}`, etag: ETAG } });
      assert.deepEqual(reading.opened, [{ offset: 100, etag: ETAG }], total);
    }
  });

  it("begins at 0 with 200 if a range was asked for: the server sends it all", () => {
    const reading = RangeReading.requested({ offset: 100, etag: ETAG });
    reading.answer({ status: 200, contentLength: SIZE, headers: { etag: '"other"' } });
    assert.deepEqual(reading.opened, [{ offset: 0, etag: '"other"' }]);
  });

  it("keeps no weak tag and none that cannot be sent back", () => {
    for (const etag of [`W/${ETAG}`, "abc", `"${"x".repeat(100)}"`]) {
      const reading = RangeReading.requested();
      reading.answer({ status: 200, contentLength: SIZE, headers: { etag } });
      assert.deepEqual(reading.opened, [{ offset: 0, etag: undefined }], etag);
    }
  });

  it("may end before the file does: a server may send less than was asked for", () => {
    const reading = RangeReading.requested({ offset: 100 });
    reading.answer({ status: 206, contentLength: 10, headers: { "content-range": "bytes 100-109/1000" } });
    reading.http.exchange.send(new Uint8Array(10));
    reading.readAll();
    assert.equal(reading.received.length, 10);
    reading.http.exchange.end();
    reading.assertFailed("connection-lost", /^body ended early$/);
  });

  it("may begin before the offset, also at 0: what is stored is compared (RFC 9110 §15.3.7)", () => {
    for (const [first, last] of [
      [0, 999],
      [64, 999],
      [99, 110],
    ] as const) {
      const reading = RangeReading.requested({ offset: 100, etag: ETAG });
      reading.answer({ status: 206, headers: { "content-range": `bytes ${first}-${last}/1000`, etag: ETAG } });
      assert.deepEqual(reading.opened, [{ offset: first, etag: ETAG }]);
      reading.http.exchange.send(new Uint8Array(2000));
      reading.readAll();
      assert.equal(reading.received.length, SIZE - first);
    }
  });

  it("may be a 206 of all where no range was asked for", () => {
    const reading = RangeReading.requested();
    reading.answer({ status: 206, contentLength: SIZE, headers: { "content-range": "bytes 0-999/1000" } });
    assert.deepEqual(reading.opened, [{ offset: 0, etag: undefined }]);
  });

  const range = (value: string): FakeAnswer => ({ status: 206, headers: { "content-range": value } });
  const mismatches: [name: string, offset: number, answer: FakeAnswer][] = [
    ["200 with a longer file", 0, { status: 200, contentLength: SIZE + 1 }],
    ["200 with a shorter file", 0, { status: 200, contentLength: SIZE - 1 }],
    ["200 with nothing", 0, { status: 200, contentLength: 0 }],
    ["200 of just the piece", 100, { status: 200, contentLength: SIZE - 100 }],
    ["200 that is gzipped", 0, { status: 200, contentLength: SIZE, headers: { "content-encoding": "gzip" } }],
    [
      "206 that is gzipped",
      100,
      { status: 206, headers: { "content-range": "bytes 100-999/1000", "content-encoding": "br" } },
    ],
    ["206 of a piece where no range was asked for", 0, range("bytes 1-999/1000")],
    ["206 without a range where none was asked for", 0, { status: 206, contentLength: SIZE }],
    ["206 without a range", 100, { status: 206, contentLength: 900 }],
    ["206 in several parts", 100, { status: 206, headers: { "content-type": "multipart/byteranges; boundary=S" } }],
    ["206 with a malformed range", 100, range("bytes 100-")],
    ["206 from a later byte", 100, range("bytes 101-999/1000")],
    ["206 of a longer file", 100, range("bytes 100-1000/1001")],
    ["206 of a shorter file", 100, range("bytes 100-998/999")],
    [
      "206 of a file with another strong tag than the one stored (RFC 9110 §15.3.7.3)",
      100,
      { status: 206, headers: { "content-range": "bytes 100-999/1000", etag: '"other"' } },
    ],
    ...[202, 203, 304, 400, 409, 412, 416, 421, 423, 501].map((status): [string, number, FakeAnswer] => [
      `${status} to a range`,
      100,
      { status },
    ]),
  ];
  for (const [name, offset, answer] of mismatches) {
    it(`is refused: ${name}${offset === 0 ? "" : "; the whole file is asked for, once"}`, () => {
      const reading = RangeReading.requested({ offset, etag: ETAG });
      const code = answer.status === 400 ? "bad-request" : "unexpected-answer";
      reading.answer(answer);
      if (offset > 0) {
        assert.deepEqual([reading.told, reading.http.exchanges.length], [[], 2]);
        assert.equal(reading.http.exchanges[0]?.closed, true);
        assert.deepEqual(reading.http.exchange.request.headers, []);
        reading.answer(answer);
      }
      reading.assertFailed(code);
      assert.deepEqual(reading.told, ["failed"]);
      assert.equal(reading.http.exchanges.length, offset === 0 ? 1 : 2);
    });
  }

  it("is the whole file after an answer to the range that was of no use", () => {
    const reading = RangeReading.requested({ offset: 100, etag: ETAG });
    reading.answer({ status: 412 });
    assert.match(reading.logged.lines.at(-1) ?? "", / from 0$/);
    reading.clock.advance(19_000);
    reading.answer({ status: 200, contentLength: SIZE, headers: { etag: '"other"' } });
    assert.deepEqual(reading.opened, [{ offset: 0, etag: '"other"' }]);
    reading.http.exchange.send(new Uint8Array(SIZE));
    reading.readAll();
    assert.equal(reading.received.length, SIZE);
  });

  it("may be given up for the whole file by the one who reads, unless it was the whole file", () => {
    const reading = RangeReading.begun({ offset: 100 });
    reading.http.exchange.send(new Uint8Array(10));
    reading.clock.advance(19_000);
    assert.equal(reading.reader.whole(), true);
    assert.equal(reading.reader.read(new Uint8Array(8), 0, 8), 0);
    reading.clock.advance(19_000);
    reading.answer({ status: 200 });
    assert.deepEqual(reading.opened, [
      { offset: 100, etag: undefined },
      { offset: 0, etag: undefined },
    ]);
    assert.equal(reading.reader.whole(), false);
    assert.equal(reading.http.exchanges.length, 2);

    assert.equal(RangeReading.begun().reader.whole(), false);
    const all = RangeReading.requested({ offset: 100 });
    all.answer({ status: 200, contentLength: SIZE });
    assert.equal(all.reader.whole(), false, "a 200 of the file's length has nothing that another could have");
  });

  it("an error shows only the start of what the server sent as its encoding", () => {
    const reading = RangeReading.requested();
    reading.answer({ status: 200, headers: { "content-encoding": "x".repeat(4000) } });
    assert.ok((reading.failures[0]?.message.length ?? 0) < 64);
  });

  const statuses: [OtaErrorCode, number[]][] = [
    ["url-refused", [401, 403]],
    ["bad-request", [400]],
    ["not-found", [404, 410]],
    ["server-busy", [408, 425, 429, 500, 502, 503, 504, 505, 507, 511, 599, 999]],
    ["unexpected-answer", [201, 202, 203, 204, 205, 207, 226, 300, 304, 305, 306, 407, 409, 412, 416, 421, 423, 501]],
    ["http-status", [402, 405, 406, 411, 413, 414, 415, 417, 418, 422, 424, 426, 428, 431, 451, 499]],
  ];
  for (const [code, values] of statuses) {
    it(`is ${code} with ${values.join(", ")}, and may name the moment to come back`, () => {
      for (const status of values) {
        const reading = RangeReading.requested();
        reading.answer({ status, contentLength: 5, headers: { "retry-after": "7" } });
        reading.assertFailed(code, new RegExp(`${status}`));
        assert.equal(reading.failures[0]?.retryAfterMs, 7000, String(status));
      }
    });
  }

  it("is the end for a range too where the whole file would be refused as well", () => {
    for (const status of [401, 404, 405, 429, 503]) {
      const reading = RangeReading.requested({ offset: 100 });
      reading.answer({ status });
      assert.equal(reading.http.exchanges.length, 1);
      assert.deepEqual(reading.told, ["failed"]);
    }
  });

  it("may name the time of the next try", () => {
    const reading = RangeReading.requested();
    const headers = { "retry-after": "Sun, 06 Nov 1994 08:50:37 GMT", date: "Sun, 06 Nov 1994 08:49:37 GMT" };
    reading.answer({ status: 503, headers });
    assert.equal(reading.failures[0]?.retryAfterMs, 60_000);
  });

  const kinds: [HalErrorKind, OtaErrorCode][] = [
    ["closed", "connection-lost"],
    ["io", "connection-lost"],
    ["unreachable", "unreachable"],
    ["timeout", "unreachable"],
    ["untrusted", "untrusted"],
    ["malformed", "http-malformed"],
    ["unsupported", "internal"],
  ];
  for (const [kind, code] of kinds) {
    it(`is ${code} if the exchange fails with ${kind}, before the head or within the body`, () => {
      const before = RangeReading.requested();
      before.http.exchange.fail(kind);
      before.assertFailed(code);
      const within = RangeReading.begun({ offset: 100 });
      within.http.exchange.fail(kind);
      within.assertFailed(code);
    });
  }
});

describe("the body that a RangeReader hands on", () => {
  const file = new SeededRandom(1).bytes(SIZE);

  it("is the file from the offset on, in pieces of any size", () => {
    for (const pieceLength of [1, 7, 64, 4096]) {
      const reading = RangeReading.begun({ offset: 100 });
      for (let at = 100; at < SIZE; at += 90) {
        reading.http.exchange.send(file.subarray(at, at + 90));
        reading.readAll(pieceLength);
      }
      assert.deepEqual(Uint8Array.from(reading.received), file.subarray(100));
    }
  });

  it("never goes beyond the file's size, however much the server sends", () => {
    const reading = RangeReading.requested({ offset: 100 });
    reading.answer({ status: 206, headers: { "content-range": "bytes 100-4999/*" } });
    reading.http.exchange.send(new Uint8Array(5000).fill(7));
    const into = new Uint8Array(2000).fill(0xee);
    assert.equal(reading.reader.read(into, 0, into.byteLength), 900);
    assert.ok(
      into.subarray(900).every((byte) => byte === 0xee),
      "bytes beyond the file's end were written",
    );
    assert.equal(reading.reader.read(into, 0, into.byteLength), 0);
    assert.equal(reading.http.exchange.unread, 4100);
  });

  it("never goes beyond the file's size if it begins at 0 after all", () => {
    const reading = RangeReading.requested({ offset: 100 });
    reading.answer({ status: 200 });
    reading.http.exchange.send(new Uint8Array(5000));
    reading.readAll();
    assert.equal(reading.received.length, SIZE);
  });

  it("is nothing before the head, and nothing if nothing came", () => {
    const reading = new RangeReading();
    assert.equal(reading.reader.read(new Uint8Array(8), 0, 8), 0);
    reading.clock.advance(0);
    reading.http.exchange.send(new Uint8Array(8));
    assert.equal(reading.reader.read(new Uint8Array(8), 0, 8), 0);
    assert.equal(RangeReading.begun().reader.read(new Uint8Array(8), 0, 8), 0);
    const full = RangeReading.begun();
    full.http.exchange.send(file);
    assert.equal(full.reader.read(new Uint8Array(0), 0, 0), 0);
  });
});

describe("a RangeReader that was closed", () => {
  it("asks for nothing if it was closed at once", () => {
    const reading = new RangeReading();
    reading.reader.close();
    reading.clock.advance(100_000);
    assert.deepEqual([reading.http.exchanges.length, reading.told], [0, []]);
    assert.deepEqual(reading.clock.names(), []);
  });

  it("closes itself with the last byte, and not before", () => {
    const reading = RangeReading.begun();
    const { exchange } = reading.http;
    exchange.send(new Uint8Array(SIZE - 1));
    reading.readAll();
    assert.equal(exchange.closed, false);
    exchange.send(new Uint8Array(1));
    reading.readAll();
    assert.equal(exchange.closed, true);
    assert.deepEqual(reading.clock.names(), []);
  });

  it("reports nothing more, whatever happens, and reads nothing", () => {
    for (const reading of [RangeReading.requested(), RangeReading.begun(), RangeReading.begun({ offset: 100 })]) {
      const told = reading.told.length;
      reading.reader.close();
      reading.reader.close();
      const { exchange } = reading.http;
      assert.equal(exchange.closed, true);
      for (const status of [200, 206, 302, 404, 503]) exchange.head({ status, headers: { location: URL } });
      exchange.send(new Uint8Array(8));
      exchange.end();
      exchange.fail("closed");
      reading.clock.advance(1_000_000);
      assert.equal(reading.told.length, told, reading.told.join());
      assert.equal(reading.reader.read(new Uint8Array(8), 0, 8), 0);
      assert.equal(exchange.readsAfterClose, 0);
      assert.equal(reading.http.exchanges.length, 1);
    }
  });

  it("may be closed from inside each of its callbacks", () => {
    const reading = RangeReading.requested();
    reading.onOpened = () => reading.reader.close();
    reading.answer({ status: 200, contentLength: SIZE });
    reading.http.exchange.send(new Uint8Array(8));
    reading.clock.advance(1_000_000);
    assert.deepEqual([reading.told, reading.clock.names()], [["opened"], []]);
  });

  it("reports nothing more after it failed either", () => {
    const reading = RangeReading.begun();
    reading.http.exchange.fail("io");
    reading.http.exchange.fail("closed");
    reading.http.exchange.end();
    reading.http.exchange.send(new Uint8Array(8));
    reading.http.exchange.head({ status: 200, contentLength: SIZE });
    reading.clock.advance(1_000_000);
    reading.reader.close();
    reading.assertFailed("connection-lost");
    assert.deepEqual(reading.told, ["opened", "failed"]);
  });
});
