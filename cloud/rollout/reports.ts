import type { TaskEvent } from "../fleet/task-types.js";
import { asFields, type Fields, parseFields } from "../platform/fields.js";

/** A component's name of 32 characters may stand before a version of 32. */
const VERSION = /^[A-Za-z0-9._-]{1,65}$/;

/** What a device says on `$ota/report/…`. */
export type Report =
  /** `text`: the version that it reports, as it stands on the wire. */
  | { readonly kind: "version"; readonly text: string }
  /** It reports something that cannot be a version. */
  | { readonly kind: "no-version"; readonly text: string }
  /** How far the update to a version is. */
  | { readonly kind: "progress"; readonly version: string; readonly event: TaskEvent };

/** With one of these and a colon the message of -5 begins if a device refuses an image by its seal. */
export const SEAL_REFUSALS = [
  "unsigned",
  "signature-invalid",
  "key-unknown",
  "rollback-refused",
  "wrong-product",
] as const;

/** A device's text is kept up to this length, its code up to this: together with the rest less than 1 KiB in UTF-8. */
const TEXT_LENGTH = 256;
const CODE_LENGTH = 16;

/** @returns `undefined` if the message is not understood: it is dropped, as on the platform */
export function readReport(payload: string): Report | undefined {
  const message = parseFields(payload);
  const report = asFields(message?.["report"]);
  if (message === undefined || report === undefined) return undefined;
  if (message["type"] === "report_version") {
    const version = report["version"];
    if (typeof version === "string" && VERSION.test(version)) return { kind: "version", text: version };
    return { kind: "no-version", text: typeof version === "string" ? version.slice(0, 32) : "" };
  }
  const progress = asFields(report["progress"]);
  const version = report["version"];
  if (message["type"] !== "report_progress" || progress === undefined || typeof version !== "string") return undefined;
  if (!VERSION.test(version)) return undefined;
  const event = eventOf(progress);
  return event === undefined ? undefined : { kind: "progress", version, event };
}

function eventOf(progress: Fields): TaskEvent | undefined {
  switch (progress["state"]) {
    case "downloading": {
      // Nor one for an update that a person has put off: the agent says it in the message of its progress.
      const [, seconds] = /^deferred (\d{1,9}) s$/.exec(textOf(progress["result_msg"])) ?? [];
      if (seconds !== undefined) return { type: "defer-reported", seconds: Number(seconds) };
      const percent = Number(progress["percent"]);
      return { type: "download-reported", percent: percent >= 0 && percent <= 100 ? Math.floor(percent) : 0 };
    }
    case "burning":
      return { type: "burn-reported" };
    case "done":
      return { type: "done-reported" };
    case "fail": {
      const code = textOf(progress["result_code"]).slice(0, CODE_LENGTH);
      const message = textOf(progress["result_msg"]);
      // The protocol has no result for a person's no: the agent says it in the message of -5.
      if (code === "-5" && message.startsWith("declined")) return { type: "decline-reported", message };
      // Nor one for an image that is not sealed as the device demands. No other try would end otherwise.
      const refusal = SEAL_REFUSALS.find((word) => message.startsWith(`${word}:`));
      if (code === "-5" && refusal !== undefined) return { type: "refusal-reported", code: refusal, message };
      return { type: "fail-reported", code, message };
    }
    default:
      return undefined;
  }
}

/** Control characters are replaced: the store takes no NUL, and JSON would write six bytes for each of them. */
function textOf(value: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  if (typeof value === "string") return wellFormed(value.slice(0, TEXT_LENGTH)).replace(/[\0-\x1f\x7f]/g, " ");
  return typeof value === "number" ? String(value) : "";
}

/** Half of a pair of surrogates becomes U+FFFD, as in UTF-8. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
