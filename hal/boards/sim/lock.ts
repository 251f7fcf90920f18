import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateError } from "./state-dir.js";

/**
 * Holds a folder for one process. The lock is a listening socket: it ends with the process, however that ends.
 *
 * @returns what releases it
 * @throws StateError if another process holds the folder
 */
export async function lockFolder(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const name = createHash("sha256").update(realpathSync(folder)).digest("hex").slice(0, 24);
  const path = join(tmpdir(), `ota-device-${name}.sock`);
  let server = await listen(path);
  if (server === undefined) {
    if (await isListening(path)) throw new StateError(`${folder} is in use by a running device: stop it first`);
    // Left behind by a process that was killed.
    rmSync(path, { force: true });
    server = await listen(path);
  }
  if (server === undefined) throw new StateError(`cannot lock ${folder}`);
  const held = server;
  held.unref();
  return () => void held.close();
}

/** @returns `undefined` if the socket exists or cannot be made */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen(path, () => resolve(server));
  });
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
