import { crc32 } from "node:zlib";
import { type NorFlash, SECTOR_LENGTH } from "../nor-flash.js";

/*
 * A page of Espressif's NVS (format version 2), little-endian, one flash sector:
 *
 *   0   u32     state: 0xFFFFFFFF blank, then bits go to 0: …FE active, …FC full, …F8 freeing
 *   4   u32     sequence number: the greatest is the page being written
 *   8   u8      0xFE: format version 2
 *   9   u8[19]  0xFF
 *   28  u32     CRC-32 of bytes 4 to 27
 *   32  u8[32]  two bits for each entry: 11 blank, 10 written, 00 erased
 *   64          126 entries of 32 bytes
 *
 * An entry: 0 u8 namespace, 1 u8 type, 2 u8 span in entries, 3 u8 chunk index, 4 u32 CRC-32 of bytes 0 to 3 and 8 to
 * 31, 8 key[16], 24 data[8]. Type 0x01 u8: the value. 0x21 string and 0x42 blob data: u16 length, u16 0xFFFF, u32
 * CRC-32 of the data, which fills the following entries; a string's ends with a zero byte. 0x48 blob index: u32 length,
 * u8 chunks, u8 first chunk index, u16 0xFFFF.
 */
export const ENTRY_LENGTH = 32;
export const ENTRIES_PER_PAGE = 126;
const TABLE_OFFSET = 32;
const DATA_OFFSET = 64;
const FORMAT_VERSION = 0xfe;
/**
 * No flash endures this many changes of page, so a greater sequence number counts as damage. The limit leaves room for
 * the numbers that follow.
 */
const SEQUENCE_LIMIT = 0xffff0000;

export type PageState = "blank" | "active" | "full" | "freeing" | "corrupt";

const STATE_VALUES = { active: 0xfffffffe, full: 0xfffffffc, freeing: 0xfffffff8 } as const;

export const TYPE_U8 = 0x01;
export const TYPE_STRING = 0x21;
export const TYPE_BLOB_DATA = 0x42;
export const TYPE_BLOB_INDEX = 0x48;
export const CHUNK_NONE = 0xff;

export interface Item {
  readonly namespace: number;
  readonly type: number;
  readonly span: number;
  readonly chunk: number;
  readonly key: string;
  /** The 8 data bytes of the entry. */
  readonly data: Buffer;
}

export interface Located {
  readonly item: Item;
  readonly page: Page;
  readonly index: number;
}

export class Page {
  readonly #flash: NorFlash;
  readonly #address: number;
  state: PageState = "blank";
  sequence = -1;
  /** Index of the first entry that was never written. */
  #nextFree = 0;

  constructor(flash: NorFlash, address: number) {
    this.#flash = flash;
    this.#address = address;
    this.#load();
  }

  /** Entries that can still be written. */
  get room(): number {
    return this.state === "active" ? ENTRIES_PER_PAGE - this.#nextFree : 0;
  }

  activate(sequence: number): void {
    if (this.state !== "blank" || !this.#flash.isBlank(this.#address, SECTOR_LENGTH)) this.erase();
    const header = Buffer.alloc(32, 0xff);
    header.writeUInt32LE(STATE_VALUES.active, 0);
    header.writeUInt32LE(sequence, 4);
    header.writeUInt8(FORMAT_VERSION, 8);
    header.writeUInt32LE(crc32(header.subarray(4, 28), 0xffffffff), 28);
    this.#flash.program(header, this.#address);
    this.state = "active";
    this.sequence = sequence;
  }

  mark(state: "full" | "freeing"): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(STATE_VALUES[state]);
    this.#flash.program(bytes, this.#address);
    this.state = state;
  }

  erase(): void {
    this.#flash.erase(this.#address, SECTOR_LENGTH);
    this.state = "blank";
    this.sequence = -1;
    this.#nextFree = 0;
  }

  /**
   * Appends an item; the caller has checked `room`. The header is marked as written before its data is programmed, so
   * that after a power cut the data is not read as items.
   */
  append(header: Buffer, data: Uint8Array): void {
    const index = this.#nextFree;
    const span = 1 + Math.ceil(data.byteLength / ENTRY_LENGTH);
    this.#nextFree += span;
    this.#flash.program(header, this.#entryAddress(index));
    this.#setEntries(index, 1, 0b10);
    if (span === 1) return;
    const padded = Buffer.alloc((span - 1) * ENTRY_LENGTH, 0xff);
    padded.set(data);
    this.#flash.program(padded, this.#entryAddress(index + 1));
    this.#setEntries(index + 1, span - 1, 0b10);
  }

  eraseItem(index: number, span: number): void {
    this.#setEntries(index, span, 0b00);
  }

