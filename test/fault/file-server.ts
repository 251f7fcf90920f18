import type { Line, Server } from "../support/virtual-network.js";
import type { FirmwareFile } from "./files.js";
import { replyTo } from "./http-answer.js";
import type { HttpAnswer } from "./scenario.js";

/** A request as it reached the server. */
export interface RequestSeen {
  readonly from: number;
  readonly host: string;
  readonly target: string;
  readonly ifRange: string | undefined;
  readonly atMs: number;
}

export interface FileServerOptions {
  readonly line: Line;
  readonly answer: HttpAnswer;
  /** The file of a version, with the changes of this answer; `undefined`: no such file. */
  fileFor(version: string, answer: HttpAnswer): FirmwareFile | undefined;
  onRequest(request: Omit<RequestSeen, "atMs">): void;
}

/** A file comes in so many pieces, slowly enough for reports on the way. */
const PIECES = 6;
const PIECE_DELAY_MS = 400;
/** An answer in more pieces than this ends in silence. */
const PIECE_LIMIT = 4096;

/** One connection for a file. */
export class FileServer implements Server {
  readonly #options: FileServerOptions;
  #text = "";
  #answered = false;

  constructor(options: FileServerOptions) {
    this.#options = options;
  }

  receive(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString("latin1");
    if (this.#answered || !this.#text.endsWith("\r\n\r\n")) return;
    this.#answered = true;
    const target = /^GET (\S+) HTTP\/1\.1\r\n/.exec(this.#text)?.[1] ?? "";
    const range = /\r\nRange: bytes=([0-9]+)-\r\n/.exec(this.#text)?.[1];
    const ifRange = /\r\nIf-Range: ([^\r]*)\r\n/.exec(this.#text)?.[1];
    const host = /\r\nHost: ([^\r]*)\r\n/.exec(this.#text)?.[1] ?? "";
    this.#options.onRequest({ from: Number(range ?? 0), host, target, ifRange });
    this.#play(target, range === undefined ? undefined : Number(range), ifRange);
  }

  #play(target: string, from: number | undefined, ifRange: string | undefined): void {
    const { line, answer, fileFor } = this.#options;
    const file = fileFor(/\/([^/?]+)(?:\?|$)/.exec(target)?.[1] ?? "", answer);
    const etag = `"${file?.md5 ?? ""}"`;
    const reply = replyTo(
      { from, ifRange },
      file === undefined ? { status: 404 } : answer,
      file?.bytes ?? new Uint8Array(0),
      etag,
    );
    const { bytes: length, everyMs } = answer.pace ?? {
      bytes: Math.ceil(reply.body.byteLength / PIECES),
      everyMs: PIECE_DELAY_MS,
    };
    let delayMs = 1;
    if (reply.head.byteLength > 0) line.send(reply.head, delayMs);
    for (let at = 0; at < Math.min(reply.body.byteLength, length * PIECE_LIMIT); at += length) {
      line.send(reply.body.slice(at, at + length), (delayMs += everyMs));
    }
    if (reply.then === "end") line.end(delayMs + 1);
  }
}
