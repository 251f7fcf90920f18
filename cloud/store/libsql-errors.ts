import { type StorageCode, StorageError } from "./storage-error.js";

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that are about the storage. */
const CODES: Readonly<Record<string, StorageCode>> = {
  SQLITE_FULL: "full",
  SQLITE_READONLY: "read-only",
  SQLITE_CANTOPEN: "read-only",
  SQLITE_PERM: "read-only",
  SQLITE_CORRUPT: "damaged",
  SQLITE_NOTADB: "damaged",
  SQLITE_BUSY: "busy",
  SQLITE_LOCKED: "busy",
  SQLITE_IOERR: "io",
  SQLITE_PROTOCOL: "io",
  SQLITE_NOMEM: "io",
};

/** @returns the storage error that an error of the engine means, or `undefined` if it is about something else */
export function storageErrorOf(error: unknown): StorageError | undefined {
  if (error instanceof StorageError) return error;
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== "string") return undefined;
  const primary = /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? "";
  const meaning = CODES[primary];
  return meaning === undefined ? undefined : new StorageError(meaning, error);
}
