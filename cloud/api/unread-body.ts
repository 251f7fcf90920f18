import type { IncomingMessage } from "node:http";
import { UPLOAD_LIMIT } from "./routes/packages.js";

export interface UnreadBodyLimits {
  /** Default: the longest upload, 100 MB. */
  readonly bytes?: number;
  /** Default: 30 s. */
  readonly ms?: number;
}

const LIMIT_BYTES = UPLOAD_LIMIT;
const LIMIT_MS = 30_000;

/**
 * Reads what a client still sends of a body that nobody wants, and drops it. A connection that is closed with unread
 * bytes is reset, which takes the answer away from the client: above all from a proxy, which closes after each request.
 *
 * @returns a promise that resolves when all is read, or a limit is reached
 */
export function readToEnd(incoming: IncomingMessage, limits: UnreadBodyLimits = {}): Promise<void> {
  const { bytes: limitBytes = LIMIT_BYTES, ms = LIMIT_MS } = limits;
  // Somebody has begun to read it.
  if (incoming.readableFlowing !== null || incoming.readableEnded || incoming.destroyed) return Promise.resolve();
  if (Number(incoming.headers["content-length"] ?? 0) > limitBytes) return Promise.resolve();
  return new Promise((resolve) => {
    let count = 0;
    const finish = (): void => {
      clearTimeout(timer);
      incoming.off("data", onData).off("end", finish).off("close", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    const onData = ({ byteLength }: Buffer): void => {
      count += byteLength;
      if (count > limitBytes) finish();
    };
    incoming.on("data", onData).on("end", finish).on("close", finish);
  });
}
