/**
 * How many bytes of the stream are body now, for each of HTTP's three framings (RFC 9112 §6, §7). Body bytes never pass
 * through here: the caller reads `available` of them straight into its own buffer and subtracts their count.
 */
export interface BodyFraming {
  /**
   * Body bytes that come next, without framing between them. It is 0 if framing or the end comes next, and Infinity if
   * the body goes on until the connection closes.
   */
  available: number;
  /**
   * Takes one byte of framing; called while `available` is 0 and `done()` is false. @throws Error if it is malformed
   */
  framing(byte: number): void;
  done(): boolean;
  /** Whether the body may end with the connection. */
  readonly endsWithConnection: boolean;
}

export class LengthFraming implements BodyFraming {
  readonly endsWithConnection = false;
  available: number;

  constructor(contentLength: number) {
    this.available = contentLength;
  }

  framing(): void {
    throw new Error("no framing in a body with a length");
  }

  done(): boolean {
    return this.available === 0;
  }
}

export class CloseFraming implements BodyFraming {
  readonly endsWithConnection = true;
  available = Infinity;

  framing(): void {}

  done(): boolean {
    return false;
  }
}

/** Longest chunk-size line with its extensions, and longest trailer section, both in characters. */
const LINE_LIMIT = 256;
const TRAILER_LIMIT = 2048;

export class ChunkedFraming implements BodyFraming {
  readonly endsWithConnection = false;
  available = 0;
  /** Kind of the next line of framing. */
  #state: "size" | "data-end" | "trailer" | "done" = "size";
  #line = "";
  #trailerCount = 0;

  done(): boolean {
    return this.#state === "done";
  }

  framing(byte: number): void {
    if (byte !== 0x0a) {
      this.#line += String.fromCharCode(byte);
      if (this.#line.length > LINE_LIMIT) throw new Error("chunk line too long");
      return;
    }
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    switch (this.#state) {
      case "size":
        this.#size(line);
        return;
      case "data-end":
        if (line !== "") throw new Error("chunk longer than its size");
        this.#state = "size";
        return;
      case "trailer":
        this.#trailerCount += line.length;
        if (this.#trailerCount > TRAILER_LIMIT) throw new Error("trailer too long");
        if (line === "") this.#state = "done";
        return;
      default:
        throw new Error("no framing here");
    }
  }

  #size(line: string): void {
    const match = /^0*([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?$/.exec(line);
    if (match === null) throw new Error("malformed chunk size");
    this.available = parseInt(match[1] as string, 16);
    this.#state = this.available === 0 ? "trailer" : "data-end";
  }
}
