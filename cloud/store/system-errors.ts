import { type StorageCode, StorageError } from "./storage-error.js";

const CODES: Readonly<Record<string, StorageCode>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  EROFS: "read-only",
  EACCES: "read-only",
  EPERM: "read-only",
  EIO: "io",
};

/** @returns the storage error that an error of node:fs means, or `undefined` if it is about something else */
export function storageErrorOfSystem(error: unknown): StorageError | undefined {
  if (error instanceof StorageError) return error;
  const { code } = error as { readonly code?: unknown };
  const meaning = typeof code === "string" ? CODES[code] : undefined;
  return meaning === undefined ? undefined : new StorageError(meaning, error);
}
