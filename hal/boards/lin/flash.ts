import type { FlashInstance, FlashModule } from "../../ecma419/modules.js";
import type { BootChoice } from "./boot-loader.js";
import { type NorFile, SECTOR_LENGTH } from "./nor-file.js";
import { type Partition, TYPE_DATA } from "../partition-table.js";

/**
 * `embedded:storage/flash` as the SDK has it on ESP32: a partition is writable unless it was opened otherwise,
 * `status()` has three fields, and no alignment is required. Unlike the SDK's, it refuses access outside of the
 * partition.
 */
export function createFlash(flash: NorFile, choice: BootChoice): FlashModule {
  const { partitions, slots, running, target } = choice;
  return {
    open({ path, mode = "r+" }): FlashInstance {
      if (mode !== "r" && mode !== "r+") throw new Error("invalid mode");
      const partition = find(path);
      if (partition === undefined) throw new Error("can't find partition");
      return instance(partition, mode === "r");
    },
  };

  function find(path: string): Partition | undefined {
    if (path === "running") return slots[running];
    if (path === "nextota") return slots[target];
    return partitions.find(({ type, label }) => type === TYPE_DATA && label === path);
  }

  function instance(partition: Partition, readOnly: boolean): FlashInstance {
    let open = true;
    const address = (byteOffset: number, byteLength: number, writes: boolean): number => {
      if (!open) throw new Error("closed");
      if (writes && readOnly) throw new Error("read-only");
      if (!(byteOffset >= 0 && byteLength >= 0 && byteOffset + byteLength <= partition.size)) {
        throw new Error("outside the partition");
      }
      return partition.offset + byteOffset;
    };
    return {
      status: () => ({ size: partition.size, blockLength: SECTOR_LENGTH, blocks: partition.size / SECTOR_LENGTH }),
      read(buffer, byteOffset) {
        flash.read(buffer, address(byteOffset, buffer.byteLength, false));
        return buffer.byteLength;
      },
      write: (buffer, byteOffset) => flash.program(buffer, address(byteOffset, buffer.byteLength, true)),
      eraseBlock(start, end = start + 1) {
        const byteLength = (end - start) * SECTOR_LENGTH;
        flash.erase(address(start * SECTOR_LENGTH, byteLength, true), byteLength);
      },
      close() {
        open = false;
      },
    };
  }
}
