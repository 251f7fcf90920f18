/** Most characters of a response head that are kept: its status line, then the fields that are wanted. */
export const KEPT_LIMIT = 4096;
/** Longest response head, interim responses and what is skipped included, in bytes. */
export const HEAD_LIMIT = 32_768;

export interface ParsedHead {
  readonly status: number;
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  readonly headers: { readonly [name: string]: string };
}

const TAB = 0x09;
const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads a response head (RFC 9112 §4, §5) byte by byte, from pieces of any size. Fields that nobody wants are counted
 * but their values never become strings. Interim responses (1xx) are skipped.
 */
export class HeadParser {
  readonly #wanted: readonly string[];
  #line = "";
  /** The line belongs to a field nobody wants: its bytes are dropped. */
  #skipping = false;
  /** A field's line is over, and the field too, unless the next line begins with a blank (RFC 9112 §5.2). */
  #ended = false;
  /** The last byte was CR: only LF may follow. */
  #afterCr = false;
  #count = 0;
  /** Characters in `#headers`. */
  #kept = 0;
  #status: number | undefined;
  #headers: { [name: string]: string } = emptyHeaders();

  /** @param wanted field names in lower case; Content-Length and Transfer-Encoding are always read */
  constructor(wanted: readonly string[]) {
    this.#wanted = wanted;
  }

  /**
   * @param bytes the next piece of the stream
   * @param start index in `bytes` to begin at
   * @returns the offset of the first body byte, or -1 if the head goes on
   * @throws Error if the head breaks the grammar or a limit
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    for (let index = start; index < end; index++) {
      this.#count++;
      if (this.#count > HEAD_LIMIT) throw new Error("response head too long");
      const byte = bytes[index] as number;
      if (byte === LF) {
        this.#afterCr = false;
        if (this.#endLine()) return index + 1;
      } else if (this.#afterCr) {
        throw new Error("bare CR in the response head");
      } else if (byte === CR) {
        this.#afterCr = true;
      } else {
        this.#character(byte);
      }
    }
    return -1;
  }

  /** The head, once `push` found its end. */
  result(): ParsedHead {
    const encoding = this.#headers["transfer-encoding"];
    if (encoding !== undefined && encoding.toLowerCase() !== "chunked") {
      throw new Error("transfer encoding not understood");
    }
    return {
      status: this.#status as number,
      chunked: encoding !== undefined,
      contentLength: encoding === undefined ? contentLength(this.#headers["content-length"]) : undefined,
      headers: this.#headers,
    };
  }

  #character(byte: number): void {
    if (this.#ended) {
      this.#ended = false;
      if (byte !== SP && byte !== TAB) this.#endField();
    }
    if (this.#skipping) return;
    if (byte === 0) throw new Error("NUL in the response head");
    this.#line += String.fromCharCode(byte);
    if (this.#kept + this.#line.length > KEPT_LIMIT) throw new Error("response head too long");
    if (byte === 0x3a && this.#status !== undefined) this.#skipping = !this.#isWanted();
  }

  /** Called at each colon of a line; only the first colon ends the name. */
  #isWanted(): boolean {
    const colon = this.#line.indexOf(":");
    if (colon !== this.#line.length - 1) return true;
    if (!isToken(this.#line, colon)) throw new Error("malformed field name in the response head");
    const name = this.#line.slice(0, colon).toLowerCase();
    return name === "content-length" || name === "transfer-encoding" || this.#wanted.includes(name);
  }

  /** @returns whether the head is complete */
  #endLine(): boolean {
    const line = this.#line;
    if (this.#status === undefined) {
      this.#status = statusOf(line);
      this.#line = "";
      return false;
    }
    if (!this.#ended && line !== "") {
      this.#ended = true;
      return false;
    }
    if (line !== "") this.#endField();
    this.#ended = false;
    if (this.#status >= 200) return true;
    this.#status = undefined;
    this.#headers = emptyHeaders();
    this.#kept = 0;
    return false;
  }

  #endField(): void {
    if (!this.#skipping) this.#field(this.#line);
    this.#line = "";
    this.#skipping = false;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    if (colon < 0) throw new Error("malformed field line in the response head");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const earlier = this.#headers[name];
    if (earlier === undefined) {
      this.#headers[name] = value;
      this.#kept += line.length;
    } else if (name === "content-length" && earlier !== value) throw new Error("two different content lengths");
    else if (name === "transfer-encoding") throw new Error("two transfer encodings");
  }
}

/** The object has no prototype: otherwise a field named `constructor` would seem to have been sent. */
function emptyHeaders(): { [name: string]: string } {
  return Object.create(null) as { [name: string]: string };
}

function statusOf(line: string): number {
  const match = /^HTTP\/1\.[01] ([1-9][0-9][0-9])(?: |$)/.exec(line);
  if (match === null) throw new Error("malformed status line");
  return Number(match[1]);
}

function contentLength(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(value)) throw new Error("malformed content length");
  return Number(value);
}

/** RFC 9110 §5.6.2: visible ASCII without delimiters. A blank before the colon is refused with the rest. */
function isToken(line: string, length: number): boolean {
  if (length === 0) return false;
  for (let index = 0; index < length; index++) {
    const code = line.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f || '"(),/:;<=>?@[\\]{}'.includes(line.charAt(index))) return false;
  }
  return true;
}
