import type { KeyValueStore } from "../../hal/ports/index.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";

/** An application went back to the firmware in the other slot. */
export interface RollbackRecord {
  /** The version that ran before, and is not wanted any more. */
  readonly from: string;
  readonly reason: string;
  /** The platform has acknowledged the report about it. */
  readonly reported: boolean;
}

/*
 * The record, three lines of text: the version, `reported` or nothing, the reason. It is written before the other slot
 * is selected. If it names the version that runs, the slots were never switched, and it says nothing.
 */
const KEY = "rollback";
/** Characters. The record has at most 508 bytes. */
const REASON_LIMIT = 120;

/** @returns nothing if there is no such record, or if it is damaged @throws HalError */
export function loadRollback(store: KeyValueStore): RollbackRecord | undefined {
  const record = store.read(KEY);
  const [from, reported, reason] = ((record && decodeUtf8(record)) ?? "").split("\n");
  return from && reason !== undefined ? { from, reason, reported: reported !== "" } : undefined;
}

/** @throws HalError */
export function storeRollback(store: KeyValueStore, { from, reason, reported }: RollbackRecord): void {
  const text = reason.split("\n").join(" ").slice(0, REASON_LIMIT);
  store.write(KEY, encodeUtf8(`${from}\n${reported ? "reported" : ""}\n${text}`));
}

/** @throws HalError */
export function forgetRollback(store: KeyValueStore): void {
  store.delete(KEY);
}

/*
 * One byte: the other slot holds the firmware that ran before, as an update has put this one in its place. It is
 * written when that update has succeeded, and deleted before the other slot is erased. A record can be deleted even if
 * the store has no room for another one.
 */
const PREVIOUS = "previous";

/** @throws HalError */
export function hasPrevious(store: KeyValueStore): boolean {
  return store.read(PREVIOUS) !== undefined;
}

/** @throws HalError */
export function notePrevious(store: KeyValueStore, isThere: boolean): void {
  if (isThere === hasPrevious(store)) return;
  if (isThere) store.write(PREVIOUS, Uint8Array.of(1));
  else store.delete(PREVIOUS);
}
