import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertFailed } from "../support/fetch.js";
import { HttpTestBed, type HttpFixture } from "./http-test-bed.js";

/** hal/ports/http.ts: an answer that is not HTTP is the error `malformed`, and never an exception. */
export function httpMalformedContract(name: string, start: () => HttpFixture): void {
  describe(`http, malformed: ${name}`, () => {
    let bed: HttpTestBed;
    beforeEach(async () => {
      bed = await HttpTestBed.start(start());
    });
    afterEach(() => bed.stop());

    for (const [what, bytes] of [
      ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
      ["another version", "HTTP/2 200\r\n\r\n"],
      ["no status", "HTTP/1.1 OK\r\n\r\n"],
      ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
      ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
      ["a field without a colon", "HTTP/1.1 200 OK\r\nETag\r\n\r\n"],
      ["a blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"],
      ["a bare CR", "HTTP/1.1 200 OK\r\nETag: x\ry\r\n\r\n"],
      ["a NUL", "HTTP/1.1 200 OK\r\nETag: \0\r\n\r\n"],
      ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n"],
      ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"],
      ["a length past all numbers", `HTTP/1.1 200 OK\r\nContent-Length: ${"9".repeat(30)}\r\n\r\n`],
      ["an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"],
      ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"],
      ["an unknown transfer encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
      ["two transfer encodings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"],
      ["a head without end", `HTTP/1.1 200 OK\r\n${"X-Filler: y\r\n".repeat(3000)}`],
      ["a status line without end", `HTTP/1.1 200 ${"O".repeat(5000)}`],
      ["interim responses without end", "HTTP/1.1 100 Continue\r\n\r\n".repeat(2000)],
    ] as const) {
      test(`a head with ${what} is malformed`, async () => {
        const fetch = await bed.answer(bytes, { wanted: ["etag"] });
        assert.equal(fetch.head, undefined);
        assertFailed(fetch, "malformed");
      });
    }

    for (const [what, bytes] of [
      ["no size", "\r\nhello\r\n0\r\n\r\n"],
      ["a size that is none", "xyz\r\nhello\r\n0\r\n\r\n"],
      ["a negative size", "-5\r\nhello\r\n0\r\n\r\n"],
      ["a size past all numbers", "fffffffff\r\nhello\r\n0\r\n\r\n"],
      ["more than its size", "5\r\nhello, you\r\n0\r\n\r\n"],
      ["a size line without end", `5;${"x".repeat(1000)}`],
      ["a trailer without end", `0\r\n${"X-Trailer: y\r\n".repeat(1000)}`],
    ] as const) {
      test(`a chunk with ${what} is malformed`, async () => {
        const fetch = await bed.answer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${bytes}`);
        assertFailed(fetch, "malformed");
      });
    }

    test("a head of 32 KiB is taken, one byte more is malformed", async () => {
      const headOf = (length: number): string => {
        const start = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Filler: ";
        return `${start}${"x".repeat(length - start.length - 4)}\r\n\r\n`;
      };
      assert.equal((await bed.answer(`${headOf(32_768)}ok`)).outcome, "head 200, end");
      assertFailed(await bed.answer(`${headOf(32_769)}ok`), "malformed");
    });

    test("of a head 4 KiB may be kept", async () => {
      const headOf = (length: number): string => {
        const start = "ETag: ";
        return `HTTP/1.1 200 OK\r\n${start}${"x".repeat(length - start.length)}\r\n\r\n`;
      };
      const wanted = ["etag"];
      assert.equal((await bed.answer(headOf(4096), { wanted })).outcome, "head 200, end");
      assertFailed(await bed.answer(headOf(4097), { wanted }), "malformed");
    });

    test("a folded field is one field", async () => {
      const bytes = "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nETag: a\r\n b\r\nContent-Length: 0\r\n\r\n";
      const fetch = await bed.answer(bytes, { wanted: ["etag"] });
      assert.equal(fetch.outcome, "head 200, end");
      assert.equal(fetch.head?.header("etag"), "a b");
    });
  });
}
