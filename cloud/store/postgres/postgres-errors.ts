import { type StorageCode, StorageError } from "../storage-error.js";

/** SQLSTATEs (PostgreSQL, appendix A) that are about the storage and not about a statement; a class has two letters. */
const STATES: Readonly<Record<string, StorageCode>> = {
  "08": "lost",
  "25P03": "lost",
  "25006": "read-only",
  "28": "refused",
  "3D000": "refused",
  "40": "busy",
  "42501": "refused",
  "53": "io",
  "53100": "full",
  "53300": "connections",
  "55P03": "busy",
  "57": "lost",
  "57014": "busy",
  "58": "io",
  XX001: "damaged",
  XX002: "damaged",
};

/** Codes of Node's sockets. */
const NETWORK = /^(E(CONNREFUSED|CONNRESET|NOTFOUND|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN)|ENOENT)$/;

/** `pg` gives no code for what it finds out by itself. */
const LOST = /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout)/;
const NO_CONNECTION = /^timeout exceeded when trying to connect/;

/** @returns the storage error that an error of `pg` means, or `undefined` if it is about something else */
export function storageErrorOf(error: unknown): StorageError | undefined {
  if (error instanceof StorageError) return error;
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  return code === undefined ? undefined : new StorageError(code, error, "server");
}

function codeOf(error: Error): StorageCode | undefined {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string") {
    if (NETWORK.test(code)) return "lost";
    return STATES[code] ?? STATES[code.slice(0, 2)];
  }
  // All addresses of a host were tried.
  if (error instanceof AggregateError) return "lost";
  if (NO_CONNECTION.test(error.message)) return "connections";
  return LOST.test(error.message) ? "lost" : undefined;
}
