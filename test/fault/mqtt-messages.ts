import type { Behaviour, Message, Outcome } from "./scenario.js";

/** The message is refused, and the next good offer is taken. */
const REFUSED: Outcome = { report: "done", requests: 1, connects: 2 };
const NOTHING: Outcome = { report: undefined, requests: 0, connects: 1 };

function first(message: Message): Pick<Behaviour, "answers" | "ends"> {
  return { answers: [[message]], ends: { ...REFUSED, atLeastMs: 600_000 } };
}

/** An offer that names its version: the platform learns why it cannot be used. */
function unusable(offer: NonNullable<Message["offer"]>, reason: string): Pick<Behaviour, "answers" | "ends"> {
  return { answers: [[{ offer }]], ends: { report: `fail -5 ${reason}`, requests: 0, connects: 1 } };
}

function ignored(message: Message): Pick<Behaviour, "answers" | "quiet" | "ends"> {
  return { quiet: true, answers: [[message]], ends: NOTHING };
}

/** Messages that the platform, or somebody else, may send. */
export const MQTT_MESSAGES: readonly Behaviour[] = [
  { name: "an offer without a URL", ...unusable({ url: undefined }, "url is not http or https") },
  { name: "an offer without an MD5", ...unusable({ md5sum: undefined }, "md5sum is not 32 hexadecimal digits") },
  { name: "an offer without a version", ...first({ offer: { version: undefined } }) },
  { name: "an offer without a size", ...unusable({ file_size: undefined }, "file_size is not a positive integer") },
  { name: "an offer of size 0", ...unusable({ file_size: 0 }, "file_size is not a positive integer") },
  { name: "an offer of negative size", ...unusable({ file_size: -4096 }, "file_size is not a positive integer") },
  { name: "an offer of half a byte", ...unusable({ file_size: 1024.5 }, "file_size is not a positive integer") },
  { name: "an offer whose size is text", answers: [[{ offer: { file_size: "{SIZE}" } }]], ends: REFUSED },
  {
    name: "an offer whose size no number holds",
    ...unusable({ file_size: 1e300 }, "file_size is not a positive integer"),
  },
  { name: "an offer by another scheme", ...unusable({ url: "ftp://files.test/0.2.0" }, "url is not http or https") },
  {
    name: "an offer whose URL has a line end",
    ...unusable({ url: "http://files.test/\r\nX: y" }, "url is not plain ASCII"),
  },
  {
    name: "an offer whose URL is too long",
    ...unusable({ url: `http://files.test/${"x".repeat(5000)}` }, "url is no text of at most 4096 bytes"),
  },
  { name: "an offer whose version is a path", ...first({ offer: { version: "../0.2.0" } }) },
  { name: "an offer whose version is too long", ...first({ offer: { version: "2".repeat(33) } }) },
  { name: "an offer whose MD5 is short", ...unusable({ md5sum: "36eb" }, "md5sum is not 32 hexadecimal digits") },
  {
    name: "an offer with fields nobody knows",
    answers: [[{ offer: { fw_type: "module", extra: { deep: [1, 2, 3] } } }]],
    ends: REFUSED,
  },
  { name: "an offer of the version that runs", ...ignored({ offer: { version: "0.1.0" } }) },
  {
    name: "a retained offer of the version that runs",
    ...ignored({ offer: { version: "0.1.0" }, flags: { retained: true } }),
  },
  { name: "a message of another type", ...ignored({ text: '{"type":"reboot","now":true}' }) },
  { name: "a message without a type", ...ignored({ text: "{}" }) },
  { name: "a list", ...ignored({ text: '[{"type":"update_firmware"}]' }) },
  { name: "no JSON", ...ignored({ text: "update_firmware" }) },
  { name: "nothing", ...ignored({ text: "" }) },
  { name: "bytes that are no UTF-8", ...ignored({ bytes: [0x7b, 0xff, 0xfe, 0x7d] }) },
  { name: "brackets without end", ...ignored({ text: "[".repeat(8000) }) },
  { name: "fields of the prototype", ...ignored({ text: '{"__proto__":{"type":"update_firmware","file_size":1}}' }) },
  { name: "a message on another topic", ...ignored({ offer: {}, topic: "$ota/update/ABCDE12345/board_02" }) },
  {
    name: "an answer that refuses the version",
    quiet: true,
    answers: [[{ text: '{"result_code":1,"result_msg":"no","type":"report_version_rsp","version":"0.1.0"}' }]],
    ends: NOTHING,
  },
  {
    name: "an answer about another version",
    answers: [
      [{ text: '{"result_code":0,"result_msg":"success","type":"report_version_rsp","version":"7"}' }, { offer: {} }],
    ],
    ends: REFUSED,
  },
  { name: "an MD5 in upper case", answers: [[{ offer: { md5sum: "{MD5}" } }]], ends: REFUSED },
  {
    name: "an image one byte larger than the slot",
    answers: [[{ offer: { file_size: 2 ** 31 } }]],
    ends: { report: "fail -5 image of 2147483648 bytes, room for", requests: 0, connects: 1 },
  },
];
