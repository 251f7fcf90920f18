import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";
import type { GatewayFaults } from "../../cloud/gateway-faults.js";
import { Platform } from "../../cloud/platform.js";
import { checkSignature } from "../../cloud/signed-url.js";
import { CloudStore } from "../../cloud/store.js";
import type { CloudStatus, FirmwareManifest, FirmwareRecord } from "../../cloud/types.js";
import { withFolder } from "./folder.js";

export const PRODUCT = "ABCDE12345";
export const DEVICE = "light_01";
/** base64 of "0123456789abcdef". */
export const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";

/** A platform with one device, whose broker and timers the test controls. */
export class PlatformTestBed {
  readonly published: [topic: string, payload: string][] = [];
  readonly #folder: string;
  store: CloudStore;
  platform: Platform;
  online = true;
  fileBase: string | undefined = "http://files.test:8080";
  readonly gatewayFaults: GatewayFaults = {};

  private constructor(folder: string) {
    this.#folder = folder;
    this.store = new CloudStore(join(folder, "state"));
    this.platform = this.#platform();
  }

  static async run(body: (bed: PlatformTestBed) => void | Promise<void>): Promise<void> {
    await withFolder(async (folder) => {
      mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.UTC(2026, 0, 1) });
      try {
        const bed = new PlatformTestBed(folder);
        await bed.platform.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret: SECRET });
        await body(bed);
      } finally {
        mock.timers.reset();
      }
    });
  }

  restart(): void {
    this.store = new CloudStore(join(this.#folder, "state"));
    this.platform = this.#platform();
  }

  #platform(): Platform {
    return new Platform({
      store: this.store,
      urlLifetimeSec: 86_400,
      fileBase: () => this.fileBase,
      publish: (topic, payload) => this.published.push([topic, payload]),
      isOnline: () => this.online,
      gatewayFaults: this.gatewayFaults,
    });
  }

  tick(ms: number): void {
    mock.timers.tick(ms);
  }

  reportVersion(version: string, deviceName = DEVICE): void {
    this.platform.onReport(PRODUCT, deviceName, JSON.stringify({ type: "report_version", report: { version } }));
  }

  reportProgress(version: string, progress: { [key: string]: string }): void {
    this.platform.onReport(PRODUCT, DEVICE, JSON.stringify({ type: "report_progress", report: { progress, version } }));
  }

  async addFirmware(
    version: string,
    content = `firmware ${version}`,
    manifest: FirmwareManifest = {},
  ): Promise<FirmwareRecord> {
    const path = join(this.#folder, "image.bin");
    writeFileSync(path, content);
    return this.platform.addFirmware({ productId: PRODUCT, version, path, manifest });
  }

  upgradeListed(version: string, deviceNames: readonly string[] = [DEVICE]): Promise<{ devices: number }> {
    return this.platform.upgrade({ productId: PRODUCT, version, selection: { kind: "list", deviceNames } });
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
    const device = (await this.platform.status()).devices.find((known) => known.deviceName === deviceName);
    if (device === undefined) throw new Error(`no device ${deviceName}`);
    return device;
  }

  async taskState(): Promise<string | undefined> {
    return (await this.device()).task?.state;
  }

  /** The fields that every task of the device has. */
  task(version: string): { productId: string; deviceName: string; version: string } {
    return { productId: PRODUCT, deviceName: DEVICE, version };
  }

  verdict(url: string): string {
    return checkSignature(url.slice(url.indexOf("/", 8)), this.store.state.signingKey, Date.now() / 1000);
  }
}
