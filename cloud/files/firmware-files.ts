/** What is known of a file once it was read in one pass. Digests are hexadecimal in lower case. */
export interface StoredFile {
  readonly md5: string;
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** The bytes of a file, to be read from any place. */
export interface FirmwareContent {
  /** In bytes. */
  readonly size: number;
  /** @returns the bytes from `offset` on: `length` of them, or fewer at the end of the file */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface ProbeLimits {
  /** Most tries. */
  readonly tries?: number;
  /** For one try, in milliseconds; if the place asks for a longer pause, none is made after it. */
  readonly timeoutMs?: number;
  /** Ends the probe. */
  readonly signal?: AbortSignal;
}

/** The files of the packages, each named by its MD5. A file is under its name only if it is whole. */
export interface FirmwareFiles {
  /**
   * Takes in a file. If one with these bytes is stored, it is replaced, which mends it if it was damaged.
   *
   * @param source its bytes; the source waits while they are stored
   * @throws CloudError if it is empty or too big
   * @throws StorageError, ObjectStoreError if it cannot be stored; and what `source` throws
   */
  add(source: AsyncIterable<Uint8Array>): Promise<StoredFile>;
  /** As {@link add}, from a file of this machine. @throws CloudError if it cannot be read or is no regular file */
  addFile(path: string): Promise<StoredFile>;
  /** @throws CloudError if there is no such file */
  open(md5: string): Promise<FirmwareContent>;
  /** @returns its bytes' count, or `undefined` if there is no such file */
  sizeOf(md5: string): Promise<number | undefined>;
  /** @returns whether the stored file has these bytes still; the whole file is read */
  check(file: StoredFile): Promise<"whole" | "missing" | "damaged">;
  /** Removes a file that no package holds any more. */
  remove(md5: string): Promise<void>;
  /** Where a file lies on this machine, from where this process serves it; `undefined` if it lies in another place. */
  pathOf(md5: string): string | undefined;
  /**
   * Asks the place whether it answers and lets this cloud in. Absent: it is a folder.
   *
   * @throws ObjectStoreError if not
   */
  probe?(limits?: ProbeLimits): Promise<void>;
}

/** The documents of the platform: a file of a package has at most 100 MB. */
export const MOST_FILE_BYTES = 100 * 1024 * 1024;

/** Bytes that are read of a file at a time. */
export const READ_BYTES = 256 * 1024;

const MD5 = /^[0-9a-f]{32}$/;

export function isMd5(text: string): boolean {
  return MD5.test(text);
}
