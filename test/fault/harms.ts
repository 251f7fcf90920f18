import type { BrokerConnection, HttpAnswer, Incident } from "./scenario.js";

/**
 * What one answer may do to a job at worst: nothing, cost a try, cost a fresh URL, cost all that is stored, put wrong
 * bytes in flash, or end it with this code.
 */
export type Harm = "none" | "try" | "renew" | "restart" | "wrong" | "-2" | "-5";

/** Answers of file servers for random schedules. */
export const ANSWERS: readonly (readonly [Harm, HttpAnswer])[] = [
  ["none", {}],
  ["none", { framing: "chunked" }],
  ["none", { framing: "close", extra: 700 }],
  ["none", { lingers: true }],
  ["none", { ignoresRange: true }],
  ["none", { fields: { ETag: 'W/"1"' } }],
  ["none", { status: 302, fields: { Location: "/0.2.0" } }],
  ["none", { interim: "HTTP/1.1 100 Continue\r\n\r\n" }],
  ["try", { framing: "chunked", chunks: "bad-size" }],
  ["try", { framing: "chunked", chunks: "overlong" }],
  ["try", { serves: 0.4 }],
  ["try", { connect: "no-address" }],
  ["try", { connect: "refused" }],
  ["try", { connect: "silent" }],
  ["try", { status: 500 }],
  ["try", { status: 429, fields: { "Retry-After": "50" } }],
  ["try", { status: 503, fields: { "Retry-After": "999999999" } }],
  ["try", { raw: "SSH-2.0-OpenSSH_9.2\r\n" }],
  ["try", { fields: { "Content-Encoding": "gzip" } }],
  ["try", { fields: { "Content-Range": "bytes {next}-{last}/{size}", "Content-Length": "7" } }],
  ["try", { file: "longer" }],
  ["try", { pace: { bytes: 1, everyMs: 1000 } }],
  ["renew", { status: 403 }],
  ["renew", { status: 400 }],
  ["try", { status: 409 }],
  ["try", { status: 416 }],
  ["try", { fields: { ETag: '"another"' } }],
  ["try", { file: "page", framing: "close" }],
  ["try", { earlier: 700 }],
  ["try", { slices: true }],
  ["try", { stopsAfter: 300 }],
  ["wrong", { file: "flipped" }],
  ["wrong", { file: "other" }],
  ["-2", { status: 404 }],
  ["-5", { status: 405 }],
  ["-5", { status: 302, fields: { Location: "ftp://files.test/0.2.0" } }],
];

/** Brokers for random schedules: their faults pass, and cost a job nothing. */
export const CONNECTIONS: readonly BrokerConnection[] = [
  {},
  { connect: "no-address" },
  { connect: "refused" },
  { connect: "silent" },
  { connack: "none" },
  { connack: 3 },
  { suback: "none" },
  { suback: 128 },
  { endsAt: "connect" },
  { endsAt: "subscribe" },
  { endsAt: "version" },
  { endsAt: "downloading" },
  { endsAt: "burning" },
  { endsAt: "done" },
  { endsAt: "fail" },
  { endsAt: "ping" },
  { loses: "version" },
  { loses: "downloading" },
  { loses: "burning" },
  { loses: "done" },
  { loses: "fail" },
  { puback: { of: "version", how: "none" } },
  { puback: { of: "burning", how: "late" } },
  { puback: { of: "done", how: "none" } },
  { puback: { of: "done", how: "late" } },
  { puback: { of: "done", how: "twice" } },
  { puback: { of: "fail", how: "none" } },
  { puback: { of: "fail", how: "wrong" } },
  { pings: "unanswered" },
  { dribbles: true },
  { says: { at: "version", bytes: [0x34, 5, 0, 1, 0x78, 0, 9] } },
  { says: { at: "burning", bytes: [0x30, 0xff, 0xff, 0xff, 0x7f] } },
];

/** What operators, power and clocks do. */
export const INCIDENTS: readonly Incident[] = [
  { do: "offer", version: "0.3.0" },
  { do: "offer", version: "0.2.0" },
  { do: "say", messages: [{ offer: {} }] },
  { do: "say", messages: [{ offer: { version: "0.2/0" } }] },
  { do: "say", messages: [{ offer: { version: "{RUNNING}" } }] },
  { do: "say", messages: [{ text: "[".repeat(100) }] },
  { do: "drop-broker" },
  { do: "cut-power" },
  { do: "stop" },
  { do: "set-clock", byMs: 3_600_000 },
  { do: "set-clock", byMs: -3_600_000 },
  { do: "set-clock", byMs: 2 ** 31 },
  { do: "set-clock", byMs: -(2 ** 31) },
];

export const WORDS: readonly string[] = [
  "version",
  "downloading 0",
  "downloading 40",
  "downloading 100",
  "burning",
  "done",
  "fail",
];
