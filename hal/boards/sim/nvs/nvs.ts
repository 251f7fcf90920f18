import { type NorFlash, SECTOR_LENGTH } from "../nor-flash.js";
import type { Partition } from "../partition-table.js";
import {
  CHUNK_NONE,
  encodeItem,
  ENTRIES_PER_PAGE,
  ENTRY_LENGTH,
  type Located,
  Page,
  TYPE_BLOB_DATA,
  TYPE_BLOB_INDEX,
  TYPE_STRING,
  TYPE_U8,
} from "./page.js";
import { BLOB_LIMIT, chunksOf, describeBlob, describeValue, leftOver, STRING_LIMIT, readValue } from "./values.js";

/** Longest key and namespace name, in characters. */
const NAME_LIMIT = 15;

export type ValueType = "blob" | "string" | "number";

/** @throws Error whose message is the name of an `esp_err_t` */
function fail(name: string): never {
  throw new Error(name);
}

/**
 * Espressif's NVS over one partition: blobs and strings by namespace and key. The index entry of a blob commits it. A
 * string is committed when the last of its entries is marked as written. Before that moment the key has its old value,
 * after it the new one, even if a power cut leaves parts behind.
 */
export class Nvs {
  /** Pages in order of their sequence number. Only the last one is written to. */
  readonly #pages: Page[];
  readonly #free: Page[];

