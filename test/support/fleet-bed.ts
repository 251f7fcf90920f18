import { createHash, createHmac } from "node:crypto";
import { Readable } from "node:stream";
import mqtt, { type MqttClient } from "mqtt";
import { Cloud } from "../../cloud/cloud.js";
import type { CloudOptions } from "../../cloud/options.js";
import type { PackageView, PlanInput, PlanView, TaskView } from "../../cloud/operator/types.js";
import { enginesOf } from "./engine-choice.js";
import { withFolder } from "./folder.js";

export const PRODUCT = "ABCDE12345";
export const ACTOR = { name: "test", origin: "local" };

interface Offered {
  readonly version: string;
  readonly url: string;
  readonly md5sum: string;
  readonly file_size: number;
  readonly consent?: boolean;
  readonly text?: { readonly title: string; readonly body: string };
}

/** Where a device connects, and with which secret, in base64. */
export interface Connectable {
  readonly cloud: { readonly mqttUrl: string };
  readonly secrets: ReadonlyMap<string, string>;
  /** Called after the broker has acknowledged a report: another broker does that before the cloud has it. */
  handled?(): Promise<void>;
}

/** A device that says what the test wants it to say. */
export class RawDevice {
  readonly deviceName: string;
  readonly offers: Offered[] = [];
  readonly #client: MqttClient;
  readonly #handled: () => Promise<void>;

  private constructor(deviceName: string, client: MqttClient, handled: () => Promise<void>) {
    this.deviceName = deviceName;
    this.#client = client;
    this.#handled = handled;
    client.on("error", () => {});
    client.on("message", (_topic, payload) => {
      const message = JSON.parse(payload.toString()) as { readonly type: string } & Offered;
      if (message.type === "update_firmware") this.offers.push(message);
    });
  }

  static async connect(bed: Connectable, deviceName: string): Promise<RawDevice> {
    const clientId = PRODUCT + deviceName;
    const username = `${clientId};12010126;x7Kq2;2147483647`;
    const key = Buffer.from(bed.secrets.get(deviceName) ?? "", "base64");
    const password = `${createHmac("sha256", key).update(username).digest("hex")};hmacsha256`;
    const client = await mqtt.connectAsync(bed.cloud.mqttUrl, { clientId, username, password, reconnectPeriod: 0 });
    const device = new RawDevice(deviceName, client, async () => bed.handled?.());
    await client.subscribeAsync(`$ota/update/${PRODUCT}/${deviceName}`, { qos: 1 });
    return device;
  }

  version(version: string): Promise<void> {
    return this.#report({ type: "report_version", report: { version } });
  }

  progress(version: string, state: string, more: object = {}): Promise<void> {
    const progress = { state, result_code: "0", result_msg: "", ...more };
    return this.#report({ type: "report_progress", report: { progress, version } });
  }

  /** Carries out the newest offer, up to the report of its version. */
  async update(): Promise<void> {
    const { version } = this.newest();
    await this.progress(version, "downloading", { percent: "50" });
    await this.progress(version, "burning");
    await this.progress(version, "done");
    await this.version(version);
  }

  fail(code: string, message: string): Promise<void> {
    return this.progress(this.newest().version, "fail", { result_code: code, result_msg: message });
  }

  newest(): Offered {
    const offer = this.offers.at(-1);
    if (offer === undefined) throw new Error(`${this.deviceName} has no offer`);
    return offer;
  }

  async away(): Promise<void> {
    await this.#client.endAsync(true);
  }

  async #report(message: object): Promise<void> {
    await this.#client.publishAsync(`$ota/report/${PRODUCT}/${this.deviceName}`, JSON.stringify(message), { qos: 1 });
    await this.#handled();
  }
}

/** A cloud on real sockets with a fleet of devices that the test speaks for. */
export class FleetBed {
  readonly cloud: Cloud;
  readonly secrets = new Map<string, string>();
  /** Folder of the state. */
  readonly state: string;
  readonly #devices: RawDevice[] = [];
  /** How many reports have reached the cloud; `undefined` with its own broker. */
  readonly #received: (() => number) | undefined;
  #sent = 0;

