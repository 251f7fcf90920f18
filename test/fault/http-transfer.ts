import type { Behaviour, Outcome } from "./scenario.js";

const ONCE: Outcome = { report: "done", requests: 1, offsets: ["start"] };
const AGAIN: Outcome = { report: "done", requests: 2, offsets: ["start", "start"] };
const RESUMED: Outcome = { report: "done", requests: 2, offsets: ["start", "later"] };
const TIMED_OUT = "fail -1 time_out";
/** Tries that bring nothing new before a job fails. */
const TRIES = 8;
const HALF = { in: "body", share: 0.5, then: "end" } as const;

/** Ways in which the bytes of a body come, and stop. */
export const HTTP_TRANSFER: readonly Behaviour[] = [
  { name: "a right server", ends: ONCE },
  { name: "a server that keeps the connection open after the last byte", http: [{ lingers: true }], ends: ONCE },
  { name: "a chunked body", http: [{ framing: "chunked" }], ends: ONCE },
  {
    name: "a chunked body with extensions and a trailer",
    http: [{ framing: "chunked", chunks: "extended" }],
    ends: ONCE,
  },
  { name: "a chunked body whose sizes have 12 digits", http: [{ framing: "chunked", chunks: "padded" }], ends: ONCE },
  {
    name: "a chunked body without its last chunk, all of the image",
    http: [{ framing: "chunked", chunks: "unending" }],
    ends: ONCE,
  },
  { name: "a chunked body that stops half-way", http: [{ framing: "chunked", breaks: HALF }], ends: RESUMED },
  { name: "a chunk size that is no number", http: [{ framing: "chunked", chunks: "bad-size" }], ends: RESUMED },
  { name: "a chunk longer than its size", http: [{ framing: "chunked", chunks: "overlong" }], ends: RESUMED },
  { name: "a chunked body after a resume", http: [{ breaks: HALF }, { framing: "chunked" }], ends: RESUMED },
  { name: "a body that ends with the connection", http: [{ framing: "close" }], ends: ONCE },
  {
    name: "a body that ends with the connection, too early",
    http: [{ framing: "close", breaks: HALF }],
    ends: RESUMED,
  },
  { name: "bytes after the end of the body", http: [{ extra: 5000 }], ends: ONCE },
  {
    name: "bytes after the end of the image, in a body without a length",
    http: [{ framing: "close", extra: 5000 }],
    ends: ONCE,
  },
  {
    name: "a head that comes in two halves",
    http: [{ interim: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" }],
    ends: ONCE,
  },
  { name: "a 100 Continue nobody asked for", http: [{ interim: "HTTP/1.1 100 Continue\r\n\r\n" }], ends: ONCE },
  {
    name: "a body of single bytes, one each millisecond",
    small: true,
    http: [{ pace: { bytes: 1, everyMs: 1 } }],
    ends: ONCE,
  },
  { name: "a body in one piece", http: [{ pace: { bytes: 1_000_000, everyMs: 1 } }], ends: ONCE },
  { name: "a connection that ends before the head", http: [{ raw: "" }], ends: AGAIN },
  {
    name: "a connection that ends inside the head",
    http: [{ breaks: { in: "head", share: 0.5, then: "end" } }],
    ends: AGAIN,
  },
  {
    name: "a connection that ends after the head",
    http: [{ breaks: { in: "body", share: 0, then: "end" } }],
    ends: AGAIN,
  },
  {
    name: "a connection that ends inside the first block",
    small: true,
    http: [{ breaks: { in: "body", share: 0.05, then: "end" } }],
    ends: RESUMED,
  },
  { name: "a connection that ends in the middle", http: [{ breaks: HALF }], ends: RESUMED },
  {
    name: "a connection that ends before the last byte",
    http: [{ breaks: { in: "body", share: 0.9999, then: "end" } }],
    ends: RESUMED,
  },
  {
    name: "answers of at most 3000 bytes",
    size: 4000,
    always: { stopsAfter: 3000 },
    ends: { report: "done", requests: 2, offsets: ["start", "later"] },
  },
  {
    name: "answers of at most 100 bytes, more of them than tries",
    size: 4000,
    always: { stopsAfter: 100 },
    ends: { report: "done", requests: 40 },
  },
  {
    name: "answers that stop after the same byte of the file",
    small: true,
    size: 4000,
    http: [0, 1].map(() => ({ stopsAfter: 1000 })),
    always: { stopsAfter: 0 },
    ends: { report: TIMED_OUT, requests: 2 + TRIES },
  },
  {
    name: "a server that always ends after the head",
    always: { stopsAfter: 0 },
    ends: { report: TIMED_OUT, requests: TRIES },
  },
  {
    name: "silence instead of a head",
    http: [{ breaks: { in: "head", share: 0, then: "stall" } }],
    ends: { ...AGAIN, atLeastMs: 30_000 },
  },
  {
    name: "silence inside the head",
    http: [{ breaks: { in: "head", share: 0.7, then: "stall" } }],
    ends: { ...AGAIN, atLeastMs: 30_000 },
  },
  {
    name: "silence after the head",
    http: [{ breaks: { in: "body", share: 0, then: "stall" } }],
    ends: { ...AGAIN, atLeastMs: 30_000 },
  },
  {
    name: "silence in the middle",
    http: [{ breaks: { in: "body", share: 0.5, then: "stall" } }],
    ends: { ...RESUMED, atLeastMs: 30_000, atMostMs: 60_000 },
  },
  {
    name: "silence, always",
    always: { breaks: { in: "head", share: 0, then: "stall" } },
    ends: { report: TIMED_OUT, requests: TRIES },
  },
  {
    name: "one byte a second",
    small: true,
    http: [{ pace: { bytes: 1, everyMs: 1000 } }],
    ends: { ...RESUMED, atLeastMs: 30_000, atMostMs: 120_000 },
  },
  {
    name: "one byte a second, always",
    small: true,
    always: { pace: { bytes: 1, everyMs: 1000 } },
    ends: { report: TIMED_OUT, requests: TRIES },
  },
  { name: "a slow link that goes on", small: true, http: [{ pace: { bytes: 150, everyMs: 1000 } }], ends: ONCE },
  { name: "a name that has no address, once", http: [{ connect: "no-address" }], ends: ONCE },
  {
    name: "a name that has no address, always",
    always: { connect: "no-address" },
    ends: { report: TIMED_OUT, requests: 0 },
  },
  { name: "nobody listens, once", http: [{ connect: "refused" }], ends: ONCE },
  { name: "nobody listens, always", always: { connect: "refused" }, ends: { report: TIMED_OUT, requests: 0 } },
  { name: "a connection that is never made", http: [{ connect: "silent" }], ends: { ...ONCE, atLeastMs: 30_000 } },
  ...["certificate: auth err", "Cert: unsupported algorithm: 1", "alert: 2, 48"].map(
    (handshake): Behaviour => ({
      name: `a certificate that is not trusted (${handshake})`,
      url: "https://files.test/0.2.0",
      wallClock: 1_800_000_000,
      always: { handshake },
      ends: { report: "fail -5 TLS with files.test failed (no authority is set)", requests: 0 },
    }),
  ),
  ...["alert: 2, 40", "alert: 2, 80", "recordProtocol: bad data", "crypt: out of memory (hmac context)"].map(
    (handshake): Behaviour => ({
      name: `a handshake that fails without a word on the certificate, once (${handshake})`,
      url: "https://files.test/0.2.0",
      wallClock: 1_800_000_000,
      http: [{ handshake }],
      ends: ONCE,
    }),
  ),
  {
    name: "a handshake that fails without a word on the certificate, always",
    url: "https://files.test/0.2.0",
    wallClock: 1_800_000_000,
    always: { handshake: "alert: 2, 80" },
    ends: { report: TIMED_OUT, requests: 0 },
  },
  {
    name: "a certificate that cannot be judged without a clock, once",
    url: "https://files.test/0.2.0",
    http: [{ handshake: "certificate: auth err" }],
    ends: ONCE,
  },
  { name: "https", url: "https://files.test/0.2.0", ends: ONCE },
];
