import assert from "node:assert/strict";
import { parseContentRange, strongETag } from "../../../src/http/content-range.js";
import { parseRetryAfter } from "../../../src/http/retry-after.js";
import { type HttpUrl, parseUrl, redactUrl, resolveLocation } from "../../../src/http/url.js";
import { type Target, text } from "../target.js";

const latin1 = (input: Uint8Array): string => Buffer.from(input).toString("latin1");

export const contentRange: Target = {
  name: "content-range",
  weight: 50,
  corpus: text(
    "bytes 0-0/1",
    "bytes 4096-1048575/1048576",
    "Bytes 5-9/*",
    "bytes */100",
    "bytes\t1-2/3",
    '"abc-123"',
    'W/"abc"',
    '""',
  ),
  words: ["bytes ", "bytes=", "*", "/", "-", '"'],
  run(input) {
    const value = latin1(input);
    const range = parseContentRange(value);
    if (range !== undefined) {
      const { first, last, total } = range;
      assert.ok(Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 0 && first <= last);
      assert.ok(total === undefined || (Number.isSafeInteger(total) && last < total));
      assert.deepEqual(parseContentRange(`bytes ${first}-${last}/${total ?? "*"}`), range);
    }
    const tag = strongETag(value);
    if (tag !== undefined) assert.ok(tag === value && /^"[!#-~]*"$/.test(tag) && tag.length <= 64);
  },
};

export const retryAfter: Target = {
  name: "retry-after",
  weight: 40,
  corpus: text(
    "120\n",
    "0\n",
    "Wed, 21 Oct 2026 07:28:00 GMT\nWed, 21 Oct 2026 07:27:00 GMT",
    "Wednesday, 21-Oct-26 07:28:00 GMT\nWed Oct 21 07:27:00 2026",
  ),
  words: ["GMT", "Mon, ", "+0100", "-", "275760", "1970"],
  run(input) {
    const [value = "", date] = latin1(input).split("\n");
    const waitMs = parseRetryAfter(value, date);
    assert.ok(waitMs === undefined || (Number.isFinite(waitMs) && waitMs >= 0), String(waitMs));
  },
};

export const url: Target = {
  name: "url",
  weight: 60,
  corpus: text(
    "http://h.example/f.bin?sign=abc#x\n/other?y=1",
    "https://u:secret@h.example:8443/a/b/../c?sign=abc\n//cdn.example/x",
    "http://[2001:db8::1]:8080\n?z=2",
    "HTTPS://H\nhttp://insecure.example/",
    "http://h/a/b?c=/d/e\nrelative/path",
    "http://h?q\n#fragment",
  ),
  words: [
    "http://",
    "https://",
    "//",
    "../",
    "@",
    "[",
    "]",
    "%0d%0a",
    "\r\n",
    " ",
    "?",
    "#",
    "javascript:",
    ":0",
    ":65536",
    ":80",
  ],
  run(input) {
    const [first = "", location = ""] = latin1(input).split("\n");
    const from = parseUrl(first);
    if (from === undefined) return;
    checkUrl(from);
    const redacted = redactUrl(first);
    assert.match(redacted, /^https?:\/\/[^/?#@]+[^?#]*(\?…)?$/i);
    assert.ok(redacted.length <= first.length + 2);
    const to = resolveLocation(from, location);
    if (to !== undefined) checkUrl(to);
  },
};

/** The text to be sent holds no line's end or blank, and the printed URL is read as the same URL. */
function checkUrl(parsed: HttpUrl): void {
  const { secure, host, port, authority, target } = parsed;
  assert.match(target, /^\/[!-~]*$/);
  assert.match(authority, /^[!-~]+$/);
  assert.ok(host !== "" && port >= 1 && port <= 65_535);
  const printed = `${secure ? "https" : "http"}://${authority}${target}`;
  if (printed.length <= 4096) assert.deepEqual(parseUrl(printed), parsed);
}
