import { closeSync, constants, openSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { LOCK_FILE, makeFolder, StateError } from "./state-dir.js";

/** On macOS, open(2) with this flag takes an exclusive flock(2) of the file. Node has no name for the flag. */
const O_EXLOCK = 0x20;

/**
 * Locks a folder for one process. The kernel gives the lock to one process, and takes it back when that process ends,
 * even if it crashes. So nothing is left behind that would have to be removed before the next process takes the lock.
 *
 * On Linux the lock is a listening socket in the abstract namespace (unix(7)). Its name is made from the folder's
 * device and inode, so it is the same for every path of the folder and every TMPDIR. It works among the processes of
 * one network namespace. On macOS the lock is that of a file in the folder.
 *
 * @returns a function that releases the lock
 * @throws StateError if another process holds the folder, or it cannot be made
 */
export async function lockFolder(folder: string): Promise<() => void> {
  let release: (() => void) | undefined;
  try {
    makeFolder(folder);
    release = process.platform === "linux" ? await listen(abstractName(folder)) : lockFile(join(folder, LOCK_FILE));
  } catch (error) {
    throw StateError.of(`cannot use ${folder}`, error);
  }
  if (release === undefined) throw new StateError(`${folder} is in use by a running device: stop it first`);
  return release;
}

function abstractName(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  return `\0moddable-ota/board/${dev}/${ino}`;
}

/** @returns a function that ends it, or `undefined` if another process listens there */
function listen(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ path: name, exclusive: true }, () => resolve(() => void server.close()));
    server.unref();
  });
}

/**
 * The file is never removed, because it could already be locked by another process.
 *
 * @returns a function that unlocks it, or `undefined` if another process has locked it
 */
function lockFile(path: string): (() => void) | undefined {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK, 0o600);
    return () => closeSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EAGAIN" || code === "EWOULDBLOCK") return undefined;
    throw error;
  }
}
