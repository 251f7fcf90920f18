import type { FailedOutcome } from "../errors.js";
import { isVisibleAscii, printable } from "../lib/text.js";
import { CONSENT, decodeConsent, type OfferConsent } from "./consent.js";
import { type Fields, readMessage, TEXT_LIMIT, type Wanted } from "./json.js";
import { decodeRequirements, REQUIREMENTS, type Requirements } from "./requirements.js";
import { isVersion } from "./version.js";

export { isVersion };

/** An update as the platform offers it, checked. */
export interface Offer extends OfferConsent {
  readonly version: string;
  /** To be used byte for byte; signed anew at each offer. */
  readonly url: string;
  /** MD5 of the file: 32 hexadecimal digits in lower case. */
  readonly md5: string;
  /** Bytes, 1 or more. */
  readonly size: number;
  /** Absent if it requires nothing. */
  readonly requirements?: Requirements;
}

/** The platform's answer to a version report. */
export interface VersionAnswer {
  /** 0: accepted. */
  readonly resultCode: number;
  readonly resultMessage: string;
  /** The version it echoes; it may differ from the reported one. */
  readonly version: string | undefined;
}

export type Downlink =
  /** `wrong`: what it has besides that cannot be used, for a log. */
  | { readonly type: "offer"; readonly offer: Offer; readonly wrong?: string | undefined }
  | { readonly type: "version-answer"; readonly answer: VersionAnswer }
  | { readonly type: "unknown"; readonly name: string }
  /** `version`: of an offer that cannot be used, if it names one that can be reported. */
  | { readonly type: "malformed"; readonly reason: string; readonly version: string | undefined };

/** A result that closes a job on the platform. */
export type Result = { readonly outcome: "done" } | { readonly outcome: FailedOutcome; readonly message: string };

/** Longest `result_msg`, in characters. */
export const MESSAGE_LIMIT = 64;

/** The wire's codes; the messages of the first four are those of the platform's documents. */
const FAILURES: { readonly [Outcome in FailedOutcome]: readonly [code: string, message?: string] } = Object.freeze({
  "timed-out": ["-1", "time_out"],
  "not-found": ["-2", "file not exist"],
  "url-expired": ["-3", "signature expired"],
  "digest-mismatch": ["-4", "md5 not match"],
  failed: ["-5"],
});

const WANTED: Wanted = Object.freeze({
  type: true,
  version: true,
  url: true,
  md5sum: true,
  file_size: true,
  result_code: true,
  result_msg: true,
  ...REQUIREMENTS,
  ...CONSENT,
});

export function encodeVersionReport(version: string): string {
  return encode({ type: "report_version", report: { version } });
}

/**
 * @param percent 0 to 100
 * @param message for people; the platform only shows it
 */
export function encodeDownloading(version: string, percent: number, message = ""): string {
  const result = { result_code: "0", result_msg: message };
  return encodeProgress(version, { state: "downloading", percent: String(percent), ...result });
}

/** The protocol has no message for an update that a person has put off: it is one of the progress. */
export function deferralMessage(seconds: number): string {
  return `deferred ${seconds} s`;
}

export function encodeBurning(version: string): string {
  return encodeProgress(version, { state: "burning", result_code: "0", result_msg: "" });
}

/** @param version the version the job was to bring */
export function encodeResult(version: string, result: Result): string {
  if (result.outcome === "done") return encodeProgress(version, { state: "done", result_code: "0", result_msg: "" });
  const [code, message = cutMessage(result.message)] = FAILURES[result.outcome];
  return encodeProgress(version, { state: "fail", result_code: code, result_msg: message });
}

/** The message of a result as it is stored and sent. */
export function cutMessage(message: string): string {
  return printable(message, MESSAGE_LIMIT);
}

function encodeProgress(version: string, progress: { [key: string]: string }): string {
  return encode({ type: "report_progress", report: { progress, version } });
}

function encode(message: object): string {
  return JSON.stringify(message);
}

/** Reads a message from the platform. Unknown types and fields are no error; whatever breaks the format is named. */
export function decodeDownlink(payload: Uint8Array): Downlink {
  const fields = readMessage(payload, WANTED);
  if (typeof fields === "string") return malformed(fields);
  const type = fields["type"];
  if (typeof type !== "string") return malformed("no type");
  switch (type) {
    case "update_firmware":
      return decodeOffer(fields);
    case "report_version_rsp":
      return decodeAnswer(fields);
    default:
      return { type: "unknown", name: type.slice(0, 32) };
  }
}

function decodeOffer(fields: Fields): Downlink {
  const version = fields["version"];
  const url = fields["url"];
  const md5 = fields["md5sum"];
  // A number, or one as text.
  const digits = String(fields["file_size"]);
  const size = Number(digits);
  if (typeof version !== "string" || !isVersion(version)) return malformed("version is not 1 to 32 of [A-Za-z0-9._-]");
  const refuse = (reason: string): Downlink => malformed(reason, version);
  if (url === null) return refuse(`url is no text of at most ${TEXT_LIMIT} bytes`);
  if (typeof url !== "string" || !/^https?:\/\//i.test(url)) return refuse("url is not http or https");
  if (!isVisibleAscii(url)) return refuse("url is not plain ASCII");
  if (typeof md5 !== "string" || !/^[0-9a-fA-F]{32}$/.test(md5)) return refuse("md5sum is not 32 hexadecimal digits");
  if (digits.length > 16 || !/^[0-9]+$/.test(digits) || !Number.isSafeInteger(size) || size < 1) {
    return refuse("file_size is not a positive integer");
  }
  const requirements = decodeRequirements(fields);
  const { found, wrong } = decodeConsent(fields);
  const offer = { version, url, md5: md5.toLowerCase(), size, ...found };
  return {
    type: "offer",
    offer: requirements === undefined ? offer : { ...offer, requirements },
    ...(wrong === undefined ? {} : { wrong }),
  };
}

function decodeAnswer(fields: Fields): Downlink {
  const resultCode = fields["result_code"];
  const message = fields["result_msg"];
  const version = fields["version"];
  if (typeof resultCode !== "number" || !Number.isSafeInteger(resultCode)) {
    return malformed("result_code is not an integer");
  }
  return {
    type: "version-answer",
    answer: {
      resultCode,
      resultMessage: typeof message === "string" ? cutMessage(message) : "",
      version: typeof version === "string" ? version.slice(0, 32) : undefined,
    },
  };
}

function malformed(reason: string, version?: string): Downlink {
  return { type: "malformed", reason, version };
}
