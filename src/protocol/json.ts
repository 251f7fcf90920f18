import { decodeUtf8, isUtf8 } from "../lib/utf8.js";

/** What was read of an object: only fields that were asked for, of values that fit. */
export type Fields = { readonly [name: string]: unknown };

/**
 * The fields to read of an object, by name.
 *
 * - `true`: a text, a number, `true`, `false` or `null`. Another value, or a text over `TEXT_LIMIT`, is read as `null`.
 * - `Wanted`: the fields of an object. Another value is read as `null`.
 * - `"place"`: the byte offset of the value, whatever it is, for `ItemReader`.
 */
export interface Wanted {
  readonly [name: string]: true | "place" | Wanted;
}

/** Longest text that is read, in bytes as they stand in the message. */
export const TEXT_LIMIT = 4096;

/** Deepest nesting of a message; the platform's have four levels. */
const DEPTH_LIMIT = 16;
/** A name longer than that is none of ours, even if each of its characters is escaped. */
const ESCAPED_NAME_LIMIT = 192;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const LIST = 0x5b;
const BACKSLASH = 0x5c;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Reads a message from the platform (RFC 8259). Makes nothing of what was not asked for, so that the memory that it
 * takes does not depend on what a message holds. XS never frees the name of a field: here it learns none but ours.
 * The structure of what is passed over must be JSON; its words, numbers and escapes are not looked at.
 *
 * @returns the fields, or why there are none
 */
export function readMessage(payload: Uint8Array, wanted: Wanted): Fields | string {
  return isUtf8(payload) ? new JsonReader(payload, 0).message(wanted) : "not UTF-8";
}

/** Reads the objects of a list one by one: a list may be longer than what memory holds. */
export class ItemReader {
  readonly #reader: JsonReader;
  readonly #wanted: Wanted;
  /** Objects that may still come. */
  #left: number;

  /**
   * @param payload    a message that `readMessage` has read
   * @param byteOffset where the value is: a list, or one object in the place of a list; nothing is read of another
   * @param wanted     of each object
   */
  constructor(payload: Uint8Array, byteOffset: number, wanted: Wanted) {
    this.#reader = new JsonReader(payload, byteOffset);
    this.#wanted = wanted;
    this.#left = this.#reader.enter();
  }

