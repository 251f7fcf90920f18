import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import mqtt, { type MqttClient } from "mqtt";
import { Cloud } from "../../cloud/cloud.js";
import type { Change, PlanInput, PlanView } from "../../cloud/operator/types.js";
import type { CloudOptions } from "../../cloud/options.js";
import { temporaryFolder } from "./folder.js";
import { Mosquitto } from "./mosquitto.js";
import { Postgres, type PostgresSettings } from "./postgres.js";

export const PRODUCT = "ABCDE12345";
export const ACTOR = { name: "test", origin: "local" };

/** A database, a broker, and the processes of a cloud that a test starts on them. */
export class ProcessesBed {
  readonly postgres: Postgres;
  readonly mosquitto: Mosquitto;
  readonly url: string;
  readonly folder: string;
  readonly lines: string[] = [];
  readonly #clouds: Cloud[] = [];
  #fleet: Fleet | undefined;

  private constructor(postgres: Postgres, mosquitto: Mosquitto, url: string, folder: string) {
    this.postgres = postgres;
    this.mosquitto = mosquitto;
    this.url = url;
    this.folder = folder;
  }

  static async run(body: (bed: ProcessesBed) => Promise<void>, settings: PostgresSettings = {}): Promise<void> {
    const server = temporaryFolder();
    const state = temporaryFolder();
    const postgres = await Postgres.start(server.path, settings);
    const mosquitto = await Mosquitto.start(state.path);
    const bed = new ProcessesBed(postgres, mosquitto, await postgres.database(), state.path);
    try {
      await body(bed);
    } finally {
      await bed.#fleet?.close();
      for (const cloud of bed.#clouds) await cloud.stop();
      await mosquitto.end();
      await postgres.end();
      server.remove();
      state.remove();
    }
  }

  /** Starts a process of the cloud within this one. */
  async start(options: Partial<CloudOptions> = {}): Promise<Cloud> {
    const cloud = await Cloud.start({
      folder: this.folder,
      database: this.url,
      broker: this.mosquitto.url,
      onStanding: (line) => this.lines.push(line),
      ...options,
    });
    this.#clouds.push(cloud);
    return cloud;
  }

  /** Ends a process in good order. */
  async stop(cloud: Cloud): Promise<void> {
    this.#clouds.splice(this.#clouds.indexOf(cloud), 1);
    await cloud.stop();
  }

  async fleet(): Promise<Fleet> {
    this.#fleet ??= await Fleet.connect(this.mosquitto.url);
    return this.#fleet;
  }
}

interface Offer {
  readonly version: string;
  readonly url: string;
}

const EVENTS: Readonly<Record<string, string>> = {
  downloading: "download-reported",
  burning: "burn-reported",
  done: "done-reported",
  fail: "fail-reported",
};

/** All devices of a fleet, over one connection to the broker; a test says what they say. */
export class Fleet {
  readonly offers = new Map<string, Offer[]>();
  /** The reports of each device that the broker has acknowledged, in their order, as the cloud's history has them. */
  readonly acknowledged = new Map<string, string[]>();
  readonly #client: MqttClient;
  /** Called for each offer. */
  onOffer: ((deviceName: string, offer: Offer) => void) | undefined;
  /** Called when the connection is back: what the cloud has sent meanwhile was lost. */
  onBack: (() => void) | undefined;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on("error", () => {});
    client.on("message", (topic, payload) => {
      const message = JSON.parse(payload.toString()) as { readonly type?: string } & Offer;
      if (message.type !== "update_firmware") return;
      const deviceName = topic.split("/").at(-1) ?? "";
      const known = this.offers.get(deviceName) ?? [];
      this.offers.set(deviceName, [...known, message]);
      this.onOffer?.(deviceName, message);
    });
  }

  static async connect(url: string): Promise<Fleet> {
    const client = await mqtt.connectAsync(url, { clientId: "fleet", clean: false, reconnectPeriod: 200 });
    const fleet = new Fleet(client);
    await client.subscribeAsync(`$ota/update/${PRODUCT}/+`, { qos: 1 });
    client.on("connect", () => fleet.onBack?.());
    return fleet;
  }

  version(deviceName: string, version: string): Promise<void> {
    return this.#report(deviceName, `version-reported ${version}`, { type: "report_version", report: { version } });
  }

  progress(
    deviceName: string,
    version: string,
    state: string,
    more: { readonly percent?: string } = {},
  ): Promise<void> {
    const progress = { state, result_code: "0", result_msg: "", ...more };
    const event = `${EVENTS[state] ?? state} ${version}${more.percent === undefined ? "" : ` ${more.percent}`}`;
    return this.#report(deviceName, event, { type: "report_progress", report: { progress, version } });
  }

  async update(deviceName: string, version: string): Promise<void> {
    await this.progress(deviceName, version, "downloading", { percent: "50" });
    await this.progress(deviceName, version, "burning");
    await this.progress(deviceName, version, "done");
    await this.version(deviceName, version);
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }

  async #report(deviceName: string, event: string, message: object): Promise<void> {
    await this.#client.publishAsync(`$ota/report/${PRODUCT}/${deviceName}`, JSON.stringify(message), { qos: 1 });
    const known = this.acknowledged.get(deviceName);
    if (known === undefined) this.acknowledged.set(deviceName, [event]);
    else known.push(event);
  }
}

/** Adds devices and a package of version 2.0.0. */
export async function addFleet({ operator }: Pick<Cloud, "operator">, names: readonly string[]): Promise<void> {
  await operator.addDevices(
    names.map((deviceName) => ({ productId: PRODUCT, deviceName })),
    ACTOR,
  );
  const content = Buffer.from(`image ${createHash("sha256").update("2.0.0").digest("hex")} ${"x".repeat(50_000)}`);
  await operator.addPackage(
    { productId: PRODUCT, version: "2.0.0", fileName: "image.bin", size: content.length },
    Readable.from([content]),
    ACTOR,
  );
}

/** Makes and activates a plan to version 2.0.0. */
export async function beginPlan({ operator }: Pick<Cloud, "operator">, input: PlanInput = {}): Promise<PlanView> {
  const plan = await operator.createPlan(
    {
      name: "plan",
      product: PRODUCT,
      version: "2.0.0",
      all: true,
      override: "a test",
      pace: { maxInFlight: 1000, perMinute: 100_000, stages: [100] },
      ...input,
    },
    ACTOR,
  );
  return operator.activatePlan(plan.id, ACTOR);
}

/** @returns the changes that come from now on */
export function changesOf({ operator }: Cloud): { readonly changes: Change[]; stop(): void } {
  const changes: Change[] = [];
  const stop = operator.follow((change) => changes.push(change));
  return { changes, stop };
}

/** Waits until a condition holds, and looks not too often: each look may ask a database. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
  everyMs = 25,
): Promise<void> {
  for (const end = performance.now() + timeoutMs; !(await condition()); ) {
    assert.ok(performance.now() < end, `it did not come to pass within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
