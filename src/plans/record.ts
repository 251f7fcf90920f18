import { fromHex, toHex } from "../lib/bytes.js";
import { addSum, hasSum, SUM_LENGTH } from "../lib/checked-record.js";

/** What is stored of one image. The table below explains `identity` and the times. */
export interface PlanEntry {
  /** Hexadecimal: MD5 of the image, then a sum of its version and of what it is for. */
  readonly identity: string;
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
 *   0  u8      format version, 1
 *   1  u8      count of entries, the one changed last first
 *   2  u16     0
 *   4          entries of 36 bytes
 *   end        u32 CRC-32 of everything before it
 *
 * and an entry:
 *
 *   0  u8[20]  identity
 *   20 u8      bit 0: declined, 1: download accepted, 2: installation accepted, 3: reverted, 4: deferred,
 *                 5: tried too often
 *   21 u8      deferrals
 *   22 u8      failed jobs
 *   23 u8      0
 *   24 u32     when the deferral or cool-down ends, in seconds since 1970; 0 if the board did not know the time
 *   28 u32     how long it lasts, in seconds
 *   32 u32     when the image was first offered, in seconds since 1970; 0 if unknown or without a deadline
 */
const FORMAT_VERSION = 1;
const HEAD_LENGTH = 4;
const ENTRY_LENGTH = 36;
const IDENTITY_LENGTH = 20;
/** A record with so many entries has 476 bytes; the store takes 508. */
export const ENTRY_LIMIT = 13;

export function encodePlans(entries: readonly PlanEntry[]): Uint8Array {
  const record = new Uint8Array(HEAD_LENGTH + entries.length * ENTRY_LENGTH + SUM_LENGTH);
  const view = new DataView(record.buffer);
  record[0] = FORMAT_VERSION;
  record[1] = entries.length;
  entries.forEach((entry, index) => {
    const at = HEAD_LENGTH + index * ENTRY_LENGTH;
    record.set(fromHex(entry.identity) ?? new Uint8Array(IDENTITY_LENGTH), at);
    record[at + 20] = entry.flags;
    record[at + 21] = entry.deferrals;
    record[at + 22] = entry.failures;
    view.setUint32(at + 24, entry.until, true);
    view.setUint32(at + 28, entry.seconds, true);
    view.setUint32(at + 32, entry.begun, true);
  });
  addSum(record);
  return record;
}

/** @returns nothing for anything but a whole, sound record of this format: at worst somebody is asked twice */
export function decodePlans(record: Uint8Array | undefined): PlanEntry[] {
  if (record?.[0] !== FORMAT_VERSION || !hasSum(record)) return [];
  const end = record.byteLength - SUM_LENGTH;
  const count = record[1] as number;
  if (count > ENTRY_LIMIT || end !== HEAD_LENGTH + count * ENTRY_LENGTH) return [];
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const entries: PlanEntry[] = [];
  for (let at = HEAD_LENGTH; at < end; at += ENTRY_LENGTH) {
    entries.push({
      identity: toHex(record.subarray(at, at + IDENTITY_LENGTH)),
      flags: record[at + 20] as number,
      deferrals: record[at + 21] as number,
      failures: record[at + 22] as number,
      until: view.getUint32(at + 24, true),
      seconds: view.getUint32(at + 28, true),
      begun: view.getUint32(at + 32, true),
    });
  }
  return entries;
}
