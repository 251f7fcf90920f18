import { closeSync, constants, openSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { LOCK_FILE, makeFolder, StateError } from "./state-dir.js";

/** macOS: open(2) takes an exclusive flock(2) with the file. Node has no name for it. */
const O_EXLOCK = 0x20;

/**
 * Holds a folder for one process. The kernel gives the lock to one of those that ask, and takes it back when the
 * process ends, however that ends: nothing is left behind, and nothing has to be cleared away before the next one asks.
 *
 * On Linux the lock is a listening socket in the abstract namespace (unix(7)), whose name is the folder's device and
 * inode: it is the same by whatever path and with whatever TMPDIR. It holds among the processes of one network
 * namespace. On macOS it is a lock of a file in the folder.
 *
 * @returns what releases it
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

/** @returns what ends it, or `undefined` if somebody listens there */
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
 * @returns what unlocks it, or `undefined` if somebody has locked it. The file stays: who removed it could remove
 * another's lock.
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
