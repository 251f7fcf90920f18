import type { KeyValueStore } from "../../hal/ports/index.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";
import type { Result } from "../protocol/messages.js";

/** How a job of the own firmware ended. */
export interface EndedJob {
  /** The version that was offered. */
  readonly version: string;
  readonly result: Result;
  /** Seconds since 1970; `undefined` if the board did not know the time. */
  readonly endedAt: number | undefined;
}

/*
 * The record, four lines of text: outcome, version, seconds since 1970 or nothing, message or nothing. It is written
 * when a job ends, before its result is sent.
 */
const KEY = "ended";
/** Characters. The record has at most 508 bytes. */
const MESSAGE_LIMIT = 120;

/** @returns nothing if there is no such record, or if it is damaged @throws HalError */
export function loadEndedJob(store: KeyValueStore): EndedJob | undefined {
  const record = store.read(KEY);
  const [outcome, version, time = "", message] = ((record && decodeUtf8(record)) ?? "").split("\n");
  if (!outcome || !version || message === undefined) return undefined;
  const result = (outcome === "done" ? { outcome } : { outcome, message }) as Result;
  return { version, result, endedAt: time === "" ? undefined : Number(time) };
}

/** @throws HalError */
export function storeEndedJob(store: KeyValueStore, { version, result, endedAt }: EndedJob): void {
  const message = result.outcome === "done" ? "" : result.message.split("\n").join(" ").slice(0, MESSAGE_LIMIT);
  store.write(KEY, encodeUtf8(`${result.outcome}\n${version}\n${endedAt ?? ""}\n${message}`));
}

/** Whether this is the stored end of that job: the same version may have been offered, and have ended, before. */
export function isEndOf(ended: EndedJob, { image, result }: { image: { version: string }; result: Result }): boolean {
  if (ended.version !== image.version || ended.result.outcome !== result.outcome) return false;
  return !("message" in ended.result) || !("message" in result) || result.message.startsWith(ended.result.message);
}
