import { inputOf } from "../fuzz/mutate.js";
import { gatewayMessage } from "../fuzz/targets/gateway.js";
import { downlink } from "../fuzz/targets/messages.js";
import type { SeededRandom } from "./seed.js";

/** To whom a message of the flood goes: the device itself, the gateway in it, or one of its sub-devices. */
export type Receiver = "own" | "gateway" | number;

export interface FloodMessage {
  readonly to: Receiver;
  readonly payload: Uint8Array;
}

export interface FloodOptions {
  readonly random: SeededRandom;
  readonly productId: string;
  /** Names of the sub-devices; messages of the gateway name these and others. */
  readonly deviceNames: readonly string[];
  /** Where an offer's file may be. */
  readonly urls: readonly string[];
}

/** The platform's longest message. */
const MAX_LENGTH = 16_384;
const MD5 = "0123456789abcdef0123456789abcdef";
const OPERATIONS = ["online", "offline", "bind", "unbind", "describe_sub_devices", "change"];

/** Messages of all kinds and sizes as a platform sends them, and broken ones: a function of the random source alone. */
export class Flood {
  readonly #options: FloodOptions;
  /** The valid inputs of the fuzz targets come first, each as it is. */
  readonly #first: FloodMessage[];

  constructor(options: FloodOptions) {
    this.#options = options;
    const own = downlink.corpus.map((payload): FloodMessage => ({ to: "own", payload }));
    this.#first = [...own, ...gatewayMessage.corpus.map((payload): FloodMessage => ({ to: "gateway", payload }))];
  }

  next(): FloodMessage {
    const { random, deviceNames } = this.#options;
    const first = this.#first.shift();
    if (first !== undefined) return first;
    const to = this.#one<Receiver>(["own", "gateway", random.integer(0, deviceNames.length)]);
    const payload =
      random.fraction() < 0.5
        ? inputOf(to === "gateway" ? gatewayMessage : downlink, random)
        : Buffer.from(to === "gateway" ? this.#operation() : this.#downlink());
    return { to, payload: payload.subarray(0, MAX_LENGTH) };
  }

  /** Mostly small, sometimes as long as the platform allows. */
  #length(): number {
    const { random } = this.#options;
    const most = this.#one([200, 200, 200, 2_000, 2_000, MAX_LENGTH]);
    return random.integer(0, most);
  }

  #downlink(): string {
    const { random, urls } = this.#options;
    const filler = this.#filler();
    switch (random.integer(0, 4)) {
      case 0:
        return `{"type":"report_version_rsp","result_code":${random.integer(-3, 3)},"result_msg":"${filler}"}`;
      case 1:
        return `{"type":"other","list":[${this.#list(() => filler.slice(0, 8) || "{}")}]}`;
      default:
        return JSON.stringify({
          type: "update_firmware",
          version: `${random.integer(1, 5000)}.0`,
          url: `${this.#one(urls)}?${filler.replace(/[^a-z0-9]/g, "x").slice(0, random.integer(1, 5_000))}`,
          md5sum: random.fraction() < 0.9 ? MD5 : filler,
          file_size: random.integer(-1, 20_000) * 16,
          ...(random.fraction() < 0.2 ? { minBatteryPercent: random.integer(-5, 200), kind: filler.slice(0, 40) } : {}),
        });
    }
  }

  #operation(): string {
    const { random, productId, deviceNames } = this.#options;
    const devices = this.#list(() => {
      const name = random.fraction() < 0.1 ? this.#one(deviceNames) : `other_${random.integer(0, 1000)}`;
      return `{"product_id":"${productId}","device_name":"${name}","result":${this.#one([0, 0, 0, -1, 806, 99])}}`;
    });
    return `{"type":"${this.#one(OPERATIONS)}","payload":{"status":${random.integer(0, 2)},"devices":[${devices}]}}`;
  }

  /** Entries of a JSON array, as long together as it falls. */
  #list(entry: () => string): string {
    const length = this.#length();
    const entries: string[] = [];
    for (let at = 0; at < length; at += (entries.at(-1) as string).length + 1) entries.push(entry());
    return entries.join();
  }

  #filler(): string {
    return this.#one(["x", "[", "1,", "{}", "\\u00e9", "\u00e9", '\\"', " "]).repeat(this.#length() / 2);
  }

  #one<Value>(values: readonly Value[]): Value {
    return values[this.#options.random.integer(0, values.length)] as Value;
  }
}
