import type { AttachedSubDevice } from "../../hal/boards/sim/main.js";
import { SLOT_LENGTH } from "../../hal/boards/family/creation.js";
import { type HeapStatistics, measureHeap } from "../../hal/boards/xs/heap.js";
import type { XsAgent } from "../../hal/boards/xs/agent.js";
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
    const engine = await ChipEngine.create({ tellsEvents: false, sharesLink: true, realTime: true, mqtt: false });
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

  /** One message of the platform binds the first `known` of them, and `others` that the gateway does not know. */
  async change({ known, others }: { known: number; others: number }): Promise<void> {
    const before = this.#answers();
    const names = [...this.#names.slice(0, known), ...Array.from({ length: others }, (_, index) => `other_${index}`)];
    this.#sendChange(names);
    await this.bed.until("answer to the change", () => this.#answers() === before + 1, TIMEOUT_MS);
  }

  /** A message for each of them, as fast as the connection takes them. */
  async changes(count: number): Promise<void> {
    const before = this.#answers();
    for (let index = 0; index < count; index++) this.#sendChange([this.#names[index % this.#names.length] as string]);
    await this.bed.until("answers to the changes", () => this.#answers() === before + count, TIMEOUT_MS);
  }

  /** The application binds devices that it has not added yet, 50 a second. @returns how each ended */
  async bind(count: number): Promise<string[]> {
    const ends: string[] = [];
    for (let index = 0; index < count; index++) {
      const device = { productId: PRODUCT, deviceName: `new_${index}`, deviceSecret: "secret" };
      void this.#agent.bind(device).then(
        () => ends.push("bound"),
        ({ message }: Error) => ends.push(message),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.bed.until("end of each bind", () => ends.length === count, TIMEOUT_MS);
    return ends;
  }

  /** @returns how many the agent was told are bound, of so many */
  describe(count: number): Promise<number> {
    this.#platform.bound = Array.from({ length: count }, (_, index) => ({
      productId: PRODUCT,
      deviceName: index % 2 === 0 ? nameOf(index) : `other_${index}`,
    }));
    return this.#agent.describe();
  }

  /** The application removes all of them at once. */
  async remove(): Promise<void> {
    const offline = new Set<string>();
    const left = new Set<string>();
    this.#platform.onUnsubscribe = (filter) => left.add(filter);
    const told = this.#platform.operations.length;
    await Promise.all(this.#names.map((deviceName) => this.#agent.removeSubDevice({ productId: PRODUCT, deviceName })));
    await this.bed.until(
      "farewells",
      () => {
        for (const { type, payload } of this.#platform.operations.slice(told)) {
          if (type === "offline") for (const { device_name } of payload?.devices ?? []) offline.add(device_name);
        }
        return offline.size === this.#names.length && left.size === this.#names.length;
      },
      TIMEOUT_MS,
    );
  }

  /** Connections so far. */
  get connects(): number {
    return this.#platform.connects;
  }

  get #agent(): XsAgent {
    return this.bed.agent as unknown as XsAgent;
  }

  #answers(): number {
    return this.#platform.operations.filter(({ type }) => type === "change").length;
  }

  #sendChange(deviceNames: readonly string[]): void {
    const devices = deviceNames.map((device_name) => ({ product_id: PRODUCT, device_name }));
    const topic = `$gateway/operation/result/${DEVICE.productId}/${DEVICE.deviceName}`;
    this.#platform.send(topic, JSON.stringify({ type: "change", payload: { status: 1, devices } }));
  }

  measure(): Promise<HeapStatistics> {
    return measureHeap(this.#engine.worker as XsWorker);
  }
}

function nameOf(index: number): string {
  return `meter_${String(index).padStart(4, "0")}`;
}
