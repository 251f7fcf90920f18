import type { FilesSettings } from "../../cloud/files/open-files.js";
import { UsageError } from "../command-line.js";

/** Where the files of the packages are, as the options say it. */
export interface FilesChoice {
  readonly files?: string;
  readonly filesKeys?: string;
}

/** @returns `undefined` if they are in the state folder @throws UsageError */
export function filesSettings({ files, filesKeys }: FilesChoice): FilesSettings | undefined {
  if (files === undefined && filesKeys !== undefined) throw new UsageError("--files-keys is for --files s3://…");
  return files === undefined ? undefined : { location: files, keysFile: filesKeys };
}
