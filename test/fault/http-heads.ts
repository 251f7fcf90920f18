import type { Behaviour, HttpAnswer, Outcome } from "./scenario.js";

const ONCE: Outcome = { report: "done", requests: 1 };
const TWICE: Outcome = { report: "done", requests: 2 };
const TRIES = 8;

function redirect(location: string | null, status = 302): HttpAnswer {
  return { status, fields: { Location: location } };
}

/** Answers that lead elsewhere. */
export const HTTP_REDIRECTS: readonly Behaviour[] = [
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `a redirect by ${status}`,
    http: [redirect("/moved/0.2.0", status)],
    ends: TWICE,
  })),
  {
    name: "a redirect to another host",
    http: [redirect("http://mirror.test:8080/0.2.0")],
    ends: { ...TWICE, hosts: ["files.test", "mirror.test:8080"] },
  },
  ...["../0.2.0", "../../a/./b/../0.2.0", "//files.test/x/0.2.0", "?moved=1", "a b/\xe5\x9b\xba/0.2.0"].map(
    (location) => ({
      name: `a redirect to ${JSON.stringify(location)}`,
      http: [redirect(location)],
      ends: TWICE,
    }),
  ),
  { name: "a redirect beside the file", http: [redirect("0.2.0")], ends: TWICE },
  { name: "a redirect from http to https", http: [redirect("https://files.test/0.2.0")], ends: TWICE },
  {
    name: "five redirects",
    http: [1, 2, 3, 4, 5].map(() => redirect("/0.2.0")),
    ends: { report: "done", requests: 6 },
  },
  {
    name: "redirects without end",
    always: redirect("/0.2.0"),
    ends: { report: "fail -5 more than 5 redirects", requests: 6 },
  },
  {
    name: "a redirect to nowhere",
    always: redirect(null),
    ends: { report: "fail -5 redirect without a usable location", requests: 1 },
  },
  {
    name: "a redirect to another scheme",
    always: redirect("ftp://files.test/0.2.0"),
    ends: { report: "fail -5 redirect without a usable location", requests: 1 },
  },
  {
    name: "a redirect from https to http",
    url: "https://files.test/0.2.0",
    always: redirect("http://files.test/0.2.0"),
    ends: { report: "fail -5 redirect from https to http", requests: 1 },
  },
  {
    name: "a redirect whose head is long, and whose location too",
    http: [
      {
        status: 302,
        fields: {
          "Content-Security-Policy": "default-src 'none'; ".repeat(200),
          Location: `/0.2.0?sig=${"s".repeat(700)}`,
        },
      },
    ],
    ends: TWICE,
  },
  {
    name: "a redirect to a host that is not there",
    http: [redirect("http://gone.test/0.2.0"), { connect: "no-address" }],
    ends: TWICE,
  },
  {
    name: "a redirect on a resume",
    http: [{ breaks: { in: "body", share: 0.5, then: "end" } }, redirect("/0.2.0")],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "later"] },
  },
];

const FILE = "\r\nContent-Length: 4\r\n\r\nabcd";