  /** @returns all items whose header is sound and whose entries are all written, in the order they were written */
  items(): Located[] {
    const found: Located[] = [];
    if (this.state === "blank" || this.state === "corrupt") return found;
    for (let index = 0; index < ENTRIES_PER_PAGE; ) {
      const item = this.#item(index);
      if (item !== undefined && this.#isWhole(index, item.span)) found.push({ item, page: this, index });
      index += item?.span ?? 1;
    }
    return found;
  }

  data(index: number, byteLength: number): Buffer {
    return Buffer.from(this.#flash.slice(this.#entryAddress(index + 1), byteLength));
  }

  entry(index: number): Buffer {
    return Buffer.from(this.#flash.slice(this.#entryAddress(index), ENTRY_LENGTH));
  }

  usedEntries(): number {
    return this.items().reduce((sum, { item }) => sum + item.span, 0);
  }

  #load(): void {
    const header = Buffer.from(this.#flash.slice(this.#address, 32));
    const value = header.readUInt32LE(0);
    if (value === 0xffffffff) {
      this.state = this.#flash.isBlank(this.#address, SECTOR_LENGTH) ? "blank" : "corrupt";
      return;
    }
    const checked = header.readUInt32LE(28) === crc32(header.subarray(4, 28), 0xffffffff);
    const sound = checked && header.readUInt32LE(4) < SEQUENCE_LIMIT;
    this.state = sound ? stateOf(value) : "corrupt";
    if (this.state === "corrupt") return;
    this.sequence = header.readUInt32LE(4);
    if (this.state === "active") this.#recover();
  }

  /**
   * After a power cut, an item may be incomplete, or entries may be programmed that the table does not mark as written.
   * Both are marked as erased.
   */
  #recover(): void {
    let end = ENTRIES_PER_PAGE;
    while (end > 0 && this.#entryState(end - 1) === 0b11 && this.#isBlankEntry(end - 1)) end--;
    for (let index = 0; index < end; ) {
      const item = this.#item(index);
      const span = item?.span ?? 1;
      if (item === undefined || !this.#isWhole(index, span)) this.#setEntries(index, span, 0b00);
      index += span;
      end = Math.max(end, index);
    }
    this.#nextFree = end;
  }

  /** @returns the item whose header is at `index`, if that is written and sound */
  #item(index: number): Item | undefined {
    if (this.#entryState(index) !== 0b10) return undefined;
    const entry = this.entry(index);
    if (entry.readUInt32LE(4) !== entryChecksum(entry)) return undefined;
    const span = entry.readUInt8(2);
    if (span === 0 || index + span > ENTRIES_PER_PAGE) return undefined;
    return {
      namespace: entry.readUInt8(0),
      type: entry.readUInt8(1),
      span,
      chunk: entry.readUInt8(3),
      key: entry.toString("latin1", 8, 24).replace(/\0.*$/s, ""),
      data: entry.subarray(24, 32),
    };
  }

  #isWhole(index: number, span: number): boolean {
    for (let at = index; at < index + span; at++) {
      if (this.#entryState(at) !== 0b10) return false;
    }
    return true;
  }

  #isBlankEntry(index: number): boolean {
    return this.#flash.isBlank(this.#entryAddress(index), ENTRY_LENGTH);
  }

  #entryAddress(index: number): number {
    return this.#address + DATA_OFFSET + index * ENTRY_LENGTH;
  }

  #entryState(index: number): number {
    const byte = this.#flash.slice(this.#address + TABLE_OFFSET + (index >> 2), 1)[0] as number;
    return (byte >> ((index & 3) * 2)) & 0b11;
  }

  /** Goes from the last entry to the first, so that an item's header is the last one to be marked. */
  #setEntries(start: number, count: number, state: number): void {
    for (let index = start + count - 1; index >= start; index--) {
      const address = this.#address + TABLE_OFFSET + (index >> 2);
      if (this.#entryState(index) === state) continue;
      const byte = this.#flash.slice(address, 1)[0] as number;
      const shift = (index & 3) * 2;
      this.#flash.program(Uint8Array.of(byte & ~((0b11 & ~state) << shift)), address);
    }
  }
}

function stateOf(value: number): PageState {
  switch (value) {
    case STATE_VALUES.active:
      return "active";
    case STATE_VALUES.full:
      return "full";
    case STATE_VALUES.freeing:
      return "freeing";
    default:
      return "corrupt";
  }
}

function entryChecksum(entry: Buffer): number {
  return crc32(Buffer.concat([entry.subarray(0, 4), entry.subarray(8, 32)]), 0xffffffff);
}

/** @param data the 8 data bytes of the entry */
export function encodeItem(item: Omit<Item, "data"> & { data: Uint8Array }): Buffer {
  const entry = Buffer.alloc(ENTRY_LENGTH, 0xff);
  entry.writeUInt8(item.namespace, 0);
  entry.writeUInt8(item.type, 1);
  entry.writeUInt8(item.span, 2);
  entry.writeUInt8(item.chunk, 3);
  entry.fill(0, 8, 24).write(item.key, 8, "latin1");
  entry.set(item.data, 24);
  entry.writeUInt32LE(entryChecksum(entry), 4);
  return entry;
}
