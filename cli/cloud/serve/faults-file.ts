import type { FaultSpec } from "../../../cloud/faults/fault.js";
import { parseFaults } from "../../../cloud/faults/parse.js";
import { CloudError } from "../../../cloud/types.js";
import { UsageError } from "../../command-line.js";
import { readJson } from "../../files.js";

/** @throws UsageError that names the file and the entry */
export function readFaults(path: string): FaultSpec[] {
  const value = readJson(path);
  try {
    return parseFaults(value);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    throw new UsageError(`${path}: ${error.message}`);
  }
}
