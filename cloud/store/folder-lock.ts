import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { CloudError } from "../types.js";
import { storageErrorOf } from "./libsql-errors.js";

const LOCK_FILE = "cloud.lock";
/** Holds the id of the process that has the lock. Nobody decides by it: it is for the message to the second one. */
const OWNER_FILE = "cloud.lock.owner";

/**
 * Locks a state folder for one process, by an exclusive transaction on an empty database that is never written. The
 * operating system gives the lock to one process, and takes it back when that process ends, even by kill -9. The file
 * stays: it could already be locked by another process.
 *
 * @returns a function that releases the lock
 * @throws CloudError if another process has the folder @throws StorageError if the lock's file cannot be opened
 */
export function lockFolder(folder: string): () => void {
  let database: Database.Database | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    database = new Database(join(folder, LOCK_FILE));
    database.exec("begin exclusive");
    writeFileSync(join(folder, OWNER_FILE), `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    database?.close();
    const known = storageErrorOf(error);
    if (known?.code === "busy") throw new CloudError(`${folder} is in use by ${ownerOf(folder)}: stop it first`);
    if (known !== undefined) throw known;
    throw new CloudError(`${folder} is not a folder that can be written: choose another`);
  }
  const locked = database;
  return () => {
    if (!locked.open) return;
    locked.exec("rollback");
    locked.close();
  };
}

function ownerOf(folder: string): string {
  try {
    const id = readFileSync(join(folder, OWNER_FILE), "utf8").trim();
    return /^[0-9]{1,10}$/.test(id) ? `process ${id}` : "another process";
  } catch {
    return "another process";
  }
}
