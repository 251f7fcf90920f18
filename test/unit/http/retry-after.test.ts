import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseRetryAfter } from "../../../src/http/retry-after.js";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

describe("parseRetryAfter", () => {
  it("reads seconds, with or without a date beside them", () => {
    assert.equal(parseRetryAfter("120", undefined), 120_000);
    assert.equal(parseRetryAfter("120", DATE), 120_000);
    assert.equal(parseRetryAfter("0", undefined), 0);
    assert.equal(parseRetryAfter("007", undefined), 7000);
    assert.equal(parseRetryAfter("999999999", undefined), 999_999_999_000);
  });

  it("reads a date as the time from the server's own date to it", () => {
    assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:50:37 GMT", DATE), 60_000);
    assert.equal(parseRetryAfter("Mon, 07 Nov 1994 08:49:37 GMT", DATE), 86_400_000);
  });

  it("reads the two obsolete forms of a date (RFC 9110 §5.6.7)", () => {
    assert.equal(parseRetryAfter("Sunday, 06-Nov-94 08:50:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"), 60_000);
    assert.equal(parseRetryAfter("Sun Nov  6 08:50:37 1994", "Sun Nov  6 08:49:37 1994"), 60_000);
  });

  it("needs the server's date to read a date", () => {
    for (const date of [undefined, "", "yesterday"]) assert.equal(parseRetryAfter(DATE, date), undefined, String(date));
  });

  it("returns nothing for a date that is past", () => {
    assert.equal(parseRetryAfter(DATE, DATE), undefined);
    assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:36 GMT", DATE), undefined);
  });

  it("returns nothing for a field that is absent or neither seconds nor an HTTP date", () => {
    assert.equal(parseRetryAfter(undefined, DATE), undefined);
    const wrong = [
      "",
      " ",
      "soon",
      "-1",
      "-120",
      "+120",
      "60.0",
      "1e3",
      "0x10",
      "120s",
      "120, 60",
      "12:00",
      "Infinity",
      "NaN",
    ];
    const years = ["3600;", "1.5", "1000000000", "2099-01-01", "1 2 3"];
    for (const value of [...wrong, ...years]) {
      assert.equal(parseRetryAfter(value, undefined), undefined, value);
      assert.equal(parseRetryAfter(value, DATE), undefined, value);
    }
  });

  it("is never negative nor anything but a number, for any fields", () => {
    const text = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.date().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), (value, date) => {
        const waitMs = parseRetryAfter(value, date);
        assert.ok(waitMs === undefined || (Number.isFinite(waitMs) && waitMs >= 0), `${waitMs}`);
      }),
    );
  });
});
