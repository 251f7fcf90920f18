import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateError } from "./state-dir.js";

/**
 * Holds a folder for one process. The lock is a listening socket: it ends with the process, however that ends.
 *
 * @returns what releases it
 * @throws StateError where another process holds the folder
 */
export async function lockFolder(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const name = createHash("sha256").update(realpathSync(folder)).digest("hex").slice(0, 24);
  const path = join(tmpdir(), `ota-device-${name}.sock`);
  if (await isListening(path)) throw new StateError(`${folder} is in use by a running device: stop it first`);
  rmSync(path, { force: true });
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", () => reject(new StateError(`cannot lock ${folder}`)));
    server.listen(path, resolve);
  });
  server.unref();
  return () => server.close();
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
