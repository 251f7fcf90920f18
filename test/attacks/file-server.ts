import { replyTo } from "../fault/http-answer.js";
import type { HttpAnswer } from "../fault/scenario.js";
import type { Line, Server } from "../support/virtual-network.js";
import type { Try } from "./attack.js";

/** How many bytes are asked for to see a seal. */
const END_LENGTH = 344;
/** The file comes in pieces, slowly enough for reports on the way. */
const PIECE_LENGTH = 700;
const PIECE_DELAY_MS = 400;
/** The same for every file: the server does not give itself away. */
const ETAG = '"same"';

/** Counts the requests for the bytes of one try; it survives power cuts. */
export interface Requests {
  count: number;
}

/** One connection to the attacker's file server. */
export class FileServer implements Server {
  readonly #line: Line;
  readonly #attempt: Try;
  readonly #requests: Requests;
  #text = "";

  constructor(line: Line, attempt: Try, requests: Requests) {
    this.#line = line;
    this.#attempt = attempt;
    this.#requests = requests;
  }

  receive(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString("latin1");
    if (!this.#text.endsWith("\r\n\r\n")) return;
    const range = /\r\nRange: bytes=([0-9]+)-/.exec(this.#text)?.[1];
    const from = range === undefined ? undefined : Number(range);
    const { size } = { size: this.#attempt.file.byteLength };
    if (from === Math.max(0, size - END_LENGTH)) this.#serveEnd(from);
    else this.#serveBytes(from);
  }

  #serveEnd(from: number): void {
    const { file, served: { end } = {} } = this.#attempt;
    if (end === "nothing") this.#send(from, { status: 404 }, file);
    else if (end === "whole") this.#send(from, { ignoresRange: true }, file);
    else if (end === undefined) this.#send(from, {}, file);
    else this.#send(from, {}, withEnd(file, end));
  }

  #serveBytes(from: number | undefined): void {
    const { file, served: { bytes = [file], breaksAfter } = {} } = this.#attempt;
    const index = Math.min(this.#requests.count++, bytes.length - 1);
    const breaks = breaksAfter === undefined || this.#requests.count > 1 ? {} : { stopsAfter: breaksAfter };
    this.#send(from, breaks, bytes[index] as Uint8Array);
  }

  #send(from: number | undefined, answer: HttpAnswer, file: Uint8Array): void {
    const { head, body } = replyTo({ from, ifRange: undefined }, answer, file, ETAG);
    let delayMs = 1;
    this.#line.send(head, delayMs);
    for (let at = 0; at < body.byteLength; at += PIECE_LENGTH) {
      this.#line.send(body.slice(at, at + PIECE_LENGTH), (delayMs += PIECE_DELAY_MS));
    }
    this.#line.end(delayMs + 1);
  }
}

/** @returns the file with these bytes at its end, as long as before */
function withEnd(file: Uint8Array, end: Uint8Array): Uint8Array {
  const other = file.slice();
  other.set(end.subarray(-file.byteLength), Math.max(0, file.byteLength - end.byteLength));
  return other;
}
