import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Core } from "../../cloud/core.js";
import { checkSignature } from "../../cloud/files/signed-url.js";
import type { Desk } from "../../cloud/operator/desk.js";
import type { Credentials } from "../../cloud/platform/credentials.js";
import type { GatewayFaults } from "../../cloud/platform/gateway-faults.js";
import { OFFER_DELAY_MS } from "../../cloud/rollout/offers.js";
import { openState } from "../../cloud/state.js";
import type { Tables } from "../../cloud/store/tables/tables.js";
import type { CloudStatus, FirmwareManifest, FirmwareRecord, TaskRecord } from "../../cloud/types.js";
import { withFolder } from "./folder.js";

export const PRODUCT = "ABCDE12345";
export const DEVICE = "light_01";
/** base64 of "0123456789abcdef". */
export const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";

/** A cloud without its servers, with one device. The test decides what is connected, and when the rollout looks. */
export class PlatformTestBed {
  readonly published: [topic: string, payload: string][] = [];
  readonly problems: string[] = [];
  /** Tasks whose downloads were to end. */
  readonly endedDownloads: number[] = [];
  readonly gatewayFaults: GatewayFaults = {};
  online = true;
  fileBase: string | undefined = "http://files.test:8080";
  readonly #folder: string;
  #core: Core | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async run(body: (bed: PlatformTestBed) => void | Promise<void>): Promise<void> {
    await withFolder(async (folder) => {
      // The rollout looks only when `settle` lets it.
      mock.timers.enable({ apis: ["setInterval"] });
      const bed = new PlatformTestBed(folder);
      try {
        await bed.#open();
        await bed.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret: SECRET });
        await body(bed);
        if (bed.problems.length > 0) throw new Error(bed.problems.join("; "));
      } finally {
        await bed.#core?.close();
        mock.timers.reset();
      }
    });
  }

  get core(): Core {
    if (this.#core === undefined) throw new Error("the cloud was not opened");
    return this.#core;
  }

  get desk(): Desk {
    return this.core.desk;
  }

  get tables(): Tables {
    return this.core.state.store.tables;
  }

  async restart(): Promise<void> {
    await this.core.close();
    await this.#open();
  }

  async #open(): Promise<void> {
    this.#core = new Core({
      state: await openState(join(this.#folder, "state")),
      urlLifetimeSec: 86_400,
      fileBase: () => this.fileBase,
      publish: (topic, payload) => this.published.push([topic, payload]),
      isOnline: () => this.online,
      endDownloads: (taskId) => this.endedDownloads.push(taskId),
      gatewayFaults: this.gatewayFaults,
      onProblem: (line) => this.problems.push(line),
    });
    await this.#core.start();
  }

  /** Lets the rollout look for what is to be done, and waits until that is done and its offers are sent. */
  async settle(): Promise<void> {
    const { rollout } = this.core;
    await rollout.idle();
    await rollout.tick();
    await rollout.idle();
    // Timers of the same length end in the order of their begin, so that this is behind each offer.
    await sleep(OFFER_DELAY_MS);
    await rollout.idle();
  }

  /** @returns the name of the device that these credentials prove */
  async authenticate(clientId: string, username: string, password: string | undefined): Promise<string | undefined> {
    const credentials: Credentials = { clientId, username, password };
    return (await this.core.platform.authenticate(credentials))?.device.deviceName;
  }

  /** Resolves when the message is acknowledged. */
  report(payload: string, deviceName = DEVICE): Promise<void> {
    return this.core.platform.onReport({ productId: PRODUCT, deviceName }, payload);
  }

  reportVersion(version: string, deviceName = DEVICE): Promise<void> {
    return this.report(JSON.stringify({ type: "report_version", report: { version } }), deviceName);
  }

  reportProgress(version: string, progress: { [key: string]: string }): Promise<void> {
    return this.report(JSON.stringify({ type: "report_progress", report: { progress, version } }));
  }

  async addFirmware(
    version: string,
    content = `firmware ${version}`,
    manifest: FirmwareManifest = {},
    replace = false,
  ): Promise<FirmwareRecord> {
    const path = join(this.#folder, "image.bin");
    writeFileSync(path, content);
    return this.desk.addFirmware({ productId: PRODUCT, version, path, manifest, replace });
  }

  /** Settles, so that what can be offered is offered. */
  async upgradeListed(
    version: string,
    deviceNames: readonly string[] = [DEVICE],
  ): Promise<{ devices: number; online: number | null }> {
    return this.upgrade({ productId: PRODUCT, version, selection: { kind: "list", deviceNames } });
  }

  async upgrade(request: Parameters<Desk["upgrade"]>[0]): Promise<{ devices: number; online: number | null }> {
    const { devices, online } = await this.desk.upgrade(request);
    await this.settle();
    return { devices, online };
  }

  /** The offers among what was published. */
  offers(): { url: string; version: string }[] {
    return this.published
      .map(([, payload]) => JSON.parse(payload) as { type: string; url: string; version: string })
      .filter(({ type }) => type === "update_firmware");
  }

  /** The devices that they went to. */
  offered(): string[] {
    return this.published
      .filter(([, payload]) => payload.includes("update_firmware"))
      .map(([topic]) => topic.split("/")[3] ?? "");
  }

  async device(deviceName = DEVICE): Promise<CloudStatus["devices"][number]> {
    const device = (await this.desk.status()).devices.find((known) => known.deviceName === deviceName);
    if (device === undefined) throw new Error(`no device ${deviceName}`);
    return device;
  }

  async taskState(): Promise<string | undefined> {
    return (await this.device()).task?.state;
  }

  async task(): Promise<TaskRecord | undefined> {
    return (await this.device()).task;
  }

  /** A task of the device, as the status shows it. */
  taskOf(version: string, more: Omit<TaskRecord, "productId" | "deviceName" | "version">): TaskRecord {
    return { productId: PRODUCT, deviceName: DEVICE, version, ...more };
  }

  /** All that a message of a device might change, but for the time of the last one. */
  async stored(): Promise<unknown> {
    const devices = await this.tables.devices.list();
    return {
      devices: devices.map((device) => ({ ...device, lastSeenAt: null })),
      components: await this.tables.components.ofMany(devices.map(({ id }) => id)),
      tasks: await this.tables.taskLists.list({}),
      plans: await this.tables.plans.list(),
      packages: await this.tables.packages.list(undefined),
      events: await this.tables.events.list(),
    };
  }

  verdict(url: string): string {
    return checkSignature(url.slice(url.indexOf("/", 8)), this.core.state.signingKey, Date.now() / 1000);
  }
}
