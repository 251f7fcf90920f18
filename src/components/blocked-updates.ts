import type { KeyValueStore } from "../../hal/ports/index.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";
import type { Image } from "../update/machine/types.js";

/*
 * The record, one line of text for each: owner, MD5 of the image, and the component whose failure blocks it, with
 * spaces between. It is written before that failure is stored, so that no power cut can come between the two.
 */
const KEY = "blocked";
const ENTRY_LIMIT = 4;

/** Updates that are not to be installed, because one that was offered with them failed: each is declined once. */
export class BlockedUpdates {
  readonly #store: KeyValueStore;
  #lines: readonly string[] | undefined;

  constructor(options: { store: KeyValueStore }) {
    this.#store = options.store;
  }

  /** @throws HalError */
  add(owner: string, image: Image, by: string): void {
    const start = startOf(owner, image);
    this.#save([`${start}${by}`, ...this.#all().filter((line) => !line.startsWith(start))].slice(0, ENTRY_LIMIT));
  }

  /** @returns the component that failed, `undefined` if the update is not blocked */
  find(owner: string, image: Image): string | undefined {
    const start = startOf(owner, image);
    return this.#all()
      .find((line) => line.startsWith(start))
      ?.slice(start.length);
  }

  /** The update was declined, and that is stored. @throws HalError */
  remove(owner: string, image: Image): void {
    const start = startOf(owner, image);
    this.#keep((line) => !line.startsWith(start));
  }

  /**
   * The component did not fail after all: a power cut came before its failure was stored, and the next try was a
   * success. @throws HalError
   */
  lift(by: string): void {
    this.#keep((line) => !line.endsWith(` ${by}`));
  }

  #keep(stays: (line: string) => boolean): void {
    const kept = this.#all().filter(stays);
    if (kept.length < this.#all().length) this.#save(kept);
  }

  #all(): readonly string[] {
    if (this.#lines !== undefined) return this.#lines;
    const record = this.#store.read(KEY);
    const text = record === undefined ? "" : (decodeUtf8(record) ?? "");
    this.#lines = text
      .split("\n")
      .filter((line) => /^[A-Za-z0-9._-]{1,32} [0-9a-f]{32} [A-Za-z0-9._-]{1,32}$/.test(line));
    return this.#lines;
  }

  #save(lines: readonly string[]): void {
    this.#lines = lines;
    if (lines.length === 0) this.#store.delete(KEY);
    else this.#store.write(KEY, encodeUtf8(lines.join("\n")));
  }
}

function startOf(owner: string, { md5 }: Image): string {
  return `${owner} ${md5} `;
}
