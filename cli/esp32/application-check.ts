import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { otaSlots, type Partition } from "../../hal/boards/sim/partition-table.js";
import type { ApplicationOptions } from "./application.js";
import { checkModules, checkPartitions, checkSettings, checkStack, link, type Linked } from "./link.js";
import { checkRoom, estimateImage, type Room } from "./room.js";

/** What can be found out about an application on a board without ESP-IDF. */
export interface Checked {
  readonly linked: Linked;
  /** Checked settings of the merged sdkconfig, in words. */
  readonly settings: readonly string[];
  readonly partitions: readonly Partition[];
  /** Room in a slot, for the estimated size of the image. */
  readonly room: Room;
}

/**
 * Links the application in a folder of its own and checks the result.
 *
 * @throws Error that names what the board lacks, and what to do
 */
export function checkApplication(application: Omit<ApplicationOptions, "output">): Checked {
  const output = mkdtempSync(join(tmpdir(), "moddable-ota-esp32-"));
  try {
    const linked = link({ ...application, output });
    checkStack(linked);
    checkModules(linked);
    const partitions = checkPartitions(linked.partitions, application.table);
    return {
      linked,
      settings: checkSettings(linked.sdkconfig),
      partitions,
      room: checkRoom({ byteLength: estimateImage(linked), slotLength: slotLengthOf(partitions), isEstimate: true }),
    };
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** @returns bytes of each OTA slot; all slots have the same size */
export function slotLengthOf(partitions: readonly Partition[]): number {
  const [slot] = otaSlots(partitions);
  if (slot === undefined) throw new Error("the partition table has no OTA slots");
  return slot.size;
}
