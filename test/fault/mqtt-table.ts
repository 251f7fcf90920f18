import type { Behaviour, BrokerConnection, Outcome } from "./scenario.js";

const DONE: Outcome = { report: "done", requests: 1 };
/** One CONNECT by the old firmware, one by the new. */
const SMOOTH: Outcome = { ...DONE, connects: 2 };
const RECONNECTED: Outcome = { ...DONE, connects: 3 };

const CONNACK = [0x20, 2, 0, 0];
const PUBLISH_QOS2 = [0x34, 5, 0, 1, 0x78, 0, 9];

/** The broker's own faults. */
export const MQTT_CONNECTIONS: readonly Behaviour[] = [
  { name: "a right broker", ends: SMOOTH },
  {
    name: "a broker without an address, twice",
    mqtt: [{ connect: "no-address" }, { connect: "no-address" }],
    ends: SMOOTH,
  },
  { name: "a broker that does not listen", mqtt: [{ connect: "refused" }], ends: SMOOTH },
  {
    name: "a connection to the broker that is never made",
    mqtt: [{ connect: "silent" }],
    ends: { ...SMOOTH, atLeastMs: 30_000 },
  },
  { name: "no CONNACK", mqtt: [{ connack: "none" }], ends: { ...RECONNECTED, atLeastMs: 10_000 } },
  ...[1, 2, 3, 4, 5].map((connack) => ({ name: `CONNACK ${connack}`, mqtt: [{ connack }], ends: RECONNECTED })),
  { name: "an end at CONNECT", mqtt: [{ endsAt: "connect" }], ends: { ...SMOOTH, atLeastMs: 5_000 } },
  { name: "an end at SUBSCRIBE", mqtt: [{ endsAt: "subscribe" }], ends: RECONNECTED },
  { name: "no SUBACK", mqtt: [{ suback: "none" }], ends: RECONNECTED },
  { name: "a subscription that is refused", mqtt: [{ suback: 128 }], ends: RECONNECTED },
  { name: "a subscription granted at QoS 0", mqtt: [{ suback: 0 }], ends: SMOOTH },
  { name: "an end at the version report", mqtt: [{ endsAt: "version" }], ends: RECONNECTED },
  {
    name: "an end in the middle of the download",
    mqtt: [{ endsAt: "downloading" }],
    ends: { ...RECONNECTED, heard: { "version 0.1.0": 2 } },
  },
  { name: "an end at `burning`", mqtt: [{ endsAt: "burning" }], ends: { ...RECONNECTED, words: ["burning", "done"] } },
  {
    name: "an end at `done`",
    mqtt: [{}, { endsAt: "done" }],
    ends: { ...RECONNECTED, words: ["done", "version 0.2.0"] },
  },
  {
    name: "ten ends one after the other",
    mqtt: Array.from({ length: 10 }, (): BrokerConnection => ({ endsAt: "subscribe" })),
    ends: { ...DONE, connects: 12, atLeastMs: 50_000 },
  },
  {
    name: "a broker that does not take the new firmware",
    refusesNew: true,
    ends: { report: "fail -5 not proven in time, reverted", requests: 1, atLeastMs: 300_000 },
  },
  {
    name: "PINGs without an answer",
    quiet: true,
    mqtt: [{ pings: "unanswered" }],
    ends: { report: undefined, requests: 0, connects: 2 },
  },
  { name: "bytes one at a time", mqtt: [{ dribbles: true }, { dribbles: true }], ends: SMOOTH },
  { name: "a second CONNACK", mqtt: [{ says: { at: "subscribe", bytes: CONNACK } }], ends: RECONNECTED },
  { name: "a packet before CONNACK", mqtt: [{ says: { at: "connect", bytes: [0xd0, 0] } }], ends: RECONNECTED },
  { name: "a message at QoS 2", mqtt: [{ says: { at: "version", bytes: PUBLISH_QOS2 } }], ends: RECONNECTED },
  {
    name: "a packet of 256 MiB",
    mqtt: [{ says: { at: "version", bytes: [0x30, 0xff, 0xff, 0xff, 0x7f] } }],
    ends: RECONNECTED,
  },
  {
    name: "a length of five bytes",
    mqtt: [{ says: { at: "version", bytes: [0x30, 0x80, 0x80, 0x80, 0x80, 0x01] } }],
    ends: RECONNECTED,
  },
  { name: "a packet type that is reserved", mqtt: [{ says: { at: "version", bytes: [0x00, 0] } }], ends: RECONNECTED },
  { name: "a DISCONNECT by the broker", mqtt: [{ says: { at: "version", bytes: [0xe0, 0] } }], ends: RECONNECTED },
  {
    name: "a PUBACK that nobody waits for",
    mqtt: [{ says: { at: "version", bytes: [0x40, 2, 0x77, 0x77] } }],
    ends: SMOOTH,
  },
];

