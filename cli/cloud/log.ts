import type { Writable } from "node:stream";
import { printable } from "../../cloud/api/printable.js";
import type { DeviceName } from "../../cloud/types.js";
import { spell } from "./text.js";

export interface CloudLogOptions {
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

/** @returns a log of lines `2026-05-01T10:00:00.000Z report ABCDE12345/light_01 text` */
export function openCloudLog(options: CloudLogOptions = {}): CloudLog {
  const { stream = process.stdout, now = Date.now, onReaderGone } = options;
  let gone = false;
  stream.on("error", () => {
    if (gone) return;
    gone = true;
    onReaderGone?.();
  });
  return (what, text, device) => {
    if (gone) return;
    const about = device === undefined ? [] : [spell(device)];
    stream.write(`${[new Date(now()).toISOString(), what, ...about, text].map(printable).join(" ")}\n`);
  };
}
