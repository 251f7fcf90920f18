import { fromHex, toHex } from "../lib/bytes.js";
import { addSum, hasSum, SUM_LENGTH } from "../lib/checked-record.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";

/** What is stored of one image. The table below explains `identity` and the times. */
export interface PlanEntry {
  /** Hexadecimal: MD5 of the image, then a sum of its version and of what it is for. */
  readonly identity: string;
  /** What the image is for and its version, for people: `firmware 2.0.0`. Empty if it was read from format 1. */
  label: string;
  flags: number;
  deferrals: number;
  failures: number;
  until: number;
  seconds: number;
  begun: number;
}

export const DECLINED = 1;
export const ACCEPTED_DOWNLOAD = 2;
export const ACCEPTED_INSTALL = 4;
export const REVERTED = 8;
export const DEFERRED = 16;
export const EXHAUSTED = 32;

/*
 * The plan memory, little-endian, under one key:
 *
 *   0  u8      format version, 2
 *   1  u8      count of entries, the one changed last first
 *   2  u16     0
 *   4          entries
 *   end        u32 CRC-32 of everything before it
 *
 * and an entry of 36 bytes and its label:
 *
 *   0  u8[20]  identity
 *   20 u8      bit 0: declined, 1: download accepted, 2: installation accepted, 3: reverted, 4: deferred,
 *                 5: tried too often
 *   21 u8      deferrals
 *   22 u8      failed jobs
 *   23 u8      length of the label
 *   24 u32     when the deferral or cool-down ends, in seconds since 1970; 0 if the board did not know the time
 *   28 u32     how long it lasts, in seconds
 *   32 u32     when the image was first offered, in seconds since 1970; 0 if unknown or without a deadline
 *   36         label, UTF-8: component, a space, version
 *
 * Format 1 had no labels, and 0 at byte 23 of each entry. It is still read.
 */
const FORMAT_VERSION = 2;
const HEAD_LENGTH = 4;
const ENTRY_LENGTH = 36;
const IDENTITY_LENGTH = 20;
/** Bytes that the key-value store takes under one key. */
const RECORD_LIMIT = 508;
/** Of a longer label the beginning is kept. A component and a version have 32 characters each at most. */
const LABEL_LIMIT = 65;
/** No record has more entries, whatever their labels. */
export const ENTRY_LIMIT = Math.floor((RECORD_LIMIT - HEAD_LENGTH - SUM_LENGTH) / ENTRY_LENGTH);

/** @returns the first of the entries, as many as one record has room for */
export function fitting<Entry extends PlanEntry>(entries: readonly Entry[]): Entry[] {
  let left = RECORD_LIMIT - HEAD_LENGTH - SUM_LENGTH;
  const kept: Entry[] = [];
  for (const entry of entries) {
    left -= ENTRY_LENGTH + labelBytes(entry).byteLength;
    if (left < 0) break;
    kept.push(entry);
  }
  return kept;
}

/** @param entries that fit */
export function encodePlans(entries: readonly PlanEntry[]): Uint8Array {
  const labels = entries.map(labelBytes);
  const labelLength = labels.reduce((sum, label) => sum + label.byteLength, 0);
  const record = new Uint8Array(HEAD_LENGTH + entries.length * ENTRY_LENGTH + labelLength + SUM_LENGTH);
  const view = new DataView(record.buffer);
  record[0] = FORMAT_VERSION;
  record[1] = entries.length;
  let at = HEAD_LENGTH;
  entries.forEach((entry, index) => {
    const label = labels[index] as Uint8Array;
    record.set(fromHex(entry.identity) ?? new Uint8Array(IDENTITY_LENGTH), at);
    record[at + 20] = entry.flags;
    record[at + 21] = entry.deferrals;
    record[at + 22] = entry.failures;
    record[at + 23] = label.byteLength;
    view.setUint32(at + 24, entry.until, true);
    view.setUint32(at + 28, entry.seconds, true);
    view.setUint32(at + 32, entry.begun, true);
    record.set(label, at + ENTRY_LENGTH);
    at += ENTRY_LENGTH + label.byteLength;
  });
  addSum(record);
  return record;
}

/** @returns nothing for anything but a whole, sound record of a known format: at worst somebody is asked twice */
export function decodePlans(record: Uint8Array | undefined): PlanEntry[] {
  if (record === undefined || record.byteLength > RECORD_LIMIT || !hasSum(record)) return [];
  const version = record[0];
  if (version !== 1 && version !== FORMAT_VERSION) return [];
  const end = record.byteLength - SUM_LENGTH;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const entries: PlanEntry[] = [];
  let at = HEAD_LENGTH;
  for (let left = record[1] as number; left > 0; left--) {
    const labelAt = at + ENTRY_LENGTH;
    if (labelAt > end) return [];
    const next = labelAt + (version === 1 ? 0 : (record[at + 23] as number));
    if (next > end) return [];
    entries.push({
      identity: toHex(record.subarray(at, at + IDENTITY_LENGTH)),
      label: decodeUtf8(record.subarray(labelAt, next)) ?? "",
      flags: record[at + 20] as number,
      deferrals: record[at + 21] as number,
      failures: record[at + 22] as number,
      until: view.getUint32(at + 24, true),
      seconds: view.getUint32(at + 28, true),
      begun: view.getUint32(at + 32, true),
    });
    at = next;
  }
  return at === end ? entries : [];
}

function labelBytes({ label }: PlanEntry): Uint8Array {
  return encodeUtf8(label).subarray(0, LABEL_LIMIT);
}
