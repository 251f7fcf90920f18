import type { AttachedSubDevice } from "../../hal/boards/sim/main.js";
import { type HeapStatistics, measureHeap, SLOT_LENGTH } from "../../hal/boards/xs/heap.js";
import type { XsWorker } from "../../hal/boards/xs/worker.js";
import type { OtaConfig } from "../../src/index.js";
import { DEVICE, TestBed, imageOf } from "./test-bed.js";
import { ChipEngine } from "./chip-engine.js";
import { GatewayPlatform, PRODUCT } from "./sub-device-test-bed.js";

/** What sub-devices cost the engine that are only online; their links are not counted. */
export interface SubDeviceCost {
  readonly bytesEach: number;
  readonly slotsEach: number;
  readonly chunkBytesEach: number;
}

const FEW = 10;
const SETTLE_MS = 1_500;
const TIMEOUT_MS = 120_000;

/** @param count more than 10: the cost of one is the difference to 10 of them, divided */
export async function measureSubDevices(count: number): Promise<SubDeviceCost> {
  const idle = async (some: number): Promise<HeapStatistics> => {
    let heap: HeapStatistics | undefined;
    await IdleGateway.run({ count: some, byteLength: 4096 }, async (gateway) => void (heap = await gateway.measure()));
    return heap as unknown as HeapStatistics;
  };
  const [few, many] = [await idle(FEW), await idle(count)];
  const each = (value: (heap: HeapStatistics) => number): number => (value(many) - value(few)) / (count - FEW);
  const [slotsEach, chunkBytesEach] = [each(({ slots }) => slots.live), each(({ chunkBytes }) => chunkBytes.live)];
  return { slotsEach, chunkBytesEach, bytesEach: slotsEach * SLOT_LENGTH + chunkBytesEach };
}

/** A gateway on XS in the heap of an ESP32, whose sub-devices are all online and share one link. */
export class IdleGateway {
  readonly bed: TestBed;
  readonly #engine: ChipEngine;
  readonly #platform: GatewayPlatform;
  readonly #names: readonly string[];

  private constructor(bed: TestBed, engine: ChipEngine, platform: GatewayPlatform, names: readonly string[]) {
    this.bed = bed;
    this.#engine = engine;
    this.#platform = platform;
    this.#names = names;
  }

  static async run(
    { count, byteLength, policy }: { count: number; byteLength: number; policy?: OtaConfig["policy"] },
    body: (gateway: IdleGateway) => Promise<void>,
  ): Promise<void> {
    const engine = await ChipEngine.create({ tellsEvents: false, sharesLink: true, realTime: true });
    const platform = new GatewayPlatform();
    await platform.start();
    let runs = "1.0.0";
    const names = Array.from({ length: count }, (_, index) => nameOf(index));
    const subDevices = names.map(
      (deviceName): AttachedSubDevice => ({
        productId: PRODUCT,
        deviceName,
        version: () => runs,
        write: () => true,
        finish: ({ version }) => void (runs = version),
      }),
    );
    const image = imageOf("2.0.0", byteLength);
    const bed = await TestBed.start({
      engine,
      platform,
      subDevices,
      image,
      config: { policy, gateway: { messagesPerSecond: 30 } },
    });
    try {
      bed.board.powerOn();
      await bed.until("version reports", () => platform.words().length === count + 1, TIMEOUT_MS);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      await body(new IdleGateway(bed, engine, platform, names));
    } finally {
      await bed.stop();
    }
  }

  /** Updates the first of them to the served file. */
  async update(version: string): Promise<void> {
    const name = { productId: PRODUCT, deviceName: nameOf(0) };
    this.#platform.offer(name, this.bed.offer(version));
    await this.bed.until("update", () => this.#platform.wordsOf(name).at(-1) === `version ${version}`, TIMEOUT_MS);
  }

  /** The platform unbinds all of them with one message. */
  async unbind(): Promise<void> {
    const left = new Set<string>();
    this.#platform.onUnsubscribe = (filter) => left.add(filter);
    const devices = this.#names.map((device_name) => ({ product_id: PRODUCT, device_name }));
    const topic = `$gateway/operation/result/${DEVICE.productId}/${DEVICE.deviceName}`;
    this.#platform.send(topic, JSON.stringify({ type: "change", payload: { status: 0, devices } }));
    await this.bed.until("unsubscriptions", () => left.size === this.#names.length, TIMEOUT_MS);
  }

  measure(): Promise<HeapStatistics> {
    return measureHeap(this.#engine.worker as XsWorker);
  }
}

function nameOf(index: number): string {
  return `meter_${String(index).padStart(4, "0")}`;
}
