import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsOptions } from "node:tls";
import { type Installation, SimulatedSubDevice } from "../../hal/boards/sim/sub-devices.js";
import type { SubDeviceBus } from "../../hal/boards/sub-device-link.js";
import type { OtaConfig } from "../../src/index.js";
import { TestBed, type TestBedOptions } from "./test-bed.js";
import { TestPlatform } from "./test-platform.js";

export const PRODUCT = "E69UADXUYY";

export interface Name {
  readonly productId: string;
  readonly deviceName: string;
}

interface Operation {
  readonly type: string;
  readonly payload?: {
    readonly devices: readonly { product_id: string; device_name: string; [key: string]: unknown }[];
  };
}

/** The platform's side of a gateway: it answers, and keeps every message that it gets. */
export class GatewayPlatform extends TestPlatform {
  /** `online light1`, `subscribe light1`, `report_version light1 0.1.0`, in order. */
  readonly story: string[] = [];
  readonly operations: Operation[] = [];
  /** The result for an operation on a device; `undefined`: no answer. */
  resultOf: (type: string, deviceName: string) => number | undefined = () => 0;
  bound: Name[] = [];
  /** Milliseconds between messages are taken from these. */
  readonly heardAt: number[] = [];

  constructor(tls?: TlsOptions) {
    super(tls);
    this.onSubscribe = (filter) => this.story.push(`subscribe ${filter.replace(/^\$ota\/update\/[^/]+\//, "")}`);
    this.onOperation = (topic, text) => this.#onOperation(topic, text);
  }

  #onOperation(topic: string, text: string): void {
    const operation = JSON.parse(text) as Operation;
    this.heardAt.push(performance.now());
    this.operations.push(operation);
    const names = (operation.payload?.devices ?? []).map(({ device_name }) => device_name);
    this.story.push(`${operation.type} ${names.join(" ")}`.trim());
    const answer = (message: object): void =>
      this.send(topic.replace("/operation/", "/operation/result/"), JSON.stringify(message));
    if (operation.type === "describe_sub_devices") {
      const devices = this.bound.map(({ productId, deviceName }) => ({
        product_id: productId,
        device_name: deviceName,
      }));
      answer({ type: operation.type, payload: { devices } });
    }
    const devices = (operation.payload?.devices ?? []).flatMap(({ product_id, device_name }) => {
      const result = this.resultOf(operation.type, device_name);
      return result === undefined ? [] : [{ product_id, device_name, result }];
    });
    if (devices.length > 0) answer({ type: operation.type, payload: { devices } });
  }
}

export interface SubDeviceSetup {
  readonly deviceName: string;
  readonly version?: string;
  readonly install?: Installation;
  /** Its images need a seal. */
  readonly sealed?: boolean;
  /** What runs on it at first, and can be read; absent: nobody can read it. */
  readonly installed?: Uint8Array;
}

export interface GatewayTestBedOptions extends Omit<TestBedOptions, "platform" | "subDevices"> {
  readonly subDevices: readonly SubDeviceSetup[];
  readonly gateway?: NonNullable<OtaConfig["gateway"]>;
  /** TLS of the platform, and the authorities that the device trusts. */
  readonly tls?: { readonly server: TlsOptions; readonly authority: Uint8Array } | undefined;
}

/** A gateway with simulated sub-devices, a platform and a file server, on real sockets. */
export class GatewayTestBed {
  readonly bed: TestBed;
  readonly platform: GatewayPlatform;
  readonly subDevices: readonly SimulatedSubDevice[];
  /** `light1 online`, `light1 downloading`, `light1 done`, of all boots. */
  readonly events: string[] = [];
  /** By name, what can be read of them. */
  readonly installed: Map<string, Uint8Array>;

  private constructor(
    bed: TestBed,
    platform: GatewayPlatform,
    subDevices: readonly SimulatedSubDevice[],
    installed: Map<string, Uint8Array>,
  ) {
    this.installed = installed;
    this.bed = bed;
    this.platform = platform;
    this.subDevices = subDevices;
    bed.onAgent = (agent) =>
      agent.on("subdevice", (event) => {
        if (event.kind === "state") this.events.push(`${event.deviceName} ${event.state}`);
        if (event.kind === "result") this.events.push(`${event.deviceName} ${event.result.outcome}`);
      });
  }

  static async run(options: GatewayTestBedOptions, body: (gateway: GatewayTestBed) => Promise<void>): Promise<void> {
    const state = mkdtempSync(join(tmpdir(), "gateway-"));
    const platform = new GatewayPlatform(options.tls?.server);
    await platform.start();
    const installed = new Map<string, Uint8Array>();
    for (const { deviceName, installed: bytes } of options.subDevices) if (bytes) installed.set(deviceName, bytes);
    const subDevices = options.subDevices.map(({ deviceName, version = "1.0.0", install = "ok", sealed = false }) =>
      Object.assign(new SimulatedSubDevice({ productId: PRODUCT, deviceName, version, install, state }), {
        sealed,
        ...(installed.has(deviceName) ? { read: reading(installed, deviceName) } : {}),
      }),
    );
    const { authority } = options.tls ?? {};
    const trust = authority === undefined ? {} : { broker: { url: platform.url, authority }, download: { authority } };
    const config = { ...trust, ...options.config, gateway: { messagesPerSecond: 30, ...options.gateway } };
    const bed = await TestBed.start({ ...options, platform, subDevices, config });
    try {
      await body(new GatewayTestBed(bed, platform, subDevices, installed));
    } finally {
      await bed.stop();
      rmSync(state, { recursive: true, force: true });
    }
  }

  sub(deviceName: string): SimulatedSubDevice {
    return this.subDevices.find((sub) => sub.deviceName === deviceName) as SimulatedSubDevice;
  }

  /** Each version report of one of them is answered with an offer of the served file, as this version. */
  pending(version: string, ...deviceNames: readonly string[]): void {
    for (const deviceName of deviceNames) {
      this.platform.pendingFor.set(`${PRODUCT}/${deviceName}`, () => this.bed.offer(version));
    }
  }

  offer(version: string, deviceName: string): void {
    this.platform.offer({ productId: PRODUCT, deviceName }, this.bed.offer(version));
  }

  words(deviceName: string): string[] {
    return this.platform.wordsOf({ productId: PRODUCT, deviceName });
  }

  /** The sub-device has reported a result, and after a success its new version. */
  ended(...deviceNames: readonly string[]): Promise<void> {
    const hasEnded = (deviceName: string): boolean => {
      const words = this.words(deviceName);
      const result = words.findIndex((word) => word === "done" || word.startsWith("fail"));
      return (
        result >= 0 && (words[result] !== "done" || words.slice(result + 1).some((word) => word.startsWith("version")))
      );
    };
    return this.bed.until(`end of ${deviceNames.join(" ")}`, () => deviceNames.every(hasEnded));
  }
}

function reading(installed: ReadonlyMap<string, Uint8Array>, deviceName: string): NonNullable<SubDeviceBus["read"]> {
  return (byteOffset, into) => {
    const bytes = installed.get(deviceName)?.subarray(byteOffset, byteOffset + into.byteLength) ?? new Uint8Array(0);
    into.set(bytes);
    return bytes.byteLength;
  };
}
