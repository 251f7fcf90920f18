import { openAtRest } from "../../cloud/core.js";
import type { FilesSettings } from "../../cloud/files/open-files.js";
import type { Operator } from "../../cloud/operator/types.js";

/**
 * Opens the state in a folder on which no cloud runs, under the folder's lock, or the one in a database beside the
 * processes that work on it. The operator's `close` releases it.
 *
 * @throws CloudError if another process has the folder, or it is damaged
 */
export async function openLocal(
  folder: string,
  options: { readonly database?: string | undefined; readonly files?: FilesSettings | undefined },
): Promise<Operator> {
  return (await openAtRest(folder, options)).operator;
}
