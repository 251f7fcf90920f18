import type { FlashInstance, FlashModule } from "../../ecma419/modules.js";
import { type NorFlash, SECTOR_LENGTH } from "./nor-flash.js";
import { type Partition, TYPE_DATA } from "./partition-table.js";
import type { Power } from "./power.js";

/** Double programming is detected in units of this many bytes, one line of flash encryption. */
const LINE_LENGTH = 16;

export interface FlashModuleOptions {
  flash: NorFlash;
  power: Power;
  partitions: readonly Partition[];
  running: Partition;
  target: Partition;
}

/**
 * `embedded:storage/flash` as the SDK has it on ESP32: a partition is writable unless it was opened otherwise, and
 * `status()` has three fields. As in ESP-IDF, every access past the end of the partition fails. It is stricter than the
 * chip: it refuses a write that is not aligned to a line of 16 bytes, a second write to a line between two erases, even
 * with the same bytes, and any write to the running slot.
 */
export function createFlashModule(options: FlashModuleOptions): FlashModule {
  const { flash, power, partitions, running, target } = options;
  const programmed = new ProgrammedLines(flash);
  return {
    open({ path, mode = "r+" }): FlashInstance {
      power.check();
      if (mode !== "r" && mode !== "r+") throw new Error("invalid mode");
      const partition = find(path);
      if (partition === undefined) throw new Error("can't find partition");
      return instance(partition, mode === "r");
    },
  };

  function find(path: string): Partition | undefined {
    if (path === "running") return running;
    if (path === "nextota") return target;
    return partitions.find(({ type, label }) => type === TYPE_DATA && label === path);
  }

  function instance(partition: Partition, readOnly: boolean): FlashInstance {
    let open = true;
    const address = (byteOffset: number, byteLength: number, what: "read" | "write" | "erase"): number => {
      const writes = what !== "read";
      power.check();
      if (!open) throw new Error("closed");
      if (writes && readOnly) throw new Error("read-only");
      if (writes && partition === running) throw new Error("write to the running slot");
      if (byteOffset < 0 || byteLength < 0 || byteOffset + byteLength > partition.size) {
        throw new Error(`${what} failed`);
      }
      return partition.offset + byteOffset;
    };
    return {
      status: () => ({ size: partition.size, blockLength: SECTOR_LENGTH, blocks: partition.size / SECTOR_LENGTH }),
      read(buffer, byteOffset) {
        flash.read(buffer, address(byteOffset, buffer.byteLength, "read"));
        return buffer.byteLength;
      },
      write(buffer, byteOffset) {
        const at = address(byteOffset, buffer.byteLength, "write");
        programmed.check(at, buffer.byteLength);
        programmed.mark(at, buffer.byteLength);
        flash.program(buffer, at);
      },
      eraseBlock(start, end = start + 1) {
        const byteLength = (end - start) * SECTOR_LENGTH;
        const at = address(start * SECTOR_LENGTH, byteLength, "erase");
        programmed.mark(at, byteLength);
        flash.erase(at, byteLength);
        programmed.clear(at, byteLength);
      },
      close() {
        open = false;
      },
    };
  }
}

/**
 * Records which lines were programmed, even in part, since an erase of them succeeded. For lines of an earlier boot,
 * only their bytes show whether they were programmed.
 */
class ProgrammedLines {
  readonly #flash: NorFlash;
  readonly #lines: Uint8Array;

  constructor(flash: NorFlash) {
    this.#flash = flash;
    this.#lines = new Uint8Array(flash.byteLength / LINE_LENGTH);
  }

  check(address: number, byteLength: number): void {
    if (address % LINE_LENGTH !== 0 || byteLength % LINE_LENGTH !== 0) throw new Error("write not aligned");
    if (this.#slice(address, byteLength).some((line) => line !== 0) || !this.#flash.isBlank(address, byteLength)) {
      throw new Error(`0x${address.toString(16)} is programmed twice`);
    }
  }

  mark(address: number, byteLength: number): void {
    this.#slice(address, byteLength).fill(1);
  }

  clear(address: number, byteLength: number): void {
    this.#slice(address, byteLength).fill(0);
  }

  #slice(address: number, byteLength: number): Uint8Array {
    return this.#lines.subarray(address / LINE_LENGTH, (address + byteLength) / LINE_LENGTH);
  }
}
