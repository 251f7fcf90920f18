/** The part of `embedded:storage/files` that this board uses. Paths are relative to a folder and stay inside it. */
export interface Directory {
  openFile(options: { path: string; mode: "r" | "r+" | "w+" }): File;
  /** `mode` is 0 if there is no such file. */
  status(path: string): { readonly size?: number; readonly mode: number };
  move(from: string, to: string): void;
  /** @returns whether there was such a file */
  delete(path: string): boolean;
  /** Names of the files. */
  scan(): Iterable<string>;
}

export interface File {
  /** @returns how many bytes were read */
  read(into: Uint8Array, position: number): number;
  write(bytes: Uint8Array, position: number): void;
  status(): { readonly size: number };
  /** Returns once the bytes are on the disk. */
  flush(): void;
  close(): void;
}
