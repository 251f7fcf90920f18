import type { Clock, KeyValueStore, Log, Timer } from "../../hal/ports/index.js";
import { describeError } from "../errors.js";
import { equalBytes } from "../lib/bytes.js";
import { addSum, hasSum, SUM_LENGTH } from "../lib/checked-record.js";
import { crc32 } from "../lib/crc32.js";
import { encodeUtf8 } from "../lib/utf8.js";

/** Where a sub-device is with its updates, as it is remembered over restarts. */
export const MARKS = Object.freeze(["none", "queued", "downloading", "installing", "done", "failed"] as const);
export type Mark = (typeof MARKS)[number];

/** Something that has a mark. */
export interface Marked {
  /** `PRODUCT/name`. */
  readonly owner: string;
  mark: Mark;
}

/*
 * The marks of all sub-devices, 100 in one record, the records numbered from 0, little-endian:
 *
 *   0      u8   format version, 1
 *   1      u8   entries, 1 to 100
 *   2      entries of 5 bytes: u32 CRC-32 of the owner, u8 index into MARKS
 *   end    u32  CRC-32 of everything before it
 */
const FORMAT_VERSION = 1;
const HEAD_LENGTH = 2;
const ENTRY_LENGTH = 5;
export const ENTRIES_PER_RECORD = 100;

export function marksKey(record: number): string {
  return `subs${record}`;
}

/** @param entries at most as many as a record holds */
export function encodeMarks(entries: readonly Marked[]): Uint8Array {
  const record = new Uint8Array(HEAD_LENGTH + entries.length * ENTRY_LENGTH + SUM_LENGTH);
  const view = new DataView(record.buffer);
  record[0] = FORMAT_VERSION;
  record[1] = entries.length;
  entries.forEach(({ owner, mark }, index) => {
    const at = HEAD_LENGTH + index * ENTRY_LENGTH;
    view.setUint32(at, idOf(owner), true);
    record[at + 4] = MARKS.indexOf(mark);
  });
  addSum(record);
  return record;
}

/** @returns marks by id; none for anything but a whole, sound record of this format */
export function decodeMarks(record: Uint8Array): [id: number, mark: Mark][] {
  const end = record.byteLength - SUM_LENGTH;
  const count = record[1] ?? 0;
  if (record[0] !== FORMAT_VERSION || end !== HEAD_LENGTH + count * ENTRY_LENGTH || !hasSum(record)) return [];
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const entries: [number, Mark][] = [];
  for (let at = HEAD_LENGTH; at < end; at += ENTRY_LENGTH) {
    entries.push([view.getUint32(at, true), MARKS[record[at + 4] as number] ?? "none"]);
  }
  return entries;
}

/** Two owners with the same id would share a mark. A mark is only for display and for the order of joining. */
export function idOf(owner: string): number {
  const bytes = encodeUtf8(owner);
  return crc32(bytes, bytes.byteLength);
}

/** Many marks change at once if many sub-devices are offered the same image. */
const DELAY_MS = 1_000;

/** Keeps the marks of all sub-devices in the key-value store. */
export class UpdateMarks {
  readonly #options: { store: KeyValueStore; clock: Clock; log: Log; entries: readonly Marked[] };
  #timer: Timer | undefined;

  /** @param options.entries all of them, as they are at any time */
  constructor(options: { store: KeyValueStore; clock: Clock; log: Log; entries: readonly Marked[] }) {
    this.#options = options;
  }

  /** Gives each sub-device its mark from the records. @throws HalError if storage cannot be read */
  load(): void {
    const { store, entries } = this.#options;
    const marks = readMarks(store);
    if (marks.size === 0) return;
    for (const entry of entries) entry.mark = marks.get(idOf(entry.owner)) ?? entry.mark;
  }

  changed(): void {
    this.#timer ??= this.#options.clock.timer("update marks", DELAY_MS, () => this.#save());
  }

  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#save();
  }

  #save(): void {
    this.#timer = undefined;
    const { store, entries, log } = this.#options;
    try {
      for (let record = 0; ; record++) {
        const key = marksKey(record);
        const before = store.read(key);
        const part = entries.slice(record * ENTRIES_PER_RECORD, (record + 1) * ENTRIES_PER_RECORD);
        if (part.length === 0 && before === undefined) return;
        const after = encodeMarks(part);
        if (part.length === 0) {
          store.delete(key);
        } else if (before?.byteLength !== after.byteLength || !equalBytes(before, after, after.byteLength)) {
          store.write(key, after);
        }
      }
    } catch (error) {
      log("error", "gateway", () => describeError(error));
    }
  }
}

/** @returns marks by id @throws HalError if storage cannot be read */
export function readMarks(store: Pick<KeyValueStore, "read">): Map<number, Mark> {
  const marks = new Map<number, Mark>();
  for (let record = 0; ; record++) {
    const bytes = store.read(marksKey(record));
    if (bytes === undefined) return marks;
    for (const [id, mark] of decodeMarks(bytes)) marks.set(id, mark);
  }
}