  /** Mounts the partition and removes what a power cut has left. @throws Error `ESP_ERR_NVS_NO_FREE_PAGES` */
  constructor(flash: NorFlash, partition: Partition) {
    const all: Page[] = [];
    for (let at = 0; at < partition.size; at += SECTOR_LENGTH) all.push(new Page(flash, partition.offset + at));
    this.#pages = all.filter(({ sequence }) => sequence >= 0).sort((left, right) => left.sequence - right.sequence);
    this.#free = all.filter(({ sequence }) => sequence < 0);
    this.#finishFreeing();
    if (this.#free.length === 0) fail("ESP_ERR_NVS_NO_FREE_PAGES");
    this.#dropLeftOver();
  }

  /** `nvs_open`. @throws Error `ESP_ERR_NVS_NOT_FOUND` if the namespace does not exist and `create` is false */
  open(namespace: string, create: boolean): void {
    if (this.#namespace(namespace) !== undefined) return;
    if (!create) fail("ESP_ERR_NVS_NOT_FOUND");
    this.#createNamespace(namespace);
  }

  /** `nvs_find_key`. @returns `undefined` if there is no such key */
  typeOf(namespace: string, key: string): ValueType | undefined {
    const found = this.#holder(namespace, key);
    if (found === undefined) return undefined;
    return found.item.type === TYPE_BLOB_INDEX ? "blob" : found.item.type === TYPE_STRING ? "string" : "number";
  }

  get(namespace: string, key: string): Buffer | undefined {
    const index = this.#holder(namespace, key);
    if (index?.item.type !== TYPE_BLOB_INDEX) return undefined;
    const parts = chunksOf(index.item).map((chunk) => this.#find(index.item.namespace, TYPE_BLOB_DATA, key, chunk));
    const values = parts.map((part) => (part === undefined ? undefined : readValue(part)));
    return values.includes(undefined) ? undefined : Buffer.concat(values as Buffer[]);
  }

  getString(namespace: string, key: string): string | undefined {
    const found = this.#holder(namespace, key);
    return found?.item.type === TYPE_STRING ? readValue(found)?.toString("utf8").replace(/\0$/, "") : undefined;
  }

  /** `nvs_set_blob` */
  set(namespace: string, key: string, value: Uint8Array): void {
    checkName(key, "ESP_ERR_NVS_KEY_TOO_LONG");
    if (value.byteLength > BLOB_LIMIT) fail("ESP_ERR_NVS_VALUE_TOO_LONG");
    const id = this.#namespace(namespace) ?? this.#createNamespace(namespace);
    if (this.get(namespace, key)?.equals(value) === true) return;

    const old = this.#find(id, TYPE_BLOB_INDEX, key);
    const chunk = old?.item.data.readUInt8(5) === 0 ? 0x80 : 0;
    this.#append({ namespace: id, type: TYPE_BLOB_DATA, chunk, key, data: describeValue(value) }, value);
    const data = describeBlob(value.byteLength, chunk);
    this.#append({ namespace: id, type: TYPE_BLOB_INDEX, chunk: CHUNK_NONE, key, data }, new Uint8Array(0));
    this.#dropLeftOver();
  }

  /** `nvs_set_str`: the earlier value of the key is erased once the new string is complete. */
  setString(namespace: string, key: string, text: string): void {
    checkName(key, "ESP_ERR_NVS_KEY_TOO_LONG");
    const value = Buffer.from(`${text}\0`, "utf8");
    if (value.byteLength > STRING_LIMIT) fail("ESP_ERR_NVS_VALUE_TOO_LONG");
    const id = this.#namespace(namespace) ?? this.#createNamespace(namespace);
    if (this.getString(namespace, key) === text) return;
    this.#append({ namespace: id, type: TYPE_STRING, chunk: CHUNK_NONE, key, data: describeValue(value) }, value);
    this.#dropLeftOver();
  }

  /** `nvs_erase_key`, for a value of any type. */
  delete(namespace: string, key: string): void {
    const found = this.#holder(namespace, key);
    if (found === undefined) return;
    found.page.eraseItem(found.index, found.item.span);
    this.#dropLeftOver();
  }

  /** Keys in the order in which they were written. */
  keys(namespace: string): string[] {
    const id = this.#namespace(namespace);
    return this.#items()
      .filter(({ item }) => item.namespace === id && item.type !== TYPE_BLOB_DATA)
      .map(({ item }) => item.key);
  }

  /** Counts the entries in use, and the entries that the partition can hold with one page kept free. */
  usage(): { used: number; total: number } {
    const used = this.#pages.reduce((sum, page) => sum + page.usedEntries(), 0);
    return { used, total: (this.#pages.length + this.#free.length - 1) * ENTRIES_PER_PAGE };
  }

  #namespace(name: string): number | undefined {
    return this.#find(0, TYPE_U8, name)?.item.data.readUInt8(0);
  }

  #createNamespace(name: string): number {
    checkName(name, "ESP_ERR_NVS_KEY_TOO_LONG");
    const taken = this.#items()
      .filter(({ item }) => item.namespace === 0)
      .map(({ item }) => item.data.readUInt8(0));
    const id = Math.max(0, ...taken) + 1;
    if (id >= 0xff) fail("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
    const data = Buffer.alloc(8, 0xff);
    data.writeUInt8(id, 0);
    this.#append({ namespace: 0, type: TYPE_U8, chunk: CHUNK_NONE, key: name, data }, new Uint8Array(0));
    return id;
  }

  /** @returns the item that holds the key; for a blob that is its index */
  #holder(namespace: string, key: string): Located | undefined {
    const id = this.#namespace(namespace);
    if (id === undefined) return undefined;
    return this.#items().findLast(
      ({ item }) => item.namespace === id && item.key === key && item.type !== TYPE_BLOB_DATA,
    );
  }

  #items(): Located[] {
    return this.#pages.flatMap((page) => page.items());
  }

  /** @returns the item that was written last */
  #find(namespace: number, type: number, key: string, chunk?: number): Located | undefined {
    return this.#items().findLast(
      ({ item }) =>
        item.namespace === namespace &&
        item.type === type &&
        item.key === key &&
        (chunk === undefined || item.chunk === chunk),
    );
  }

  #append(item: { namespace: number; type: number; chunk: number; key: string; data: Buffer }, data: Uint8Array): void {
    const span = 1 + Math.ceil(data.byteLength / ENTRY_LENGTH);
    const header = encodeItem({ ...item, span });
    let page = this.#pages.at(-1);
    if (page === undefined || page.room < span) {
      if (page?.state === "active") page.mark("full");
      page = this.#newPage();
      if (page.room < span) fail("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
    }
    page.append(header, data);
  }

  /** One page always stays free, so that another can be compacted into it. */
  #newPage(): Page {
    if (this.#free.length >= 2) return this.#activate();
    if (this.#pages.length === 0) fail("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
    const emptiest = this.#pages.reduce((best, page) => (page.usedEntries() < best.usedEntries() ? page : best));
    if (emptiest.usedEntries() === ENTRIES_PER_PAGE) fail("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
    emptiest.mark("freeing");
    return this.#compact(emptiest);
  }

  #activate(): Page {
    const page = this.#free.shift();
    if (page === undefined) fail("ESP_ERR_NVS_NO_FREE_PAGES");
    page.activate((this.#pages.at(-1)?.sequence ?? -1) + 1);
    this.#pages.push(page);
    return page;
  }

  /** Moves the items that are still valid from a page marked `freeing` to a new page, then erases the old page. */
  #compact(from: Page): Page {
    const to = this.#activate();
    for (const { item, index } of from.items()) {
      to.append(from.entry(index), from.data(index, (item.span - 1) * ENTRY_LENGTH));
    }
    from.erase();
    this.#pages.splice(this.#pages.indexOf(from), 1);
    this.#free.push(from);
    return to;
  }

  /**
   * Repairs what a power cut during `#compact` has left. Either the copy is incomplete and the original is whole, or
   * the copy is whole and the original is partly erased. ESP-IDF copies again in both cases, and in the second case it
   * loses what is already erased in the original.
   */
  #finishFreeing(): void {
    const freeing = this.#pages.find(({ state }) => state === "freeing");
    if (freeing === undefined) return;
    const copy = this.#pages.at(-1);
    if (copy?.state === "active" && isCopy(copy, freeing)) {
      freeing.erase();
      this.#pages.splice(this.#pages.indexOf(freeing), 1);
      this.#free.push(freeing);
      return;
    }
    if (copy?.state === "active") {
      copy.erase();
      this.#pages.pop();
      this.#free.push(copy);
    }
    this.#compact(freeing);
  }

  #dropLeftOver(): void {
    for (const { page, index, item } of leftOver(this.#items())) page.eraseItem(index, item.span);
  }
}

/** Whether every sound item of the original is also in the copy, and there is at least one. */
function isCopy(copy: Page, original: Page): boolean {
  const copied = copy.items().map(({ index }) => copy.entry(index).toString("hex"));
  const items = original.items();
  return copied.length > 0 && items.every(({ index }) => copied.includes(original.entry(index).toString("hex")));
}

/** Mounts NVS as applications of ESP-IDF do: a partition that cannot be mounted is erased, and its records are lost. */
export function mountNvs(flash: NorFlash, partition: Partition): Nvs {
  try {
    return new Nvs(flash, partition);
  } catch {
    flash.erase(partition.offset, partition.size);
    return new Nvs(flash, partition);
  }
}

function checkName(name: string, error: string): void {
  if (name.length < 1 || name.length > NAME_LIMIT) fail(error);
}
