import type { Writable } from "node:stream";
import { printable, printableJson } from "../../cloud/api/printable.js";
import type { DeviceName } from "../../cloud/types.js";
import { spell } from "./text.js";

/** How lines are written: for people, or one object of JSON each. */
export const LOG_FORMS = ["text", "json"] as const;
export type LogForm = (typeof LOG_FORMS)[number];

export interface CloudLogOptions {
  /** Default: text. */
  readonly form?: LogForm;
  /** Default: standard output. */
  readonly stream?: Writable;
  /** Milliseconds since 1970. Default: the system's clock. */
  now?(): number;
  /** Called once if the reader of the log has gone: the cloud should end, quietly. */
  onReaderGone?(): void;
}

/**
 * Writes one line.
 *
 * @param what kind of the line, in one word: `report`, `fault`, `warning`
 * @param text nothing in it can act on a terminal
 * @param device the device that it is about
 */
export type CloudLog = (what: string, text: string, device?: DeviceName) => void;

/** What calls for a look. All else is `info`. */
const LEVELS: { readonly [what: string]: "warn" | "error" } = { trouble: "error", api: "error", warning: "warn" };

/**
 * @returns a log of lines `2026-05-01T10:00:00.000Z report ABCDE12345/light_01 text`, or of objects
 * `{"at":"2026-05-01T10:00:00.000Z","level":"info","what":"report","device":"ABCDE12345/light_01","text":"text"}`
 */
export function openCloudLog(options: CloudLogOptions = {}): CloudLog {
  const { form = "text", stream = process.stdout, now = Date.now, onReaderGone } = options;
  let gone = false;
  stream.on("error", () => {
    if (gone) return;
    gone = true;
    onReaderGone?.();
  });
  return (what, text, device) => {
    if (gone) return;
    const at = new Date(now()).toISOString();
    const about = device === undefined ? [] : [spell(device)];
    if (form === "json") {
      const level = LEVELS[what] ?? "info";
      const [name] = about;
      stream.write(`${printableJson({ at, level, what, ...(name === undefined ? {} : { device: name }), text })}\n`);
      return;
    }
    stream.write(`${[at, what, ...about, text].map(printable).join(" ")}\n`);
  };
}
