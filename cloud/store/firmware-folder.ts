import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { chunksOf, fileContent } from "../files/file-content.js";
import {
  type FirmwareContent,
  type FirmwareFiles,
  isMd5,
  MOST_FILE_BYTES,
  type StoredFile,
} from "../files/firmware-files.js";
import { CloudError } from "../types.js";
import { openRegularFile } from "./regular-file.js";
import { storageErrorOfSystem } from "./system-errors.js";

const FOLDER = "firmware";
const DAY_MS = 86_400_000;
/** A file under way, of this program or of an earlier one that copied to `<md5>.bin.new`. */
const LEFTOVER = /\.new(-[0-9a-f]+)?$/;

export interface FirmwareFolderOptions {
  /** The state folder. */
  readonly folder: string;
  /** The folder of the files, which other processes may use too. Default: one in the state folder. */
  readonly filesFolder?: string | undefined;
  /** Whether other processes may use the state folder too, as with a database. */
  readonly isShared?: boolean;
  /** Most bytes of one file. */
  readonly mostFileBytes?: number;
}

/** The files of the packages in a folder of this machine. A file is under its name only if it is on the disk. */
export class FirmwareFolder implements FirmwareFiles {
  readonly #folder: string;
  readonly #mostFileBytes: number;

  private constructor({ folder, filesFolder, mostFileBytes = MOST_FILE_BYTES }: FirmwareFolderOptions) {
    this.#folder = filesFolder ?? join(folder, FOLDER);
    this.#mostFileBytes = mostFileBytes;
  }

  /**
   * Removes what an earlier process has left half done, so the caller must hold the lock of a state folder that is
   * not shared. In a folder of several processes, another one may be at work on it: what is younger than a day stays.
   *
   * @throws StorageError if the folder cannot be written @throws CloudError if a file is in its place
   */
  static async open(options: FirmwareFolderOptions): Promise<FirmwareFolder> {
    const opened = new FirmwareFolder(options);
    const isShared = options.isShared === true || options.filesFolder !== undefined;
    try {
      await mkdir(opened.#folder, { recursive: true });
      for (const name of await readdir(opened.#folder)) {
        if (!LEFTOVER.test(name)) continue;
        const path = join(opened.#folder, name);
        if (isShared && (await isYoung(path))) continue;
        await rm(path, { force: true });
      }
    } catch (error) {
      throw storageErrorOfSystem(error) ?? new CloudError(`${opened.#folder} is not a folder: choose another`);
    }
    return opened;
  }

  /** @param md5 as {@link add} has given it */
  pathOf(md5: string): string {
    if (!isMd5(md5)) throw new CloudError("an MD5 is 32 hexadecimal digits");
    return join(this.#folder, `${md5}.bin`);
  }

  async add(source: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const path = join(this.#folder, `incoming.new-${randomBytes(8).toString("hex")}`);
    let file: FileHandle | undefined;
    try {
      file = await opened(path);
      const stored = await this.#fill(file, source);
      await onDisk(file.sync());
      await file.close();
      file = undefined;
      await onDisk(rename(path, this.pathOf(stored.md5)));
      await this.#syncFolder();
      return stored;
    } catch (error) {
      await file?.close().catch(() => {});
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
  }

  async addFile(path: string): Promise<StoredFile> {
    const file = await openRegularFile(path);
    try {
      return await this.add(chunksOf(await fileContent(file)));
    } finally {
      await file.close();
    }
  }

  async open(md5: string): Promise<FirmwareContent> {
    let file: FileHandle;
    try {
      file = await open(this.pathOf(md5), "r");
    } catch (error) {
      throw storageErrorOfSystem(error) ?? new CloudError(`the file ${md5} is not in ${this.#folder}`);
    }
    return fileContent(file);
  }

  async sizeOf(md5: string): Promise<number | undefined> {
    try {
      return (await stat(this.pathOf(md5))).size;
    } catch {
      return undefined;
    }
  }

  async check({ md5, sha256, size }: StoredFile): Promise<"whole" | "missing" | "damaged"> {
    const path = this.pathOf(md5);
    let file: FileHandle;
    try {
      file = await open(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "missing";
      return "damaged";
    }
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size !== size) return "damaged";
      const digest = createHash("sha256");
      for await (const chunk of chunksOf(await fileContent(file))) digest.update(chunk);
      return digest.digest("hex") === sha256 ? "whole" : "damaged";
    } catch {
      return "damaged";
    } finally {
      await file.close();
    }
  }

  async remove(md5: string): Promise<void> {
    await onDisk(rm(this.pathOf(md5), { force: true }));
  }

  async #fill(file: FileHandle, source: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const [md5, sha256] = [createHash("md5"), createHash("sha256")];
    let size = 0;
    for await (const chunk of source) {
      size += chunk.byteLength;
      if (size > this.#mostFileBytes) throw new CloudError(`the file has more than ${this.#mostFileBytes} bytes`);
      md5.update(chunk);
      sha256.update(chunk);
      await writeWhole(file, chunk);
    }
    if (size === 0) throw new CloudError("the file is empty");
    return { md5: md5.digest("hex"), sha256: sha256.digest("hex"), size };
  }

  /** Without this the new name could be lost by a power cut, though the file's bytes are on the disk. */
  async #syncFolder(): Promise<void> {
    if (process.platform === "win32") return;
    const folder = await open(this.#folder, "r");
    try {
      await onDisk(folder.sync());
    } finally {
      await folder.close();
    }
  }
}

/** @returns false also if it has its name by now */
async function isYoung(path: string): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs > Date.now() - DAY_MS;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function opened(path: string): Promise<FileHandle> {
  return onDisk(open(path, "wx", 0o600));
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await onDisk(file.write(bytes, done, bytes.byteLength - done));
    done += bytesWritten;
  }
}

async function onDisk<Result>(doing: Promise<Result>): Promise<Result> {
  try {
    return await doing;
  } catch (error) {
    throw storageErrorOfSystem(error) ?? error;
  }
}
