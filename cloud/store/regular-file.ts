import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { CloudError } from "../types.js";

/**
 * Opens a file of the operator's for reading. Something else is refused before it is opened: a FIFO would wait for its
 * writer for ever, and a device would never end.
 *
 * @throws CloudError if it cannot be read or is no regular file
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    mustBeRegular(path, await stat(path));
    // It may have been replaced meanwhile: O_NONBLOCK does not wait for a FIFO's writer.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    mustBeRegular(path, await file.stat());
    return file;
  } catch (error) {
    await file?.close();
    if (error instanceof CloudError) throw error;
    throw new CloudError(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file or folder";
  return code === "EACCES" ? "permission denied" : code;
}

function mustBeRegular(path: string, stats: Stats): void {
  if (!stats.isFile()) throw new CloudError(`${path} is ${kindOf(stats)}: give a file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  return "a device";
}
