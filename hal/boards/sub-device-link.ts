import type { Installer } from "./main.js";
import type { TimerModule } from "../ecma419/modules.js";

/** The wire between a gateway and a simulated sub-device. */
export interface SubDeviceBus {
  /** @returns `undefined` if the sub-device does not answer */
  version(): string | undefined;
  /** @returns false if the sub-device never answers again @throws Error if it does not answer */
  write(md5: string, byteOffset: number, bytes: Uint8Array): boolean;
  /** Called once all is written. @returns why the sub-device refuses the image, or `undefined` */
  finish(image: { readonly version: string; readonly md5: string; readonly size: number }): string | undefined;
  /** What runs there, for deltas from it. @returns how many bytes were read */
  read?(byteOffset: number, into: Uint8Array): number;
}

/** Bytes that go over the wire at once. */
const PIECE_LENGTH = 4096;

/**
 * Makes a gateway application's driver of such a sub-device. It sends one piece in each turn of the event loop. It is
 * used on Node and in the engine.
 *
 * @param options.pauseMs time between two pieces, in milliseconds
 */
export function createSubDeviceLink({
  bus,
  Timer,
  pauseMs = 0,
}: {
  bus: SubDeviceBus;
  Timer: TimerModule;
  pauseMs?: number | undefined;
}): Installer {
  return {
    version: () => bus.version(),
    install(image, job) {
      const piece = new Uint8Array(PIECE_LENGTH);
      let byteOffset = image.acknowledged;
      const turn = (): void => {
        try {
          const count = image.read(byteOffset, piece);
          if (count === 0 && byteOffset < image.size) return;
          if (count === 0) {
            const reason = bus.finish(image);
            if (reason === undefined) job.succeed();
            else job.fail(reason);
            return;
          }
          if (!bus.write(image.md5, byteOffset, piece.subarray(0, count))) return;
          byteOffset += count;
          job.progress(byteOffset);
          job.acknowledge(byteOffset);
          Timer.set(turn, pauseMs);
        } catch (error) {
          job.fail(error instanceof Error ? error.message : String(error));
        }
      };
      turn();
    },
    ...(bus.read && { readInstalled: (byteOffset, into) => bus.read?.(byteOffset, into) ?? 0 }),
  };
}