  private constructor(cloud: Cloud, state: string, received: (() => number) | undefined) {
    this.#received = received;
    this.state = state;
    this.cloud = cloud;
  }

  static run(body: (bed: FleetBed) => Promise<void>, options: Partial<CloudOptions> = {}): Promise<void> {
    return withFolder(async (folder) => {
      let received = 0;
      const onReport = (topic: string, payload: string): void => {
        received++;
        options.onReport?.(topic, payload);
      };
      const engines = await enginesOf(folder);
      const cloud = await Cloud.start({ ...engines, ...options, onReport, folder });
      const bed = new FleetBed(cloud, folder, engines.broker === undefined ? undefined : () => received);
      try {
        await body(bed);
      } finally {
        for (const device of bed.#devices) await device.away();
        await bed.cloud.stop();
      }
    });
  }

  async handled(): Promise<void> {
    const received = this.#received;
    const sent = ++this.#sent;
    if (received === undefined) return;
    await this.until("report at the cloud", () => received() >= sent);
    // Transactions are in the order in which they came: with this one, that of the report is stored.
    await this.cloud.core.state.store.write(async () => {});
  }

  /** Adds devices and connects them; each reports its version. */
  async devices(names: readonly string[], version = "1.0.0"): Promise<RawDevice[]> {
    const wanted = names.map((deviceName) => ({ productId: PRODUCT, deviceName }));
    for (const { deviceName, deviceSecret } of await this.cloud.operator.addDevices(wanted, ACTOR)) {
      this.secrets.set(deviceName, deviceSecret ?? "");
    }
    const devices: RawDevice[] = [];
    for (const name of names) devices.push(await this.connect(name));
    for (const device of devices) await device.version(version);
    return devices;
  }

  async connect(name: string): Promise<RawDevice> {
    const device = await RawDevice.connect(this, name);
    this.#devices.push(device);
    return device;
  }

  package(version: string, component?: string): Promise<PackageView> {
    const content = Buffer.from(`image of ${version} for ${component ?? "firmware"} ${"x".repeat(100_000)}`);
    return this.cloud.operator.addPackage(
      { productId: PRODUCT, version, fileName: "image.bin", ...(component === undefined ? {} : { component }) },
      Readable.from([content]),
      ACTOR,
    );
  }

  /** Creates and activates a plan to version 2.0.0, whose package it adds if there is none. */
  async plan(input: PlanInput = {}): Promise<PlanView> {
    const { operator } = this.cloud;
    const plan = await operator.createPlan(
      {
        name: "plan",
        product: PRODUCT,
        ...(input["packages"] === undefined ? { version: "2.0.0" } : {}),
        override: "a test",
        pace: { maxInFlight: 100, perMinute: 1000, stages: [100] },
        ...input,
      },
      ACTOR,
    );
    return operator.activatePlan(plan.id, ACTOR);
  }

  async tasks(planId: number): Promise<{ [deviceName: string]: TaskView }> {
    const { items } = await this.cloud.operator.tasks({ planId }, {});
    return Object.fromEntries(items.map((task) => [task.deviceName, task]));
  }

  /** @returns `name:state` of each task, sorted */
  async states(planId: number): Promise<string[]> {
    return Object.values(await this.tasks(planId))
      .map(({ deviceName, state }) => `${deviceName}:${state}`)
      .sort();
  }

  async until(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = 30_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`no ${what} within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until these devices have so many offers. */
  async offered(devices: readonly RawDevice[], count = 1): Promise<void> {
    await this.until(`offer ${count} for all`, () => devices.every(({ offers }) => offers.length >= count));
  }

  /** Longer than the cloud takes to make an offer that nothing holds back. */
  async quiet(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
}

export function md5Of(content: Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}
