/**
 * What is wrong with the storage: the disk is full, it cannot be written, the file is damaged, another one holds what
 * is needed, the disk fails. A server may also not be reached, have no connection left, or refuse the user; and another
 * process may lead now.
 */
export type StorageCode =
  | "full"
  | "read-only"
  | "damaged"
  | "busy"
  | "io"
  | "lost"
  | "connections"
  | "refused"
  | "superseded";

/** Where the state is: in a folder on this machine, or on the server of a database. */
export type StoragePlace = "folder" | "server";

const MESSAGES: Readonly<Record<StoragePlace, Readonly<Record<StorageCode, string>>>> = {
  folder: {
    full: "the disk of the state folder is full: make room",
    "read-only": "the state folder cannot be written: make it writable",
    damaged: "the database is damaged: put a backup in its place",
    busy: "another program holds the database: end it",
    io: "the disk of the state folder fails: look at the system's log",
    lost: "the database is closed",
    connections: "the database has no connection left",
    refused: "the database refuses this user",
    superseded: "another process leads now",
  },
  server: {
    full: "the disk of the database is full: make room",
    "read-only": "the database takes no writes: name the server that does, and not its replica",
    damaged: "the database is damaged: restore a backup",
    busy: "the database did not answer in time: look for what holds its locks",
    io: "the server of the database fails: look at its log",
    lost: "the database cannot be reached: start it, or correct its URL",
    connections: "the database has no connection left: raise its max_connections, or end what holds them",
    refused: "the database refuses this user: correct its name, password and rights",
    superseded: "another process leads now: this one goes on beside it",
  },
};

/** The storage cannot do what was asked for now. The message is one line with what to do. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageCode;

  constructor(code: StorageCode, cause?: unknown, place: StoragePlace = "folder") {
    super(MESSAGES[place][code], { cause });
    this.code = code;
  }
}
