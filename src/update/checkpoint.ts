import type { KeyValueStore } from "../../hal/ports/index.js";
import type { Outcome } from "../errors.js";
import { fromHex, toHex } from "../lib/bytes.js";
import { addSum, hasSum, SUM_LENGTH } from "../lib/checked-record.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";
import { cutMessage, type Result } from "../protocol/messages.js";
import type { Checkpoint, Image, Stored } from "./machine/types.js";

/*
 * The record of a job, little-endian, under one key, so that it is always wholly the old or wholly the new one:
 *
 *   0  u8      format version, 2
 *   1  u8      phase: 1 downloading, 2 applying, 3 reporting, 4 verified
 *   2  u8      bit 0: stored is present, 1: spliced, 2: refetched, 3: region offset is present, 4: erasing, 5: whole,
 *              6: the file is a package
 *   3  u8      outcome while reporting: index into OUTCOMES; while applying: `failed` if the message is a reason to revert
 *   4  u32     size of the image, low word
 *   8  u32     size of the image, high word; of a package, which is not that long, the bytes of what it makes
 *   12 u32     region offset
 *   16 u8[16]  MD5 of the image
 *   32 u8 × 5  lengths of slot, version, ETag (0: none), message and owner
 *   37         slot, version, ETag, message, owner: UTF-8
 *   end        u32 CRC-32 of everything before it
 */
const FORMAT_VERSION = 2;
const FIXED_LENGTH = 37;
const MD5_OFFSET = 16;
const LENGTHS_OFFSET = 32;
const TEXT_COUNT = 5;
const IS_PACKAGE = 64;
const RECORD_LIMIT = 508;

const PHASES: readonly Checkpoint["phase"][] = Object.freeze([
  "downloading",
  "applying",
  "reporting",
  "verified",
] as const);
const OUTCOMES: readonly Outcome[] = Object.freeze([
  "done",
  "timed-out",
  "not-found",
  "url-expired",
  "digest-mismatch",
  "failed",
] as const);

/** Key of the own firmware's job. */
export const OWN_KEY = "job";

/** A record, and whom the job is for: empty for the own firmware. */
export interface JobRecord {
  readonly owner: string;
  readonly checkpoint: Checkpoint;
}

/** @param key of the key-value store: one for each slot or area that jobs write to */
export function storeRecord(store: KeyValueStore, key: string, record: JobRecord): void {
  store.write(key, encodeRecord(record));
}

export function clearRecord(store: KeyValueStore, key: string): void {
  store.delete(key);
}

/** @returns `undefined` if there is none, or none that can be read: at worst a download begins anew */
export function loadRecord(store: KeyValueStore, key: string): JobRecord | undefined {
  const bytes = store.read(key);
  return bytes === undefined ? undefined : decodeRecord(bytes);
}

export function encodeRecord({ owner, checkpoint }: JobRecord): Uint8Array {
  const { image, slot, phase } = checkpoint;
  const stored = phase === "downloading" || phase === "reporting" ? checkpoint.stored : undefined;
  const result = resultOf(checkpoint);
  const texts = [slot, image.version, stored?.etag ?? "", messageOf(result), owner];
  let end = FIXED_LENGTH;
  // Each text is encoded once, and an empty one not at all: there is a record for each region, and a text costs slots.
  const encoded: (Uint8Array | undefined)[] = [];
  for (let index = 0; index < TEXT_COUNT; index++) {
    const text = texts[index] as string;
    const bytes = text === "" ? undefined : encodeUtf8(text);
    encoded.push(bytes);
    end += bytes?.byteLength ?? 0;
  }
  const resultLength = stored?.resultLength;
  const record = new Uint8Array(end + SUM_LENGTH);
  const view = new DataView(record.buffer);

  record[0] = FORMAT_VERSION;
  record[1] = PHASES.indexOf(phase) + 1;
  record[2] = flagsOf(stored) | (phase === "reporting" && checkpoint.whole ? 32 : 0);
  record[3] = OUTCOMES.indexOf(result.outcome);
  view.setUint32(4, image.size % 0x100000000, true);
  view.setUint32(8, resultLength ?? Math.floor(image.size / 0x100000000), true);
  view.setUint32(12, stored?.regionOffset ?? 0, true);
  record.set(fromHex(image.md5) ?? new Uint8Array(16), MD5_OFFSET);
  let at = FIXED_LENGTH;
  for (let index = 0; index < TEXT_COUNT; index++) {
    const text = encoded[index];
    if (text === undefined) continue;
    record[LENGTHS_OFFSET + index] = text.byteLength;
    record.set(text, at);
    at += text.byteLength;
  }
  addSum(record);
  return record;
}

