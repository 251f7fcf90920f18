import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ExchangeProbe } from "../../support/exchange-probe.js";
import { anyCuts, anyMutations, cutAt, latin1, mutate, singleBytes, twoWaySplits } from "../../support/splits.js";

const OK = "HTTP/1.1 200 OK\r\n";
const BODY = `first\r\n0\r\n\r\n\0\xff${"x".repeat(300)}last`;
const SIZE = BODY.length.toString(16);

/** Whole answers, well and ill formed; all are followed by the end of the connection. */
const ANSWERS: { readonly [name: string]: string } = {
  "a body with a length": `${OK}Content-Length: ${BODY.length}\r\nETag: "a"\r\n\r\n${BODY}`,
  "a body with a length and more behind it": `${OK}Content-Length: 5\r\n\r\nhello and more`,
  "a body that ends with the connection": `${OK}Server: x\r\n\r\n${BODY}`,
  "a chunked body": `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${SIZE};a=b\r\n${BODY}\r\n0\r\nX: y\r\n\r\nmore`,
  "chunks of one byte": `${OK}Transfer-Encoding: chunked\r\n\r\n${"1\r\n!\r\n".repeat(40)}0\r\n\r\n`,
  "interim answers and a redirect": `HTTP/1.1 100 Continue\r\n\r\n${OK.replace("200", "302")}Location: /x\r\nContent-Length: 0\r\n\r\n`,
  "no body": "HTTP/1.1 204 No Content\r\n\r\n",
  "a body cut short": `${OK}Content-Length: 50\r\n\r\nhello`,
  "chunks cut short": `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n9\r\nwor`,
  "a malformed head": `${OK}Content-Length: x\r\n\r\nhello`,
  "a malformed chunk": `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nhello\r\n`,
  "a chunk longer than its size": `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n`,
  "a head cut short": `${OK}Content-Length: 5\r\n`,
  "a head over the limit": `${OK}X: ${"y".repeat(4100)}\r\n\r\n`,
};

describe("an exchange", () => {
  for (const [name, text] of Object.entries(ANSWERS)) {
    it(`has the same result however its answer is cut and read: ${name}`, () => {
      const bytes = latin1(text);
      const whole = outcome([bytes]);
      assert.notEqual(ending([bytes]), undefined);
      const splits = bytes.byteLength > 1000 ? [] : twoWaySplits(bytes);
      for (const pieces of [...splits, singleBytes(bytes)]) assert.deepEqual(outcome(pieces), whole);
      for (const readLength of [1, 2, 3, 255, 256, 257, 4096]) {
        assert.deepEqual(outcome([bytes], readLength), whole, `${readLength} bytes read at a time`);
        assert.deepEqual(outcome(singleBytes(bytes), readLength), whole, `byte by byte, ${readLength} read at a time`);
      }
    });
  }

  it("has the same result however a damaged answer is cut and read; it never throws, and ends exactly once", () => {
    const answer = fc.constantFrom(...Object.values(ANSWERS));
    fc.assert(
      fc.property(
        answer,
        anyMutations(),
        anyCuts(),
        fc.integer({ min: 1, max: 300 }),
        (text, mutations, cuts, readLength) => {
          const bytes = mutate(latin1(text), mutations);
          assert.deepEqual(outcome(cutAt(bytes, cuts), readLength), outcome([bytes]));
          assert.notEqual(ending(cutAt(bytes, cuts)), undefined);
        },
      ),
      { numRuns: 600 },
    );
  });

  it("has the same result if timers run late, after everything came and the connection ended", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(ANSWERS)), anyCuts(), (text, cuts) => {
        const pieces = cutAt(latin1(text), cuts);
        assert.deepEqual(outcome(pieces, 64, true), outcome(pieces));
      }),
      { numRuns: 300 },
    );
  });

  it("never throws nor gives more than came, for any bytes at all", () => {
    const start = fc.constantFrom("", OK, `${OK}\r\n`, `${OK}Transfer-Encoding: chunked\r\n\r\n`);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 400 }), anyCuts(), (head, rest, cuts) => {
        const bytes = new Uint8Array([...latin1(head), ...rest]);
        const probe = ExchangeProbe.answered(cutAt(bytes, cuts), "closed");
        assert.notEqual(probe.ending, undefined);
        assert.ok(probe.body.length <= bytes.byteLength);
      }),
      { numRuns: 500 },
    );
  });

  it("ends endless framing after a bounded number of bytes", () => {
    const endless: [string, string][] = [
      ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"],
      [OK, "X: y\r\n"],
      [`${OK}ETag: `, "e"],
      ["", "A"],
      [`${OK}Transfer-Encoding: chunked\r\n\r\n`, "0"],
      [`${OK}Transfer-Encoding: chunked\r\n\r\n5;`, "x"],
      [`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`, "X: y\r\n"],
      [`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na`, " "],
    ];
    for (const [start, part] of endless) {
      const probe = ExchangeProbe.connected();
      probe.peer.send(latin1(start));
      for (let sent = 0; sent < 40_000 && probe.ending === undefined; sent += part.length) {
        probe.peer.send(latin1(part));
        probe.clock.advance(0);
      }
      assert.equal(probe.ending, "error malformed", `${JSON.stringify(start)} and then ${JSON.stringify(part)}`);
    }
  });
});

function outcome(pieces: readonly Uint8Array[], readLength = 64, lateTimers = false): object {
  return ExchangeProbe.answered(pieces, "closed", { readLength, lateTimers }).outcome();
}

function ending(pieces: readonly Uint8Array[]): string | undefined {
  return ExchangeProbe.answered(pieces, "closed").ending;
}
