import type { Behaviour, HttpAnswer, Outcome } from "./scenario.js";

const ONCE: Outcome = { report: "done", requests: 1 };
const TWICE: Outcome = { report: "done", requests: 2 };
const RESUMED_ONCE: Outcome = { report: "done", requests: 2, offsets: ["start", "later"] };
const RESUMED: Outcome = { report: "done", requests: 3, offsets: ["start", "later", "later"] };
/** The range is of no use: the whole file is, and is compared with what is stored. */
const WHOLE: Outcome = { report: "done", requests: 3, offsets: ["start", "later", "start"] };
const TRIES = 8;
/** The first answer of the resumes: half the body. */
const HALF: HttpAnswer = { breaks: { in: "body", share: 0.5, then: "end" } };

/** @returns one behaviour for each status */
function each(statuses: readonly number[], behaviour: (status: number) => Omit<Behaviour, "name">): Behaviour[] {
  return statuses.map((status) => ({ name: `status ${status}`, ...behaviour(status) }));
}

/** Statuses that are not the file. */
export const HTTP_STATUSES: readonly Behaviour[] = [
  ...each([202, 203, 204, 304, 407, 408, 409, 412, 421, 423, 425, 429, 500, 501, 502, 503, 504], (status) => ({
    http: [{ status }],
    ends: TWICE,
  })),
  ...each([402, 405, 406, 418, 451], (status) => ({
    http: [{ status }],
    ends: { report: `fail -5 server answers ${status}`, requests: 1 },
  })),
  ...each([404, 410], (status) => ({ http: [{ status }], ends: { report: "fail -2 file not exist", requests: 1 } })),
  ...each([400, 401, 403], (status) => ({
    http: [{ status }],
    ends: { ...TWICE, heard: { "version 0.1.0": 2 } },
  })),
  {
    name: "a signature that is refused, fresh as well",
    always: { status: 403 },
    ends: { report: "fail -3 signature expired", requests: 2 },
  },
  {
    name: "status 400, always: a fresh URL, and then other tries",
    always: { status: 400 },
    ends: { report: "fail -5 server answers 400", requests: TRIES, heard: { "version 0.1.0": 2 } },
  },
  {
    name: "status 202, always",
    always: { status: 202 },
    ends: { report: "fail -5 server answers 202", requests: TRIES },
  },
  {
    name: "a signature that expires on the way",
    http: [HALF, { status: 403 }],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "later"] },
  },
  {
    name: "a signature that expires twice, with new blocks between",
    http: [{ status: 403 }, { breaks: { in: "body", share: 0.3, then: "end" } }, { status: 403 }],
    ends: { report: "done", requests: 4 },
  },
  {
    name: "a file that is gone on the way",
    http: [HALF, { status: 404 }],
    ends: { report: "fail -2 file not exist", requests: 2 },
  },
  { name: "a busy server, always", always: { status: 503 }, ends: { report: "fail -1 time_out", requests: TRIES } },
  {
    name: "Retry-After in seconds",
    http: [{ status: 429, fields: { "Retry-After": "45" } }],
    ends: { ...TWICE, atLeastMs: 45_000 },
  },
  {
    name: "Retry-After as a date",
    http: [
      {
        status: 503,
        fields: { Date: "Sat, 21 Nov 2026 06:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 06:00:40 GMT" },
      },
    ],
    ends: { ...TWICE, atLeastMs: 40_000 },
  },
  {
    name: "Retry-After beyond reason",
    http: [{ status: 503, fields: { "Retry-After": "999999999" } }],
    ends: { ...TWICE, atLeastMs: 55_000, atMostMs: 70_000 },
  },
  {
    name: "Retry-After that is nothing",
    http: [{ status: 503, fields: { "Retry-After": "soon" } }],
    ends: { ...TWICE, atMostMs: 10_000 },
  },
  {
    name: "416 to a resume",
    http: [HALF, { status: 416 }],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "start"] },
  },
  {
    name: "416, always",
    always: { status: 416 },
    ends: { report: "fail -5 server answers 416", requests: TRIES },
  },
  ...[400, 412, 416, 501].map((status) => ({
    name: `${status} to every range`,
    http: [HALF],
    always: { refusesRange: status },
    ends: WHOLE,
  })),
];

