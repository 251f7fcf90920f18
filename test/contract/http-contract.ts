import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertFailed } from "../support/fetch.js";
import { deadPort, type Loopback, settle, until } from "../support/loopback.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { HttpTestBed, type HttpFixture } from "./http-test-bed.js";

/** hal/ports/http.ts, sentence by sentence. */
export function httpContract(name: string, start: () => HttpFixture): void {
  describe(`http: ${name}`, () => {
    let bed: HttpTestBed;
    let server: Loopback;
    beforeEach(async () => {
      bed = await HttpTestBed.start(start());
      ({ server } = bed);
    });
    afterEach(() => bed.stop());

    test("sends one GET: the target byte for byte, the Host that it is given, the further fields", async () => {
      const { fetch, peer } = await bed.requested({
        target: "/a%2Fb/./c?sign=x%20y&z=/..",
        authority: "files.example:8443",
        headers: [
          ["Range", "bytes=4096-"],
          ["If-Range", '"v1"'],
        ],
      });
      const lines = peer.received.toString("latin1").split("\r\n");
      assert.equal(lines[0], "GET /a%2Fb/./c?sign=x%20y&z=/.. HTTP/1.1");
      assert.equal(lines.filter((line) => /^host:/i.test(line)).join(), "Host: files.example:8443");
      assert.ok(lines.includes("Range: bytes=4096-") && lines.includes('If-Range: "v1"'));
      assert.deepEqual(lines.slice(-2), ["", ""]);
      // Without it a proxy may compress.
      assert.ok(lines.includes("Accept-Encoding: identity"));
      fetch.close();
    });

    test("sends a POST with its content and its length if there is any, behind the same fields", async () => {
      for (const body of ['{"a":1}', "\u00e9\u00ff", "x".repeat(20_000)]) {
        const { fetch, peer } = await bed.requested({ target: "/p", headers: [["Content-Type", "text/plain"]], body });
        const whole = (): string => peer.received.toString("latin1");
        await until("content", () => whole().endsWith(`\r\n\r\n${body}`));
        const lines = whole().slice(0, whole().indexOf("\r\n\r\n")).split("\r\n");
        assert.equal(lines[0], "POST /p HTTP/1.1");
        assert.ok(lines.includes("Content-Type: text/plain"));
        assert.deepEqual(
          lines.filter((line) => line.startsWith("Content-Length:")),
          [`Content-Length: ${body.length}`],
        );
        await peer.send(response("Content-Length: 2\r\n", Buffer.from("ok")));
        await until("end", () => fetch.over);
        assert.equal(fetch.body.toString(), "ok");
      }
      const { fetch, peer } = await bed.requested({ body: "" });
      assert.ok(peer.received.toString("latin1").startsWith("GET "));
      assert.ok(!peer.received.includes("Content-Length"));
      fetch.close();
    });

    test("a request longer than the socket takes at once arrives whole", async () => {
      const long = "x".repeat(20_000);
      const { fetch, peer } = await bed.requested({ target: `/${long}`, headers: [["X-Long", long]] });
      const expected = `GET /${long} HTTP/1.1\r\n`;
      assert.ok(peer.received.toString("latin1").startsWith(expected));
      assert.ok(peer.received.toString("latin1").includes(`X-Long: ${long}\r\n`));
      fetch.close();
    });

    test("reports the head, then the body, then the end, each once", async () => {
      const head = 'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nETag: "v1"\r\n\r\n';
      const fetch = await bed.answer(`${head}hello`, { wanted: ["etag"] });
      assert.equal(fetch.outcome, "head 206, end");
      assert.equal(fetch.events[0], "head 206");
      assert.equal(fetch.head?.contentLength, 5);
      assert.equal(fetch.head?.header("etag"), '"v1"');
      assert.equal(fetch.body.toString(), "hello");
    });

    test("wanted fields are found in any case of their names, the first of several; others are left out", async () => {
      const head =
        "HTTP/1.1 200 OK\r\neTaG:\t one \r\nETAG: two\r\nLocation:\r\nX-Other: 1\r\nContent-Length: 0\r\n\r\n";
      const fetch = await bed.answer(head, { wanted: ["etag", "location", "retry-after"] });
      assert.equal(fetch.head?.header("etag"), "one");
      assert.equal(fetch.head?.header("location"), "");
      assert.equal(fetch.head?.header("retry-after"), undefined);
      assert.equal(fetch.head?.header("x-other"), undefined);
      assert.equal(fetch.outcome, "head 200, end");
    });

    test("interim responses are not reported", async () => {
      const interim = "HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
      const fetch = await bed.answer(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`, {
        wanted: ["etag"],
      });
      assert.equal(fetch.outcome, "head 200, end");
      assert.equal(fetch.head?.header("etag"), undefined);
      assert.equal(fetch.body.toString(), "ok");
    });

    for (const [framing, wire, contentLength] of [
      ["a length", (body: Buffer) => response(`Content-Length: ${body.byteLength}\r\n`, body), true],
      ["chunks", (body: Buffer) => response("Transfer-Encoding: chunked\r\n", chunked(body)), false],
      ["the end of the connection", (body: Buffer) => response("", body), false],
    ] as const) {
      test(`a body framed by ${framing} comes whole, however it is cut on the way and by the reader`, async () => {
        const random = new SeededRandom();
        for (const length of [0, 1, 255, 256, 257, 30_000]) {
          const body = Buffer.from(random.bytes(length));
          const bytes = wire(body);
          for (const pieceLength of [1, 1000, 65536]) {
            const index = server.peers.length;
            const fetch = bed.open();
            fetch.pieceLength = pieceLength;
            const peer = await server.peer(index);
            for (let at = 0; at < bytes.byteLength; ) {
              const next = Math.min(bytes.byteLength, at + random.integer(1, length > 1000 ? 9000 : 80));
              await peer.send(bytes.subarray(at, next));
              at = next;
            }
            peer.socket.end();
            await until("end", () => fetch.over);
            assert.equal(fetch.outcome, "head 200, end", `${length} bytes, ${fetch.error?.message}; ${REPEAT}`);
            assert.ok(fetch.body.equals(body), REPEAT);
            assert.equal(fetch.head?.contentLength, contentLength ? length : undefined);
          }
        }
      });
    }

    test("a whole body ends without an error, even if the peer closed before it was read", async () => {
      const body = Buffer.alloc(600, 7);
      for (const wire of ["Content-Length: 600\r\n", "", "Transfer-Encoding: chunked\r\n"]) {
        const { fetch, peer } = await bed.requested();
        fetch.pieceLength = 0;
        await peer.send(response(wire, wire.includes("chunked") ? chunked(body) : body));
        peer.socket.end();
        await until("head", () => fetch.head !== undefined);
        await settle();
        while (fetch.readOnce(250) > 0);
        await until("end", () => fetch.over);
        assert.equal(fetch.outcome, "head 200, end", `${wire.trim()}: ${fetch.error?.message}`);
        assert.ok(fetch.body.equals(body));
      }
    });

    test("no body at all ends without a read", async () => {
      for (const head of [
        "204 No Content\r\nContent-Length: 9",
        "304 Not Modified\r\nETag: x",
        "200 OK\r\nContent-Length: 0",
      ]) {
        const { fetch, peer } = await bed.requested();
        fetch.pieceLength = 0;
        await peer.send(Buffer.from(`HTTP/1.1 ${head}\r\n\r\n`));
        await until("end", () => fetch.over);
        assert.equal(fetch.outcome, `head ${head.slice(0, 3)}, end`);
      }
    });

    test("what is left unread stays in the socket: the peer must wait, and then all of it comes", async () => {
      const length = 16 * 1024 * 1024;
      const { fetch, peer } = await bed.requested();
      fetch.pieceLength = 0;
      let taken = false;
      await peer.send(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`));
      void peer.send(new Uint8Array(length)).then(() => (taken = true));
      await until("head", () => fetch.head !== undefined);
      for (let count = 0; count < 20; count++) await settle();
      assert.equal(taken, false, "the peer was not held back");
      fetch.pieceLength = 65536;
      fetch.drain();
      await until("end", () => fetch.over);
      assert.equal(fetch.outcome, "head 200, end");
      assert.equal(fetch.body.byteLength, length);
    });

    test("a body cut short is `closed`, after what came of it was read", async () => {
      for (const wire of ["Content-Length: 100\r\n\r\nshort", "Transfer-Encoding: chunked\r\n\r\n64\r\nshort"]) {
        const fetch = await bed.answer(`HTTP/1.1 200 OK\r\n${wire}`);
        assertFailed(fetch, "closed");
        assert.equal(fetch.body.toString(), "short");
      }
      assertFailed(await bed.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"), "closed");
    });

    test("a connection that ends before or inside the head is `closed`", async () => {
      for (const bytes of ["", "HTTP/1.1 200 OK\r\nContent-Le"]) {
        const fetch = await bed.answer(bytes);
        assertFailed(fetch, "closed");
        assert.equal(fetch.head, undefined);
      }
    });

    test("what cannot be reached or sent comes by onError, never by an exception", async () => {
      for (const [options, kind] of [
        [{ port: await deadPort() }, "unreachable"],
        [{ host: "no such host" }, "unreachable"],
        [{ port: 70_000 }, "unreachable"],
        [{ target: "/\u{1f600}" }, "malformed"],
        [{ headers: [["X-Name", "版本"]] as const }, "malformed"],
      ] as const) {
        const fetch = bed.open(options);
        await until("error", () => fetch.over);
        assertFailed(fetch, kind);
      }
    });

    test("nothing is called after close, and read gives nothing", async () => {
      const early = bed.open();
      early.close();
      const { fetch, peer } = await bed.requested();
      fetch.pieceLength = 0;
      await peer.send(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"));
      await until("head", () => fetch.head !== undefined);
      const before = fetch.events.length;
      fetch.close();
      fetch.close();
      assert.equal(fetch.readOnce(10), 0);
      void peer.send(Buffer.from("world"));
      peer.socket.end();
      await until("close", () => peer.ended || peer.closed);
      await settle();
      assert.equal(fetch.events.length, before);
      assert.deepEqual(early.events, []);
    });

    test("after a close from inside any callback nothing more is called", async () => {
      for (const when of ["head 200", "readable"]) {
        const { fetch, peer } = await bed.requested();
        fetch.onEvent = (event) => {
          if (event === when) fetch.close();
        };
        void peer.send(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
        await until("close", () => peer.ended || peer.closed);
        await settle();
        assert.equal(fetch.events.at(-1), when);
      }
    });

    test("nothing is called after the end, and its connection is gone", async () => {
      const { fetch, peer } = await bed.requested();
      await peer.send(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"));
      await until("end", () => fetch.over);
      await until("close", () => peer.ended || peer.closed);
      peer.socket.end("even more");
      await settle();
      fetch.close();
      assert.equal(fetch.events.at(-1), "end");
      assert.equal(fetch.outcome, "head 200, end");
      assert.equal(fetch.body.toString(), "hello");
    });
  });
}

function response(fields: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n`), body]);
}

/** The body in chunks of odd sizes, with extensions and trailers. */
function chunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, size = 1; at < body.byteLength; size = size * 3 + 1) {
    const piece = body.subarray(at, at + size);
    parts.push(Buffer.from(`${piece.byteLength.toString(16)};name=value\r\n`), piece, Buffer.from("\r\n"));
    at += size;
  }
  parts.push(Buffer.from("0\r\nX-Trailer: yes\r\n\r\n"));
  return Buffer.concat(parts);
}
