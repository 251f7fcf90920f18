import { type FlashMedium, type NorFlash, SECTOR_LENGTH } from "../../hal/boards/sim/nor-flash.js";
import type { SeededRandom } from "./seed.js";

interface Operation {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Keeps every program and erase, in order. */
export class RecordingMedium implements FlashMedium {
  readonly operations: Operation[] = [];

  write(bytes: Uint8Array, address: number): void {
    this.operations.push({ address, bytes: bytes.slice() });
  }

  close(): void {}
}

export interface Cut {
  /** What the chip holds after the cut. */
  readonly bytes: Uint8Array;
  readonly operation: number;
  readonly how: string;
}

/**
 * The chip after a power cut at each of the operations: not begun, torn (a prefix of a program, either half of an
 * erase), and after the last one. The caller may keep `bytes`.
 */
export function* cutsOf(before: Uint8Array, operations: readonly Operation[], random: SeededRandom): Generator<Cut> {
  const done = before.slice();
  for (const [operation, { address, bytes }] of operations.entries()) {
    yield { bytes: done.slice(), operation, how: "not begun" };
    if (isErase(bytes)) {
      for (const [how, from] of [
        ["first half", 0],
        ["second half", bytes.byteLength / 2],
      ] as const) {
        const torn = done.slice();
        torn.fill(0xff, address + from, address + from + bytes.byteLength / 2);
        yield { bytes: torn, operation, how: `erased the ${how}` };
      }
    } else if (bytes.byteLength > 1) {
      const torn = done.slice();
      const length = random.integer(1, bytes.byteLength);
      torn.set(bytes.subarray(0, length), address);
      yield { bytes: torn, operation, how: `programmed ${length} of ${bytes.byteLength} bytes` };
    }
    done.set(bytes, address);
  }
  yield { bytes: done, operation: operations.length, how: "after the last" };
}

/** Fails at one operation: for an error that the board survives. */
export class FailingMedium implements FlashMedium {
  #countdown = Infinity;

  /** The operation after `count` more throws; the ones after it do not. */
  failAfter(count: number): void {
    this.#countdown = count;
  }

  write(): void {
    if (this.#countdown-- === 0) throw new Error("flash failed");
  }

  close(): void {}
}

export function bytesOf(flash: NorFlash): Uint8Array {
  return flash.slice(0, flash.byteLength);
}

function isErase(bytes: Uint8Array): boolean {
  return bytes.byteLength % SECTOR_LENGTH === 0 && bytes.every((byte) => byte === 0xff);
}
