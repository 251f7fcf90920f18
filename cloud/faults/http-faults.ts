import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { ByteRange } from "../files/byte-range.js";
import type { FaultAt, FaultTarget } from "./fault.js";
import type { FaultList } from "./fault-list.js";

/** Parameter of a redirect's URL: how many redirects are still to come. */
const HOPS = /([?&])redirects=([0-9]{1,3})$/;
/** Default of `shift`: a block of flash. */
const SHIFT = 4096;
/** Time between two pieces of a slow body, in milliseconds. */
const TICK_MS = 50;
const HANDSHAKE_FAILURE = 40;
/** Longest wait for the ClientHello of a handshake that is refused. */
const HELLO_TIMEOUT_MS = 10_000;

/**
 * Gives another answer than the file if a fault demands one.
 *
 * @param target path and query
 * @returns the status of that answer and the bytes of its body; `undefined` if there is no such fault
 */
export function answerFaulty(
  faults: FaultList,
  owner: FaultTarget,
  target: string,
  response: ServerResponse,
): { status: number; byteLength: number } | undefined {
  const pending = HOPS.exec(target)?.[2];
  // The last URL of a chain leads to the file, or the chain would have no end.
  const fault = pending === undefined ? faults.strike("answer", owner) : faults.strike("answer", owner, isStatus);
  if (fault?.fault === "status") {
    const body = fault.body ?? "";
    const byteLength = Buffer.byteLength(body);
    try {
      response.writeHead(fault.status, { "Content-Length": byteLength, ...fault.headers });
      response.end(body);
    } catch {
      // Node refuses some fields that contradict each other. The cloud must live on.
      response.destroy();
    }
    return { status: fault.status, byteLength };
  }
  const hops = fault?.hops ?? Number(pending ?? 0);
  if (hops === 0) return undefined;
  const bare = target.replace(HOPS, "");
  const location = `${bare}${bare.includes("?") ? "&" : "?"}redirects=${hops - 1}`;
  response.writeHead(302, { Location: location, "Content-Length": 0 });
  response.end();
  return { status: 302, byteLength: 0 };
}

function isStatus(fault: FaultAt<"answer">): boolean {
  return fault.fault === "status";
}

/** @returns the range to answer with, which a fault may have changed; `undefined` for the whole file */
export function rangeFaulty(
  faults: FaultList,
  owner: FaultTarget,
  range: ByteRange | undefined,
  size: number,
): ByteRange | undefined {
  // A file of one byte has no other range.
  if (range === undefined || size < 2) return range;
  const fault = faults.strike("range", owner);
  if (fault === undefined) return range;
  if (fault.fault === "no-range") return undefined;
  const shift = fault.shift ?? SHIFT;
  const later = range.first + shift;
  const first = later <= range.last ? later : range.first > 0 ? Math.max(0, range.first - shift) : 1;
  return { first, last: Math.max(first, range.last) };
}

export interface BodyFaults {
  readonly slow: FaultAt<"pace"> | undefined;
  readonly content: FaultAt<"content"> | undefined;
  readonly end: FaultAt<"end"> | undefined;
}

/** @returns the faults that strike a body; `undefined` if there are none */
export function bodyFaults(
  faults: FaultList,
  owner: FaultTarget,
  { first, last }: ByteRange,
  size: number,
): BodyFaults | undefined {
  const byteLength = last - first + 1;
  const end = faults.strike("end", owner, ({ bytes = 0 }) => bytes < byteLength);
  const sent = end === undefined ? byteLength : (end.bytes ?? 0);
  const slow = sent === 0 ? undefined : faults.strike("pace", owner);
  const content = faults.strike("content", owner, (fault) => {
    const offset = offsetOf(fault, size);
    return offset >= first && offset < first + sent;
  });
  return end === undefined && slow === undefined && content === undefined ? undefined : { slow, content, end };
}

function offsetOf({ offset }: FaultAt<"content">, size: number): number {
  return offset ?? Math.floor(size / 2);
}

/** Resets the connection if that is to happen instead of an answer. @returns whether it did */
export function resetInstead({ end }: BodyFaults, request: IncomingMessage): boolean {
  if (end?.fault !== "reset" || end.bytes !== undefined) return false;
  reset(request.socket);
  return true;
}

/** Sends a body as the faults have it. The head must have been written. */
export async function sendFaulty(
  source: Readable,
  response: ServerResponse,
  { slow, content, end }: BodyFaults,
  { first, size }: { readonly first: number; readonly size: number },
): Promise<void> {
  const wrongAt = content === undefined ? -1 : offsetOf(content, size) - first;
  const limit = end?.bytes ?? Infinity;
  const rate = slow?.bytesPerSecond ?? Infinity;
  const pieceLength = Math.max(1, Math.round((rate * TICK_MS) / 1000));
  const beganMs = performance.now();
  let sent = 0;
  response.flushHeaders();
  // If the stream were destroyed after an early end, it would report an error, and that ends the connection at once.
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk as Buffer);
    if (wrongAt >= sent && wrongAt < sent + bytes.byteLength)
      bytes[wrongAt - sent] = ~(bytes[wrongAt - sent] as number);
    for (let at = 0; at < bytes.byteLength && sent < limit; ) {
      const length = Math.min(pieceLength, bytes.byteLength - at, limit - sent);
      await write(response, bytes.subarray(at, at + length));
      at += length;
      sent += length;
      if (response.destroyed) return;
      const waitMs = aheadMs({ sent, bytesPerSecond: rate, elapsedMs: performance.now() - beganMs });
      if (waitMs > 0) await pause(waitMs, undefined, { ref: false });
    }
    if (sent >= limit) break;
  }
  if (end === undefined) response.end();
  else if (end.fault === "reset") reset(response.socket);
  else if (end.fault === "cut") response.socket?.destroySoon();
}

/** @returns how much sooner than its rate allows a body is, in milliseconds; 0 or less if it is not too soon */
export function aheadMs({
  sent,
  bytesPerSecond,
  elapsedMs,
}: {
  readonly sent: number;
  readonly bytesPerSecond: number;
  readonly elapsedMs: number;
}): number {
  return (sent * 1000) / bytesPerSecond - elapsedMs;
}

/** Resolves once the bytes are with the operating system, or the connection has ended. */
function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.write(bytes, () => {
      response.off("close", resolve);
      resolve();
    });
  });
}

/** Over TLS the connection is closed without a close_notify alert instead: Node can reset only plain TCP. */
function reset(socket: Socket | null): void {
  try {
    socket?.resetAndDestroy();
  } catch {
    socket?.destroy();
  }
}

/** Lets the handshakes of a TLS server be refused. They happen before a request says whose they are. */
export function refuseHandshakes(server: Server, faults: FaultList): void {
  const listeners = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const fault = faults.strike("handshake", {});
    if (fault === undefined) {
      for (const listener of listeners) listener.call(server, socket);
      return;
    }
    socket.on("error", () => {});
    // The server answers the ClientHello; before that a client may not have begun to read.
    socket.once("data", () => {
      socket.write(fatalAlert(fault.alert ?? HANDSHAKE_FAILURE));
      socket.destroySoon();
    });
    socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy());
  });
}

/** A record of the type alert, with the version that RFC 8446 §5.1 requires of records. */
function fatalAlert(description: number): Uint8Array {
  return Uint8Array.of(21, 3, 3, 0, 2, 2, description);
}
