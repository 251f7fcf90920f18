import { crc32 } from "node:zlib";
import {
  ENTRIES_PER_PAGE,
  ENTRY_LENGTH,
  type Item,
  type Located,
  TYPE_BLOB_DATA,
  TYPE_BLOB_INDEX,
  TYPE_STRING,
} from "./page.js";

/**
 * Most bytes of a blob that fits one page together with its index. NVS itself would spread a longer one over pages;
 * this project writes none.
 */
export const BLOB_LIMIT = (ENTRIES_PER_PAGE - 2) * ENTRY_LENGTH;
/** Most bytes of a string in UTF-8, with the zero byte that ends it. A string must lie in one page. */
export const STRING_LIMIT = (ENTRIES_PER_PAGE - 1) * ENTRY_LENGTH;

/** @returns the 8 data bytes of an item whose value fills the entries behind it */
export function describeValue(value: Uint8Array): Buffer {
  const description = Buffer.alloc(8, 0xff);
  description.writeUInt16LE(value.byteLength, 0);
  description.writeUInt32LE(crc32(value, 0xffffffff), 4);
  return description;
}

/** @returns the 8 data bytes of a blob's index */
export function describeBlob(byteLength: number, chunk: number): Buffer {
  const description = Buffer.alloc(8, 0xff);
  description.writeUInt32LE(byteLength, 0);
  description.writeUInt8(1, 4);
  description.writeUInt8(chunk, 5);
  return description;
}

/**
 * @returns the numbers of the chunks that a blob's index names. ESP-IDF and its generator spread a blob over pages, in
 * up to 127 chunks.
 */
export function chunksOf({ data }: Item): number[] {
  const first = data.readUInt8(5);
  return Array.from({ length: data.readUInt8(4) }, (_, index) => first + index);
}

/** @returns the bytes behind an item's header, or `undefined` if they do not fit the header's length and CRC-32 */
export function readValue({ item, page, index }: Located): Buffer | undefined {
  const byteLength = item.data.readUInt16LE(0);
  if (byteLength > (item.span - 1) * ENTRY_LENGTH) return undefined;
  const value = page.data(index, byteLength);
  return item.data.readUInt32LE(4) === crc32(value, 0xffffffff) ? value : undefined;
}

/**
 * @returns the items that a power cut or a change of value has left over: an earlier item of a key that has a later
 * one, even of another type; chunks that no index names; and a blob or string that is incomplete.
 *
 * @param items items of all pages, in the order they were written
 */
export function leftOver(items: readonly Located[]): Located[] {
  const dropped = new Set<Located>();
  const holders = new Map<string, Located>();
  for (const located of items.filter(({ item }) => item.type !== TYPE_BLOB_DATA)) {
    if (located.item.type === TYPE_STRING && readValue(located) === undefined) {
      dropped.add(located);
      continue;
    }
    const earlier = holders.get(nameOf(located.item));
    if (earlier !== undefined) dropped.add(earlier);
    holders.set(nameOf(located.item), located);
  }
  const chunks = new Map<string, Located>();
  for (const located of items.filter(({ item }) => item.type === TYPE_BLOB_DATA)) {
    const name = `${nameOf(located.item)} ${located.item.chunk}`;
    const earlier = chunks.get(name);
    if (earlier !== undefined) dropped.add(earlier);
    if (readValue(located) === undefined) dropped.add(located);
    else chunks.set(name, located);
  }
  const owned = new Set<Located>();
  for (const [name, holder] of holders) {
    if (holder.item.type !== TYPE_BLOB_INDEX) continue;
    const parts = chunksOf(holder.item).map((chunk) => chunks.get(`${name} ${chunk}`));
    const byteLength = parts.reduce((sum, part) => sum + (part?.item.data.readUInt16LE(0) ?? NaN), 0);
    if (byteLength !== holder.item.data.readUInt32LE(0)) dropped.add(holder);
    else for (const part of parts) owned.add(part as Located);
  }
  for (const chunk of chunks.values()) if (!owned.has(chunk)) dropped.add(chunk);
  return [...dropped];
}

function nameOf({ namespace, key }: Item): string {
  return `${namespace} ${key}`;
}
