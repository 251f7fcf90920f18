import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { CloudError } from "../types.js";
import { type FirmwareFiles, isMd5 } from "./firmware-files.js";

export interface CopyFilesOptions {
  /** With files named by their MD5, as a cloud keeps them. It is only read: a cloud may run on it. */
  readonly folder: string;
  readonly to: FirmwareFiles;
  /** Called after each file. */
  onFile?(file: CopiedFile): void;
}

export interface CopiedFile {
  readonly md5: string;
  /** In bytes. */
  readonly size: number;
  /** `known`: it was there with this size. `damaged`: what the folder has is not what its name says. */
  readonly result: "copied" | "known" | "damaged";
}

const SUFFIX = ".bin";

/**
 * Copies the files of a folder to another place, those that are not there yet. A file is compared with its name before:
 * under the name of what it has become may be a file that a package needs.
 *
 * @throws CloudError if the folder cannot be read @throws StorageError, ObjectStoreError if a file cannot be stored
 */
export async function copyFiles({ folder, to, onFile }: CopyFilesOptions): Promise<CopiedFile[]> {
  const names = await readdir(folder).catch(() => {
    throw new CloudError(`cannot read the folder ${folder}`);
  });
  const copied: CopiedFile[] = [];
  for (const name of names.sort()) {
    const md5 = name.slice(0, -SUFFIX.length);
    if (!name.endsWith(SUFFIX) || !isMd5(md5)) continue;
    const path = join(folder, name);
    const { size } = await stat(path);
    const file = { md5, size, result: await copyOne(path, { md5, size }, to) };
    onFile?.(file);
    copied.push(file);
  }
  return copied;
}

async function copyOne(
  path: string,
  { md5, size }: { readonly md5: string; readonly size: number },
  to: FirmwareFiles,
): Promise<CopiedFile["result"]> {
  if (size === 0) return "damaged";
  if ((await to.sizeOf(md5)) === size) return "known";
  if ((await md5Of(path)) !== md5) return "damaged";
  // It is stored under the name of what was read: at the worst, one that nobody asks for.
  return (await to.addFile(path)).md5 === md5 ? "copied" : "damaged";
}

async function md5Of(path: string): Promise<string> {
  const digest = createHash("md5");
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) digest.update(chunk);
  return digest.digest("hex");
}
