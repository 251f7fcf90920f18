import type { Socket } from "node:net";
import { printable } from "../api/printable.js";
import type { PacketFault } from "./packet-gate.js";

/** Lines that are reported within one window. */
const LINE_LIMIT = 20;

const WINDOW_MS = 10_000;

/** Characters of a topic or client id that are reported: 64 KiB would be accepted. */
const TEXT_LIMIT = 200;

export interface RefusalsOptions {
  /** Called with one line that can act on no terminal, and holds neither user names nor passwords nor payloads. */
  report(line: string): void;
  /** Milliseconds of any steady clock. Default: the process's. */
  nowMs?(): number;
}

/** Reports what the broker refuses. A client that tries again without end does not flood the log. */
export class Refusals {
  readonly #options: RefusalsOptions;
  #windowAt = -Infinity;
  #count = 0;
  /** A broken packet is found by the gate and by the broker. */
  readonly #ended = new WeakSet<Socket>();
  readonly #addresses = new WeakMap<Socket, string>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** @param line what was refused, with the texts of the client as they are */
  add(line: string): void {
    const nowMs = this.#options.nowMs?.() ?? performance.now();
    if (nowMs - this.#windowAt >= WINDOW_MS) {
      const left = this.#count - LINE_LIMIT;
      if (left > 0) this.#options.report(`${left} more refusals are not shown`);
      this.#windowAt = nowMs;
      this.#count = 0;
    }
    this.#count++;
    if (this.#count > LINE_LIMIT) return;
    this.#options.report(printable(line));
    if (this.#count < LINE_LIMIT) return;
    this.#options.report(`further refusals of these ${WINDOW_MS / 1000} s are only counted`);
  }

  /** A connection was ended. Only the first reason is reported. */
  addEnd(socket: Socket, reason: string): void {
    if (this.#ended.has(socket)) return;
    this.#ended.add(socket);
    this.add(`connection from ${this.#addresses.get(socket) ?? addressOf(socket)} ended: ${reason}`);
  }

  /** A connection has begun. A socket that was ended does not know any more where it came from. */
  begin(socket: Socket): void {
    this.#addresses.set(socket, addressOf(socket));
  }
}

export const PACKET_FAULT_WORDS: { readonly [fault in PacketFault]: string } = {
  unproven: "too many bytes before its CONNECT was accepted",
  "too-long": "a packet of more than 64 KiB",
  "many-filters": "a SUBSCRIBE with more than one filter",
  malformed: "no MQTT",
};

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? "somewhere" : `${remoteAddress} port ${remotePort}`;
}

/** @returns a client's text, cut to what a line can bear */
export function shortened(text: string): string {
  return text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT)}…`;
}
