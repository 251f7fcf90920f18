/** Words for the errors that the system returns for a file or folder. A code that is not listed is shown as it is. */
const WORDS: { readonly [code: string]: string } = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the disk's quota is used up",
  EEXIST: "a file of that name is in the way",
  EFBIG: "it would be too large for the disk",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is a file, not a folder",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/** @param error what a call of node:fs threw @returns why, in words */
export function fileFault(error: unknown): string {
  const { code = "", syscall, message } = error as NodeJS.ErrnoException;
  return WORDS[code] ?? (syscall === undefined ? message : code);
}

/** Words for system calls whose name is not an English verb. */
const VERBS: { readonly [syscall: string]: string } = {
  copyfile: "write",
  mkdir: "make",
  mkdtemp: "make",
  rename: "write",
  scandir: "read",
  unlink: "remove",
};

/** @returns one line for an error of node:fs that no other code has described, or `undefined` for any other error */
export function describeFileFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", syscall, path, dest }: NodeJS.ErrnoException & { readonly dest?: string } = error;
  if (!Object.hasOwn(WORDS, code) || syscall === undefined || syscall.startsWith("spawn")) return undefined;
  const name = dest ?? path;
  return `cannot ${VERBS[syscall] ?? syscall}${name === undefined ? "" : ` ${name}`}: ${fileFault(error)}`;
}