/** Heads that are not HTTP, or not good HTTP: another try, and no byte of the body is used. */
export const HTTP_HEADS: readonly Behaviour[] = [
  { name: "another protocol", http: [{ raw: "SSH-2.0-OpenSSH_9.2\r\n" }], ends: TWICE },
  {
    name: "another protocol, always",
    always: { raw: "SSH-2.0-OpenSSH_9.2\r\n" },
    ends: { report: "fail -5 response head", requests: TRIES },
  },
  { name: "HTTP/2", http: [{ raw: `HTTP/2 200${FILE}` }], ends: TWICE },
  { name: "a status that is no number", http: [{ raw: `HTTP/1.1 OK${FILE}` }], ends: TWICE },
  { name: "a head over 4 KiB", http: [{ fields: { "X-Padding": "x".repeat(5000) } }], ends: ONCE },
  { name: "a head over 32 KiB", http: [{ fields: { "X-Padding": "x".repeat(33_000) } }], ends: TWICE },
  { name: "a head of which more than 4 KiB are kept", http: [{ fields: { ETag: "x".repeat(5000) } }], ends: TWICE },
  {
    name: "twelve cookies",
    http: [{ fields: { "Set-Cookie": Array(12).fill("c".repeat(400)).join("\r\nSet-Cookie: ") } }],
    ends: ONCE,
  },
  {
    name: "early hints of 3 KiB, twice",
    http: [{ interim: `HTTP/1.1 103 Early Hints\r\nLink: ${"l".repeat(3000)}\r\n\r\n`.repeat(2) }],
    ends: ONCE,
  },
  {
    name: "a folded field",
    http: [{ fields: { "X-Folded": "a\r\n b: c", "Content-Length": "\r\n\t{size}" } }],
    ends: ONCE,
  },
  { name: "a NUL in the head", http: [{ raw: `HTTP/1.1 200 O\0K${FILE}` }], ends: TWICE },
  { name: "a bare CR in the head", http: [{ raw: `HTTP/1.1 200 OK\rX: y${FILE}` }], ends: TWICE },
  { name: "a field without a colon", http: [{ raw: `HTTP/1.1 200 OK\r\nnonsense${FILE}` }], ends: TWICE },
  { name: "two lengths", http: [{ raw: `HTTP/1.1 200 OK\r\nContent-Length: 5${FILE}` }], ends: TWICE },
  { name: "a negative length", http: [{ fields: { "Content-Length": "-1" } }], ends: TWICE },
  {
    name: "a transfer coding that is unknown",
    http: [{ fields: { "Transfer-Encoding": "gzip, chunked" } }],
    ends: TWICE,
  },
  { name: "random bytes", http: [{ raw: "\x00\xff\x16\x03\x01\x02" }], ends: TWICE },
];

/** Files that are not what was offered, and offers of what is no image. */
export const HTTP_FILES: readonly Behaviour[] = [
  { name: "one wrong bit", always: { file: "flipped" }, ends: { report: "fail -4 md5 not match", requests: 1 } },
  {
    name: "another file of the same length",
    always: { file: "other" },
    ends: { report: "fail -4 md5 not match", requests: 1 },
  },
  {
    name: "one wrong bit after a resume, once",
    http: [{ breaks: { in: "body", share: 0.3, then: "end" } }, { file: "flipped", fields: { ETag: null } }],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "start"] },
  },
  {
    name: "a text file",
    always: { file: "text" },
    ends: { report: "fail -5 not an application image", requests: TRIES },
  },
  ...(["length", "chunked", "close"] as const).map(
    (framing): Behaviour => ({
      name: `a page instead of the file, framed by ${framing}`,
      http: [{ file: "page", framing, fields: { "Content-Type": "text/html", ETag: null } }],
      ends: TWICE,
    }),
  ),
  ...(["chunked", "close"] as const).map(
    (framing): Behaviour => ({
      name: `a page of less than a block, framed by ${framing}: its bytes are dropped with the block`,
      http: [{ file: "short-page", framing, fields: { ETag: null } }],
      ends: { report: "done", requests: 3, offsets: ["start", "later", "start"] },
    }),
  ),
  {
    name: "a page instead of the rest of the file",
    http: [
      { breaks: { in: "body", share: 0.5, then: "end" } },
      { file: "page", framing: "chunked", ignoresRange: true },
    ],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "start"] },
  },
  {
    name: "an image for another chip",
    content: "other-chip",
    ends: { report: "fail -5 image for ESP32-S3, this is ESP32", requests: 1 },
  },
  {
    name: "an image of another version",
    content: "other-version",
    ends: { report: "fail -5 image says it is version 9.9.9", requests: 1 },
  },
  {
    name: "an image whose checksum is wrong",
    content: "bad-checksum",
    ends: { report: "fail -5 set pending", requests: 1 },
  },
  { name: "an image of one byte", size: 1, ends: { report: "fail -5 too short", requests: 1 } },
  {
    name: "an image of no byte",
    size: 0,
    ends: { report: "fail -5 file_size is not a positive integer", requests: 0 },
  },
];