/** Faults in the fields of a 200 or a 206. */
export const HTTP_RANGES: readonly Behaviour[] = [
  { name: "the whole file to a resume", http: [HALF, { ignoresRange: true }], ends: { report: "done", requests: 2 } },
  {
    name: "the whole of another file to a resume",
    http: [HALF, { ignoresRange: true, file: "other" }],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "start"] },
  },
  {
    name: "a range that begins later",
    http: [HALF, { fields: { "Content-Range": "bytes {next}-{last}/{size}" } }],
    ends: WHOLE,
  },
  {
    name: "a range that begins later, always",
    http: [HALF],
    always: { fields: { "Content-Range": "bytes {next}-{last}/{size}" } },
    ends: WHOLE,
  },
  { name: "a range that begins a block earlier, always", http: [HALF], always: { earlier: 1000 }, ends: RESUMED_ONCE },
  {
    name: "a range that begins a byte earlier, always",
    http: [HALF],
    always: { earlier: 1 },
    ends: RESUMED_ONCE,
  },
  { name: "a range of all, always", http: [HALF], always: { earlier: 1e9 }, ends: RESUMED_ONCE },
  {
    name: "a range of all that nobody asked for",
    http: [{ raw: "" }],
    always: { fields: { "Content-Range": "bytes 0-{last}/{size}" } },
    ends: TWICE,
  },
  { name: "just the piece with a 200, always", http: [HALF], always: { slices: true }, ends: WHOLE },
  {
    name: "just the piece with a 200 and without a length, always",
    http: [HALF],
    always: { slices: true, framing: "chunked" },
    ends: WHOLE,
  },
  {
    name: "a range of a longer file",
    http: [HALF, { fields: { "Content-Range": "bytes {first}-{last}/999999" } }],
    ends: WHOLE,
  },
  {
    name: "a range of a file of unknown length",
    http: [HALF, { fields: { "Content-Range": "bytes {first}-{last}/*" } }],
    ends: TWICE,
  },
  { name: "a 206 that does not say its range", http: [HALF, { fields: { "Content-Range": null } }], ends: WHOLE },
  {
    name: "a 206 that does not say its range, always",
    http: [HALF],
    always: { fields: { "Content-Range": null } },
    ends: WHOLE,
  },
  {
    name: "a 206 whose range is no range",
    http: [HALF, { fields: { "Content-Range": "bytes {last}-{first}/{size}" } }],
    ends: WHOLE,
  },
  {
    name: "a 206 in several parts",
    http: [HALF, { fields: { "Content-Range": null, "Content-Type": "multipart/byteranges; boundary=x" } }],
    ends: WHOLE,
  },
  {
    name: "a 206 that nobody asked for",
    http: [{ raw: "HTTP/1.1 206 OK\r\nContent-Range: bytes 0-3/4\r\nContent-Length: 4\r\n\r\nabcd" }],
    ends: TWICE,
  },
  { name: "a 206 of less than was asked for", http: [HALF, { serves: 0.5 }], ends: RESUMED },
  { name: "a shorter file", http: [{ file: "shorter" }], ends: TWICE },
  { name: "a longer file, always", always: { file: "longer" }, ends: { report: "fail -5 file has", requests: TRIES } },
  { name: "a length that is not the body's", http: [{ fields: { "Content-Length": "999999" } }], ends: TWICE },
  { name: "no ETag", http: [{ ...HALF, fields: { ETag: null } }, { fields: { ETag: null } }], ends: TWICE },
  { name: "a weak ETag", http: [{ ...HALF, fields: { ETag: 'W/"1"' } }], ends: TWICE },
  { name: "an ETag that is taken away", http: [HALF, { fields: { ETag: null } }], ends: TWICE },
  { name: "an ETag that changes, and the same file", http: [{ ...HALF, fields: { ETag: '"before"' } }], ends: TWICE },
  {
    name: "an ETag that changes, and another file",
    http: [{ ...HALF, file: "other" }],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "start"] },
  },
  { name: "a 206 of another ETag", http: [HALF, { fields: { ETag: '"after"' } }], ends: WHOLE },
  { name: "a 206 of another ETag, always", http: [HALF], always: { fields: { ETag: '"after"' } }, ends: WHOLE },
  { name: "a gzip nobody asked for", http: [{ fields: { "Content-Encoding": "gzip" } }], ends: TWICE },
  {
    name: "a gzip nobody asked for, always",
    always: { fields: { "Content-Encoding": "gzip" } },
    ends: { report: "fail -5 content encoded as gzip", requests: TRIES },
  },
  ...["identity", "none", "UTF-8", "binary", "aws-chunked", ""].map((encoding) => ({
    name: `an encoding that changes no bytes: ${encoding === "" ? "nothing" : encoding}`,
    http: [{ fields: { "Content-Encoding": encoding } }],
    ends: ONCE,
  })),
  { name: "an encoding behind one that is none", http: [{ fields: { "Content-Encoding": "none, br" } }], ends: TWICE },
];
