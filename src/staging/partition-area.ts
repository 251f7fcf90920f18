import type { Device } from "../../hal/ports/index.js";
import type { StagingArea } from "./target.js";

/** Label of the data partition where images wait. */
const STAGING = "staging";

/** The data partition `staging`, as staging area. @throws HalError if the board has none */
export function partitionArea(device: Pick<Device, "openPartition">): StagingArea {
  return { label: STAGING, partition: device.openPartition(STAGING), prepare: () => {} };
}
