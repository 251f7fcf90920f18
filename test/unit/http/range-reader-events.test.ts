import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { HalErrorKind } from "../../../hal/ports/index.js";
import { RangeReading, SIZE } from "../../support/range-reading.js";

type Step =
  | { readonly do: "head"; readonly status: number; readonly range: string; readonly contentLength: number | undefined }
  | { readonly do: "redirect"; readonly location: string }
  | { readonly do: "send" | "read" | "wait"; readonly amount: number }
  | { readonly do: "fail"; readonly kind: HalErrorKind }
  | { readonly do: "end" | "close" };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("head" as const),
      status: fc.constantFrom(200, 206, 206, 404, 416, 503),
      range: fc.constantFrom("bytes 100-999/1000", "bytes 100-5000/*", "bytes 0-999/1000", "nonsense"),
      contentLength: fc.constantFrom(undefined, 900, SIZE),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("/a", "https://b/", "http://c/", "ftp://d/")
      .map((location) => ({ do: "redirect", location }) as const),
  },
  { weight: 4, arbitrary: fc.nat(700).map((amount) => ({ do: "send", amount }) as const) },
  { weight: 4, arbitrary: fc.nat(700).map((amount) => ({ do: "read", amount }) as const) },
  { weight: 3, arbitrary: fc.nat(21_000).map((amount) => ({ do: "wait", amount }) as const) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<HalErrorKind>("closed", "io", "malformed")
      .map((kind) => ({ do: "fail", kind }) as const),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: "end" } as const, { do: "close" } as const) },
);

describe("a RangeReader, with any events in any order", () => {
  it("opens and fails at most once, reports nothing after its end, and never gives more than the file", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 100), fc.array(STEP, { maxLength: 30 }), (offset, steps) => {
        const reading = RangeReading.requested({ offset });
        const answered = new Set<object>();
        let over = false;
        for (const step of steps) {
          const told = reading.told.length;
          take(reading, step, answered);
          if (over) {
            assert.equal(reading.told.length, told, `${JSON.stringify(step)} after the end: ${reading.told.join()}`);
          }
          over ||= step.do === "close" || reading.failures.length > 0 || isWhole(reading);
          if (over) assert.deepEqual(reading.clock.names(), []);
        }
        const start = reading.opened[0]?.offset ?? SIZE;
        assert.ok(reading.opened.length <= 1 && reading.failures.length <= 1, reading.told.join());
        assert.ok(reading.received.length <= SIZE - start, `${reading.received.length} bytes from ${start}`);
        assert.ok(reading.http.exchanges.every(({ readsAfterClose }) => readsAfterClose === 0));
        assert.ok(reading.http.exchanges.length <= 6);
        reading.assertDiscreet();
      }),
      { numRuns: 500 },
    );
  });

  it("always comes to an end by itself if nobody reads or sends", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 100), fc.array(STEP, { maxLength: 20 }), (offset, steps) => {
        const reading = RangeReading.requested({ offset });
        const answered = new Set<object>();
        for (const step of steps) if (step.do !== "close") take(reading, step, answered);
        reading.clock.advance(30_000);
        assert.equal(reading.failures.length, isWhole(reading) ? 0 : 1, reading.told.join());
        assert.deepEqual(reading.clock.names(), []);
      }),
    );
  });
});

/** All requested bytes were read: the reader has closed itself. */
function isWhole({ opened, received }: RangeReading): boolean {
  const [first] = opened;
  return first !== undefined && received.length === SIZE - first.offset;
}

function take(reading: RangeReading, step: Step, answered: Set<object>): void {
  const { exchange } = reading.http;
  const first = !answered.has(exchange);
  switch (step.do) {
    case "head":
      answered.add(exchange);
      if (first) {
        exchange.head({
          status: step.status,
          headers: { "content-range": step.range },
          ...(step.contentLength === undefined ? {} : { contentLength: step.contentLength }),
        });
      }
      return;
    case "redirect":
      answered.add(exchange);
      if (first) exchange.head({ status: 302, headers: { location: step.location } });
      return;
    case "send":
      exchange.send(new Uint8Array(step.amount));
      return;
    case "read": {
      const into = new Uint8Array(step.amount);
      reading.received.push(...into.subarray(0, reading.reader.read(into, 0, into.byteLength)));
      return;
    }
    case "wait":
      reading.clock.advance(step.amount);
      return;
    case "fail":
      exchange.fail(step.kind);
      return;
    case "end":
      exchange.end();
      return;
    case "close":
      reading.reader.close();
  }
}