/** Messages that are lost, late, doubled. */
export const MQTT_DELIVERY: readonly Behaviour[] = [
  { name: "a version report that is lost", mqtt: [{ loses: "version" }], ends: RECONNECTED },
  {
    name: "a version report whose PUBACK is lost",
    mqtt: [{ puback: { of: "version", how: "none" } }],
    ends: { ...DONE, heard: { done: 1 } },
  },
  { name: "a PUBACK of another packet", mqtt: [{}, { puback: { of: "done", how: "wrong" } }], ends: RECONNECTED },
  {
    name: "a PUBACK that comes twice",
    mqtt: [{ puback: { of: "version", how: "twice" } }, { puback: { of: "done", how: "twice" } }],
    ends: { ...SMOOTH, heard: { done: 1 } },
  },
  {
    name: "`burning` without PUBACK",
    mqtt: [{ puback: { of: "burning", how: "none" } }],
    ends: { ...SMOOTH, atLeastMs: 10_000 },
  },
  { name: "`burning` that is lost", mqtt: [{ loses: "burning" }], ends: SMOOTH },
  { name: "`done` that is lost", mqtt: [{}, { loses: "done" }], ends: { ...RECONNECTED, heard: { done: 1 } } },
  { name: "`done` whose PUBACK is lost", mqtt: [{}, { puback: { of: "done", how: "none" } }], ends: RECONNECTED },
  {
    name: "`done` whose PUBACK is late",
    mqtt: [{}, { puback: { of: "done", how: "late" } }],
    ends: { ...SMOOTH, heard: { done: 2 } },
  },
  {
    name: "`fail` whose PUBACK is lost",
    http: [{ status: 404 }],
    mqtt: [{ puback: { of: "fail", how: "none" } }],
    ends: { report: "fail -2 file not exist", requests: 1, connects: 2 },
  },
  { name: "progress that is lost", mqtt: [{ loses: "downloading" }], ends: SMOOTH },
  { name: "an offer that is lost", answers: [[]], ends: { ...SMOOTH, atLeastMs: 600_000 } },
  {
    name: "an offer that comes before the answer",
    answers: [
      [
        { offer: {} },
        { text: '{"result_code":0,"result_msg":"success","type":"report_version_rsp","version":"0.1.0"}' },
      ],
    ],
    ends: SMOOTH,
  },
  {
    name: "an offer an hour late",
    quiet: true,
    incidents: [{ atMs: 3_600_000, do: "offer", version: "0.2.0" }],
    ends: SMOOTH,
  },
  {
    name: "an offer three times",
    answers: [[{ offer: {} }, { offer: {} }, { offer: {}, delayMs: 1500 }]],
    ends: SMOOTH,
  },
  {
    name: "an offer repeated while it is written",
    incidents: [{ at: "burning", do: "say", messages: [{ offer: {} }] }],
    ends: SMOOTH,
  },
  {
    name: "an offer repeated after `done`",
    incidents: [{ at: "done", do: "say", messages: [{ offer: {} }, { offer: {}, delayMs: 60_000 }] }],
    ends: SMOOTH,
  },
  { name: "an offer at QoS 1", answers: [[{ offer: {}, flags: { qos1: true } }]], ends: SMOOTH },
  {
    name: "an offer at QoS 1, twice",
    answers: [
      [
        { offer: {}, flags: { qos1: true } },
        { offer: {}, flags: { qos1: true, duplicate: true } },
      ],
    ],
    ends: SMOOTH,
  },
  { name: "a retained offer", answers: [[{ offer: {}, flags: { retained: true } }]], ends: SMOOTH },
  {
    name: "the broker lost in the middle, the file not",
    incidents: [{ at: "downloading 40", do: "drop-broker" }],
    ends: RECONNECTED,
  },
  ...["version", "downloading 40", "downloading 100", "burning"].map((at) => ({
    name: `an application that stops the agent at \`${at}\`, and a restart`,
    incidents: [{ at, do: "stop" } as const],
    // The last block is fetched again as long as the whole image is not verified.
    ends: { report: "done", requests: at.startsWith("downloading") ? 2 : 1, heard: { done: 1 } },
  })),
  {
    name: "an application that stops the agent while it waits for its next try, and a restart",
    http: [{ status: 503, fields: { "Retry-After": "50" } }],
    incidents: [{ atMs: 20_000, do: "stop" }],
    ends: { report: "done", requests: 2, atMostMs: 40_000 },
  },
  {
    name: "another version half-way",
    incidents: [{ at: "downloading 40", do: "offer", version: "0.3.0" }],
    ends: { version: "0.3.0", report: "done", requests: 2, offsets: ["start", "start"] },
  },
  {
    name: "another version while the first is written",
    incidents: [{ at: "burning", do: "offer", version: "0.3.0" }],
    ends: { version: "0.3.0", report: "done", requests: 2 },
  },
];