  /** @returns the next object; `undefined` after the last */
  next(): Fields | undefined {
    return this.#left-- > 0 ? this.#reader.item(this.#wanted) : undefined;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

class JsonReader {
  readonly #bytes: Uint8Array;
  #at: number;
  /** Nesting of the value that begins at `#at`. */
  #depth = 0;
  #tooDeep = false;
  /** Whether the last text holds an escape. */
  #isEscaped = false;

  constructor(bytes: Uint8Array, byteOffset: number) {
    this.#bytes = bytes;
    this.#at = byteOffset;
  }

  message(wanted: Wanted): Fields | string {
    const isObject = this.#next() === OBJECT;
    const fields = isObject ? this.#object(wanted) : undefined;
    const isWhole = isObject ? fields !== undefined : this.#skip();
    if (this.#tooDeep) return "nested too deep";
    if (!isWhole || !Number.isNaN(this.#next())) return "not JSON";
    return fields ?? "not a JSON object";
  }

  /** @returns the byte that begins what comes next, NaN at the end */
  #next(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.#at];
    return byte ?? Number.NaN;
  }

  #take(byte: number): boolean {
    if (this.#next() !== byte) return false;
    this.#at++;
    return true;
  }

  /** @returns `undefined` for bytes that are not JSON */
  #object(wanted: Wanted): Fields | undefined {
    const names = Object.keys(wanted);
    const fields: { [name: string]: unknown } = {};
    this.#at++;
    this.#depth++;
    if (!this.#take(OBJECT_END)) {
      do {
        if (this.#next() !== QUOTE) return undefined;
        const begin = this.#at;
        if (!this.#text()) return undefined;
        const name = this.#nameAmong(names, begin);
        if (!this.#take(COLON)) return undefined;
        if (!this.#value(name === undefined ? undefined : wanted[name], fields, name as string)) return undefined;
      } while (this.#take(COMMA));
      if (!this.#take(OBJECT_END)) return undefined;
    }
    this.#depth--;
    return fields;
  }

  /** @returns false for bytes that are not JSON */
  #value(wanted: Wanted[string] | undefined, fields: { [name: string]: unknown }, name: string): boolean {
    const first = this.#next();
    if (wanted === undefined) return this.#skip();
    if (wanted === true) {
      const begin = this.#at;
      if (!this.#skip()) return false;
      const value = first === OBJECT || first === LIST ? null : this.#scalar(begin);
      fields[name] = value;
      return value !== undefined;
    }
    if (wanted === "place" || first !== OBJECT) {
      fields[name] = wanted === "place" ? this.#at : null;
      return this.#skip();
    }
    const inner = this.#object(wanted);
    fields[name] = inner;
    return inner !== undefined;
  }

  /** Enters a list. @returns how many objects there may be: one in the place of a list is itself */
  enter(): number {
    if (this.#take(LIST)) return Number.POSITIVE_INFINITY;
    return this.#next() === OBJECT ? 1 : 0;
  }

  /** @returns the next object of a list, of bytes that were read before; `undefined` at its end */
  item(wanted: Wanted): Fields | undefined {
    for (;;) {
      const first = this.#next();
      if (first === OBJECT) return this.#object(wanted);
      if (first === LIST_END || (!this.#take(COMMA) && !this.#skip())) return undefined;
    }
  }

  /** Passes over a value, without recursion. @returns false for bytes that are not JSON */
  #skip(): boolean {
    let depth = 0;
    // A bit for each level: 1 for an object, 0 for a list.
    let objects = 0;
    for (;;) {
      const first = this.#next();
      if (first === OBJECT || first === LIST) {
        if (this.#depth + ++depth > DEPTH_LIMIT) {
          this.#tooDeep = true;
          return false;
        }
        this.#at++;
        objects = (objects << 1) | (first === OBJECT ? 1 : 0);
        if (!this.#take(first + 2)) {
          if (first === OBJECT && !this.#anyName()) return false;
          continue;
        }
        depth--;
        objects >>= 1;
      } else if (first === QUOTE ? !this.#text() : !this.#word()) {
        return false;
      }
      for (; ; depth--, objects >>= 1) {
        if (depth === 0) return true;
        const isObject = (objects & 1) === 1;
        if (this.#take(COMMA)) {
          if (isObject && !this.#anyName()) return false;
          break;
        }
        if (!this.#take(isObject ? OBJECT_END : LIST_END)) return false;
      }
    }
  }

  #anyName(): boolean {
    return this.#next() === QUOTE && this.#text() && this.#take(COLON);
  }

  /** A word or a number, whose syntax matters only where it is read. */
  #word(): boolean {
    const begin = this.#at;
    for (;;) {
      const byte = this.#bytes[this.#at] ?? 0;
      const letter = byte | 0x20;
      if ((letter < 0x61 || letter > 0x7a) && (byte < 0x2b || byte > 0x39 || byte === COMMA)) return this.#at > begin;
      this.#at++;
    }
  }

  /** Passes over a text. @returns false for bytes that are not JSON */
  #text(): boolean {
    this.#isEscaped = false;
    for (;;) {
      const byte = this.#bytes[++this.#at] ?? 0;
      if (byte < 0x20) return false;
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH) continue;
      this.#isEscaped = true;
      this.#at++;
    }
    this.#at++;
    return true;
  }

  /** @returns the one of the names that the text is which begins at an offset and ends at `#at` */
  #nameAmong(names: readonly string[], begin: number): string | undefined {
    const length = this.#at - begin - 2;
    if (this.#isEscaped) {
      const text = length > ESCAPED_NAME_LIMIT ? undefined : this.#scalar(begin);
      return names.find((name) => name === text);
    }
    return names.find((name) => {
      if (name.length !== length) return false;
      let index = 0;
      while (index < length && this.#bytes[begin + 1 + index] === name.charCodeAt(index)) index++;
      return index === length;
    });
  }

  /** @returns the value that begins at an offset and ends at `#at`; `undefined` for bytes that are not JSON */
  #scalar(begin: number): unknown {
    if (this.#at - begin > TEXT_LIMIT + 2) return null;
    try {
      return JSON.parse(decodeUtf8(this.#bytes.subarray(begin, this.#at)) as string);
    } catch {
      return undefined;
    }
  }
}
