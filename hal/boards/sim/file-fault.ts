/** What the system says when it refuses a file or folder, in words; a code that is not listed is said as it is. */
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

/** What was tried, in words if the name of the call is none. */
const VERBS: { readonly [syscall: string]: string } = {
  copyfile: "write",
  mkdir: "make",
  mkdtemp: "make",
  rename: "write",
  scandir: "read",
  unlink: "remove",
};

/** @returns one line for a failure of node:fs that nobody has put into words, or `undefined` if it is something else */
export function describeFileFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", syscall, path, dest }: NodeJS.ErrnoException & { readonly dest?: string } = error;
  if (!Object.hasOwn(WORDS, code) || syscall === undefined || syscall.startsWith("spawn")) return undefined;
  const name = dest ?? path;
  return `cannot ${VERBS[syscall] ?? syscall}${name === undefined ? "" : ` ${name}`}: ${fileFault(error)}`;
}
