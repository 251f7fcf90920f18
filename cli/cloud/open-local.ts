import { openAtRest } from "../../cloud/core.js";
import type { Operator } from "../../cloud/operator/types.js";

/**
 * Opens the state in a folder on which no cloud runs, under the folder's lock. The operator's `close` releases it.
 *
 * @throws CloudError if another process has it, or it is damaged
 */
export async function openLocal(folder: string): Promise<Operator> {
  return (await openAtRest(folder)).operator;
}