/** @returns `undefined` for anything but a whole, sound record of this format */
export function decodeRecord(record: Uint8Array): JobRecord | undefined {
  const end = record.byteLength - SUM_LENGTH;
  if (end < FIXED_LENGTH || record.byteLength > RECORD_LIMIT || record[0] !== FORMAT_VERSION) return undefined;
  if (!hasSum(record)) return undefined;

  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const texts: string[] = [];
  let at = FIXED_LENGTH;
  for (let index = 0; index < TEXT_COUNT; index++) {
    const length = record[LENGTHS_OFFSET + index] as number;
    const text = at + length <= end ? decodeUtf8(record.subarray(at, at + length)) : undefined;
    if (text === undefined) return undefined;
    texts.push(text);
    at += length;
  }
  const [slot, version, etag, message, owner] = texts as [string, string, string, string, string];
  const flags = record[2] as number;
  const high = view.getUint32(8, true);
  const size = (flags & IS_PACKAGE ? 0 : high * 0x100000000) + view.getUint32(4, true);
  const image: Image = { version, md5: toHex(record.subarray(MD5_OFFSET, LENGTHS_OFFSET)), size };
  const stored = storedOf(flags, view.getUint32(12, true), etag, high);

  const outcome = OUTCOMES[record[3] as number];
  if (at !== end || outcome === undefined || !Number.isSafeInteger(size) || size === 0) return undefined;
  const result: Result = outcome === "done" ? { outcome } : { outcome, message };
  const checkpoint = checkpointOf(PHASES[(record[1] as number) - 1], {
    slot,
    image,
    stored,
    result,
    flags,
  });
  return checkpoint === undefined ? undefined : { owner, checkpoint };
}

function checkpointOf(
  phase: Checkpoint["phase"] | undefined,
  {
    slot,
    image,
    stored,
    result,
    flags,
  }: { slot: string; image: Image; stored: Stored | undefined; result: Result; flags: number },
): Checkpoint | undefined {
  switch (phase) {
    case "downloading":
      return stored === undefined ? undefined : { phase, slot, image, stored };
    case "verified":
      return { phase, slot, image };
    case "applying":
      return result.outcome === "done" ? { phase, slot, image } : { phase, slot, image, reason: result.message };
    case "reporting":
      return { phase, slot, image, result, stored, whole: (flags & 32) !== 0 };
    case undefined:
      return undefined;
  }
}

function flagsOf(stored: Stored | undefined): number {
  if (stored === undefined) return 0;
  const { spliced, refetched, regionOffset, erasing, resultLength } = stored;
  const isPackage = resultLength === undefined ? 0 : IS_PACKAGE;
  const begun = regionOffset === undefined ? 0 : 8;
  return 1 | (spliced ? 2 : 0) | (refetched ? 4 : 0) | begun | (erasing ? 16 : 0) | isPackage;
}

function storedOf(flags: number, regionOffset: number, etag: string, high: number): Stored | undefined {
  if ((flags & 1) === 0) return undefined;
  return {
    regionOffset: flags & 8 ? regionOffset : undefined,
    erasing: (flags & 16) !== 0,
    written: undefined,
    etag: etag === "" ? undefined : etag,
    spliced: (flags & 2) !== 0,
    refetched: (flags & 4) !== 0,
    resultLength: flags & IS_PACKAGE ? high : undefined,
  };
}

/** A firmware that is about to revert stores its reason in the place of the result. */
function resultOf(checkpoint: Checkpoint): Result {
  if (checkpoint.phase === "reporting") return checkpoint.result;
  const reason = checkpoint.phase === "applying" ? checkpoint.reason : undefined;
  return reason === undefined ? { outcome: "done" } : { outcome: "failed", message: reason };
}

function messageOf(result: Result): string {
  return result.outcome === "done" ? "" : cutMessage(result.message);
}
