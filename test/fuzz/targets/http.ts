import assert from "node:assert/strict";
import { ExchangeProbe } from "../../support/exchange-probe.js";
import { FakeHttp } from "../../support/fake-http.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { OtaError } from "../../../src/errors.js";
import { RangeReader } from "../../../src/http/range-reader.js";
import { cut, streams, type Target, text } from "../target.js";

const HEAD_LIMIT = 4096;

const answers = text(
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "a"\r\n\r\nhello',
  "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 1-4/5\r\ncontent-length: 4\r\n\r\nello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\n\r\n",
  "HTTP/1.0 200 OK\r\n\r\nuntil the end",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: http://h/x\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 204 No Content\nX:y\n\n",
  "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nDate: Wed, 21 Oct 2026 07:27:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
);

/** A connection that brings these bytes and then ends, and a caller that reads as the port demands. */
export const exchange: Target = {
  name: "http-exchange",
  weight: 20,
  corpus: streams(...answers),
  words: [
    "\r\n",
    "\r\n\r\n",
    "\n\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "HTTP/1.1 200 OK\r\n",
    "0\r\n\r\n",
    "ffffffff\r\n",
    ";",
    ": ",
    "\0",
    "location:",
  ],
  run(input) {
    const pieces = cut(input);
    const probe = ExchangeProbe.answered(pieces, "closed");
    assert.ok(probe.ending !== undefined, "it did not end with its connection");
    assert.ok(probe.heads.length <= 1 && probe.body.length <= input.byteLength);
    const [head] = probe.heads;
    if (head !== undefined) {
      assert.ok(Number.isInteger(head.status) && head.status >= 200 && head.status <= 999, `status ${head.status}`);
      const { contentLength } = head;
      assert.ok(contentLength === undefined || (Number.isSafeInteger(contentLength) && contentLength >= 0));
      const bodiless = head.status === 204 || head.status === 304;
      if (probe.ending === "end" && contentLength !== undefined && !bodiless) {
        assert.equal(probe.body.length, contentLength);
      }
      assert.ok((head.header("location") ?? "").length < HEAD_LIMIT);
    }
    const whole = ExchangeProbe.answered([input.slice(1)], "closed", { readLength: 1 + (input.byteLength % 50) });
    assert.deepEqual(whole.outcome(), probe.outcome(), "it matters how the bytes were cut");
  },
};

const SIZE = 1000;
/** Five redirects, and the whole file after a range that was of no use. */
const REQUEST_LIMIT = 7;

/** One line for each answer: status, content length or `-`, then fields. The policy must bear any head. */
export const rangeReader: Target = {
  name: "range-reader",
  weight: 25,
  corpus: text(
    '200 1000 etag="a"',
    '100\n206 900 content-range=bytes 100-999/1000|etag="a"',
    '0\n302 0 location=/x\n307 - location=https://h/y\n200 1000 etag=W/"a"',
    "https\n301 0 location=http://h/",
    "503 0 retry-after=120\n",
    "416 0 content-range=bytes */1000",
    "200 - content-encoding=gzip",
  ),
  words: ["\n302 0 location=/x", "|", "=", "location=//h", "content-range=bytes ", "206 ", "200 ", "308 ", "https"],
  run(input) {
    const [first = "", ...lines] = Buffer.from(input).toString("latin1").split("\n").slice(0, 20);
    const offset = Math.min(SIZE, Number(/^[0-9]{1,4}$/.exec(first)?.[0] ?? 0));
    const secure = first.startsWith("https");
    const http = new FakeHttp();
    const clock = new VirtualClock();
    const ends: string[] = [];
    let from = 0;
    let count = 0;
    const reader = new RangeReader({
      http,
      clock,
      log: () => {},
      url: `http${secure ? "s" : ""}://host/file?sign=1`,
      tls: {},
      offset,
      size: SIZE,
      etag: '"a"',
      idleTimeoutMs: 1000,
      onOpened: (opened) => {
        assert.ok(opened.offset <= offset);
        from = opened.offset;
        ends.push("opened");
      },
      onReadable: () => {},
      onFailed: (error) => {
        assert.ok(error instanceof OtaError && !error.message.includes("sign=1"));
        assert.ok(error.retryAfterMs === undefined || Number.isFinite(error.retryAfterMs));
        ends.push("failed");
      },
    });
    clock.advance(0);
    for (const line of first.includes(" ") ? [first, ...lines] : lines) {
      if (http.exchanges.length === 0 || http.exchange.closed || ends.length > 0) break;
      const match = /^([0-9]{3}) ([0-9]{1,15}|-) ?(.*)$/.exec(line);
      if (match === null) continue;
      const fields = (match[3] ?? "")
        .split("|")
        .map((field) => [field.slice(0, Math.max(0, field.indexOf("="))), field.slice(field.indexOf("=") + 1)]);
      const contentLength = match[2] === "-" ? {} : { contentLength: Number(match[2]) };
      http.exchange.head({
        status: Number(match[1]),
        headers: Object.fromEntries(fields) as { [name: string]: string },
        ...contentLength,
      });
    }
    if (ends[0] === "opened") {
      http.exchange.send(new Uint8Array(SIZE + 10));
      const into = new Uint8Array(64);
      for (let read = reader.read(into, 0, into.byteLength); read > 0; read = reader.read(into, 0, into.byteLength)) {
        count += read;
      }
      assert.ok(count <= SIZE);
    }
    clock.advance(100_000);
    // With the file's last byte the reader is done.
    const whole = ends[0] === "opened" && from + count === SIZE;
    assert.equal(ends.filter((end) => end === "failed").length, whole ? 0 : 1, "a silent server is left");
    assert.ok(http.exchanges.length <= REQUEST_LIMIT && http.exchanges.every((each) => each.closed));
    for (const { request } of http.exchanges) {
      assert.ok(!secure || request.tls !== undefined, "from https to http");
      for (const [name, value] of request.headers) assert.match(`${name}: ${value}`, /^[ -~]+$/);
      assert.match(`${request.target} ${request.authority}`, /^[!-~]+ [!-~]+$/);
    }
    assert.deepEqual(clock.names(), [], "a timer outlives the reader");
  },
};
