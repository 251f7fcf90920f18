import { verifyP256 } from "../../hal/boards/sim/p256.js";
import { NodeDigest } from "../../hal/boards/sim/digest.js";
import type { BoardModules, FlashInstance } from "../../hal/ecma419/modules.js";
import { createBoot } from "./boot.js";
import { createNetwork, type Servers } from "../support/virtual-network.js";
import type { Scheduler } from "../support/scheduler.js";
import { type Operation, readWeak } from "./tears.js";
import { AREA, AREA_LABEL, LINE_LENGTH, type Slot, type World } from "./world.js";

export interface CrashBoardOptions {
  readonly world: World;
  readonly running: number;
  readonly scheduler: Scheduler;
  readonly servers: Servers;
  /** Called with every change, in order. */
  change(operation: Operation): void;
  /** The agent broke a rule of the hardware. */
  onBroken(what: string): void;
  restart(): void;
}

/** The modules of one boot of the small chip. Time, network and entropy are the same in every run. */
export function createCrashBoard(options: CrashBoardOptions): BoardModules {
  const { world, running, scheduler, servers, change, restart } = options;
  return {
    flash: { open: ({ path }) => openFlash(options, path) },
    regionLength: world.geometry.regionBlocks * world.geometry.blockLength,
    keyValue: {
      open: () => ({
        read: (key) => world.records[key]?.slice().buffer,
        write: (key, value) => change({ kind: "record", key, bytes: new Uint8Array(value).slice() }),
        delete: (key) => {
          if (world.records[key] !== undefined) change({ kind: "record", key, bytes: undefined });
        },
        close: () => {},
      }),
    },
    TCP: createNetwork(scheduler, servers),
    TLS: class {
      constructor() {
        throw new Error("no TLS here");
      }
      read(): void {}
      write(): void {}
      close(): void {}
    },
    Timer: scheduler.Timer,
    Time: scheduler.Time,
    Digest: NodeDigest,
    platform: {
      boot: createBoot(world, running, change, restart),
      resolve: (host, callback) => void scheduler.set(() => callback(host, "10.0.0.1"), 0),
      randomFill: (into) => void into.fill(0x80),
      unixTime: () => undefined,
      verifyP256,
    },
  };
}

function openFlash({ world, running, change, onBroken }: CrashBoardOptions, path: string): FlashInstance {
  const index = path === "running" ? running : path === "nextota" ? 1 - running : path === AREA_LABEL ? AREA : -1;
  if (world.slots[index] === undefined) throw new Error("can't find partition");
  const { blockLength, slotBlocks } = world.geometry;
  /** How often each block was read since the boot. */
  const readings = new Uint32Array(slotBlocks);
  const checkWritable = (): void => {
    if (index === running) onBroken("the running slot is written to");
  };
  return {
    status: () => ({ size: slotBlocks * blockLength, blockLength, blocks: slotBlocks }),
    read(buffer, byteOffset) {
      const slot = world.slots[index] as Slot;
      buffer.set(slot.bytes.subarray(byteOffset, byteOffset + buffer.byteLength));
      for (
        let block = Math.floor(byteOffset / blockLength);
        block * blockLength < byteOffset + buffer.byteLength;
        block++
      ) {
        const seed = slot.weak[block] as number;
        if (seed !== 0) readWeak(buffer, seed, (readings[block] as number)++);
      }
    },
    write(buffer, byteOffset) {
      checkWritable();
      const { lines: all } = world.slots[index] as Slot;
      const lines = all.subarray(byteOffset / LINE_LENGTH, (byteOffset + buffer.byteLength) / LINE_LENGTH);
      if (lines.some((line) => line !== 0)) onBroken(`block at ${byteOffset} is programmed without an erase`);
      change({ kind: "program", slot: index, offset: byteOffset, bytes: buffer.slice() });
    },
    eraseBlock(start, end) {
      checkWritable();
      change({ kind: "erase", slot: index, offset: start * blockLength, byteLength: (end - start) * blockLength });
    },
    close: () => {},
  };
}
