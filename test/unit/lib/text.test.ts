import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isVisibleAscii, LINE_LIMIT, printable } from "../../../src/lib/text.js";

test("controls and line separators become question marks; other text stays as it is", () => {
  assert.equal(printable("a\tb\nc\r\nd\0e\x1b[31mf\x7fg"), "a?b?c??d?e?[31mf?g");
  assert.equal(printable("\x80\x85\x9b\u2028\u2029"), "?????");
  for (const text of ["", "plain ~ text", "…", "固件 v2", "naïve\xa0é", "😀"]) assert.equal(printable(text), text);
});

test("a text is cut at its limit, and no half of a character is left", () => {
  assert.equal(printable("x".repeat(LINE_LIMIT)), "x".repeat(LINE_LIMIT));
  assert.equal(printable("x".repeat(100_000)), "x".repeat(LINE_LIMIT));
  assert.equal(printable("abcdef", 4), "abcd");
  assert.equal(printable("abc😀", 4), "abc?");
  assert.equal(printable("ab😀c", 4), "ab😀");
  assert.equal(printable("abc😀", 5), "abc😀");
});

test("whatever comes, one line of the length it may have goes out", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), fc.integer({ min: 1, max: 80 }), (text, limit) => {
      const line = printable(text, limit);
      assert.ok(line.length <= limit);
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
      assert.equal(printable(line, limit), line);
    }),
  );
});

test("visible ASCII is what it says", () => {
  for (const text of ["!", "~", "http://h/?x=%00", "x".repeat(5000)]) assert.ok(isVisibleAscii(text));
  for (const text of [" ", "a b", "\n", "\x7f", "é", `${"x".repeat(5000)}\u2028`]) assert.ok(!isVisibleAscii(text));
});
