import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { CloudError } from "../types.js";
import { storageErrorOf } from "./libsql-errors.js";

const LOCK_FILE = "cloud.lock";
/** Holds the id of the process that has the lock. Nobody decides by it: it is for the message to the second one. */
const OWNER_FILE = "cloud.lock.owner";
/** How long the second process waits for that id: half a second. */
const OWNER_TRIES = 25;
const OWNER_PAUSE_MS = 20;

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

/** The one who has the lock writes its id right afterwards: what is there before is missing, or of one that ended. */
function ownerOf(folder: string): string {
  for (let tries = 0; tries < OWNER_TRIES; tries += 1) {
    const id = readOwner(folder);
    if (id !== undefined && isRunning(id)) return `process ${id}`;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OWNER_PAUSE_MS);
  }
  return "another process";
}

function readOwner(folder: string): number | undefined {
  try {
    const id = readFileSync(join(folder, OWNER_FILE), "utf8").trim();
    return /^[1-9][0-9]{0,9}$/.test(id) ? Number(id) : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
