/** What is wrong with the storage: the disk is full, it cannot be written, the file is damaged, another process … */
export type StorageCode = "full" | "read-only" | "damaged" | "busy" | "io";

const MESSAGES: Readonly<Record<StorageCode, string>> = {
  full: "the disk of the state folder is full: make room",
  "read-only": "the state folder cannot be written: make it writable",
  damaged: "the database is damaged: put a backup in its place",
  busy: "another program holds the database: end it",
  io: "the disk of the state folder fails: look at the system's log",
};

/** The storage cannot do what was asked for now. The message is one line with what to do. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageCode;

  constructor(code: StorageCode, cause?: unknown) {
    super(MESSAGES[code], { cause });
    this.code = code;
  }
}
