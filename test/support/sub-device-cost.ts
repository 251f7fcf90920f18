import type { AttachedSubDevice } from "../../hal/boards/sim/main.js";
import { ESP32_HEAP, type HeapStatistics, measureHeap, SLOT_LENGTH } from "../../hal/boards/xs/heap.js";
import type { XsWorker } from "../../hal/boards/xs/worker.js";
import { Bench } from "./bench.js";
import { ChipEngine } from "./chip-engine.js";
import { GatewayPlatform, PRODUCT } from "./sub-device-bench.js";

/** What sub-devices cost the engine that have nothing to do but to be online, their links not counted. */
export interface SubDeviceCost {
  readonly bytesEach: number;
  readonly slotsEach: number;
  readonly chunkBytesEach: number;
}

const FEW = 10;
const SETTLE_MS = 1_500;
const TIMEOUT_MS = 120_000;

/** @param count more than 10: the difference to 10 of them is what is divided */
export async function measureSubDevices(count: number): Promise<SubDeviceCost> {
  const few = await idle(FEW);
  const many = await idle(count);
  const each = (value: (heap: HeapStatistics) => number): number => (value(many) - value(few)) / (count - FEW);
  const slotsEach = each(({ slots }) => slots.live);
  const chunkBytesEach = each(({ chunkBytes }) => chunkBytes.live);
  return { slotsEach, chunkBytesEach, bytesEach: slotsEach * SLOT_LENGTH + chunkBytesEach };
}

async function idle(count: number): Promise<HeapStatistics> {
  const engine = await ChipEngine.create({ heap: ESP32_HEAP, tellsEvents: false, sharesLink: true, realTime: true });
  const platform = new GatewayPlatform();
  await platform.start();
  const subDevices = Array.from({ length: count }, (_, index): AttachedSubDevice => ({
    productId: PRODUCT,
    deviceName: `meter_${String(index).padStart(4, "0")}`,
    version: () => "1.0.0",
    write: () => false,
    finish: () => undefined,
  }));
  const bench = await Bench.start({ engine, platform, subDevices, config: { gateway: { messagesPerSecond: 30 } } });
  try {
    bench.board.powerOn();
    await bench.until("version reports", () => platform.words().length === count + 1, TIMEOUT_MS);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return await measureHeap(engine.worker as XsWorker);
  } finally {
    await bench.stop();
  }
}
