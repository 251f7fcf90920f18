import { createHmac, timingSafeEqual } from "node:crypto";
import { firmwarePath, signUrl } from "./signed-url.js";
import type { CloudStore } from "./store.js";
import {
  CloudError,
  type CloudService,
  type CloudStatus,
  type DeviceRecord,
  type FirmwareRecord,
  type Selection,
  type TaskRecord,
  type TaskState,
} from "./types.js";

export interface PlatformOptions {
  readonly store: CloudStore;
  /** Seconds that a signed URL holds. */
  readonly urlLifetimeSec: number;
  /** Origin of the file server; `undefined` while no cloud runs. */
  fileBase(): string | undefined;
  /** QoS 0, as the platform sends everything. */
  publish(topic: string, payload: string): void;
  /** Connected and subscribed to its updates. */
  isOnline(productId: string, deviceName: string): boolean;
}

/** The platform answers a version report first; the offer follows this much later, in milliseconds. */
const PUSH_DELAY_MS = 20;

const VERSION = /^[A-Za-z0-9._-]{1,32}$/;
const PRODUCT = /^[A-Z0-9]{10}$/;
const DEVICE = /^[A-Za-z0-9_-]{1,48}$/;

/** The platform's side of the protocol: who may connect, what is answered, which task a device has. */
export class Platform implements CloudService {
  readonly #options: PlatformOptions;
  readonly #store: CloudStore;

  constructor(options: PlatformOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /**
   * @param username `clientId;appId;connectionId;expiry`
   * @param password HMAC of the user name; `undefined` where a certificate has proven the client id
   * @returns the device, or `undefined` where it is not who it says
   */
  authenticate(clientId: string, username: string, password: string | undefined): DeviceRecord | undefined {
    const device = this.#store.state.devices.find((known) => known.productId + known.deviceName === clientId);
    const [name, , , expiry] = username.split(";");
    if (device === undefined || name !== clientId || !(Number(expiry) > Date.now() / 1000)) return undefined;
    if (password === undefined) return device;
    const [digest = "", method = ""] = password.split(";");
    const hash = method === "hmacsha256" ? "sha256" : method === "hmacsha1" ? "sha1" : undefined;
    if (hash === undefined || device.deviceSecret === undefined) return undefined;
    const expected = createHmac(hash, Buffer.from(device.deviceSecret, "base64")).update(username).digest();
    const given = Buffer.from(digest, "hex");
    return given.byteLength === expected.byteLength && timingSafeEqual(given, expected) ? device : undefined;
  }

  /** A message on `$ota/report/…` of this device. What is not understood is dropped, as the platform does. */
  onReport(productId: string, deviceName: string, payload: string): void {
    const message = parse(payload);
    const device = this.#device(productId, deviceName);
    if (device === undefined || message === undefined) return;
    const report = message["report"];
    if (typeof report !== "object" || report === null) return;
    if (message["type"] === "report_version") this.#onVersion(device, (report as Fields)["version"]);
    if (message["type"] === "report_progress") this.#onProgress(device, report as Fields);
  }

  async addDevice(device: DeviceRecord): Promise<void> {
    const { productId, deviceName, deviceSecret } = device;
    if (!PRODUCT.test(productId)) throw new CloudError("a product id is 10 capital letters or digits");
    if (!DEVICE.test(deviceName)) throw new CloudError("a device name is 1 to 48 letters, digits, _ or -");
    const known = this.#device(productId, deviceName);
    if (known !== undefined && known.deviceSecret !== deviceSecret) {
      throw new CloudError(`device ${deviceName} exists with another secret`);
    }
    if (known === undefined) this.#store.state.devices.push(device);
    this.#store.save();
  }

  async addFirmware({ productId, version, path }: { productId: string; version: string; path: string }): Promise<FirmwareRecord> {
    if (!PRODUCT.test(productId)) throw new CloudError("a product id is 10 capital letters or digits");
    if (!VERSION.test(version)) throw new CloudError("a version is 1 to 32 of [A-Za-z0-9._-]");
    const { md5, size } = this.#store.addFile(path);
    const firmware: FirmwareRecord = { productId, version, size, md5 };
    const { state } = this.#store;
    state.firmwares = state.firmwares.filter((known) => known.productId !== productId || known.version !== version);
    state.firmwares.push(firmware);
    this.#store.save();
    return firmware;
  }

  async upgrade(request: { productId: string; version: string; selection: Selection }): Promise<{ devices: number }> {
    const { productId, version, selection } = request;
    if (this.#firmware(productId, version) === undefined) {
      throw new CloudError(`product ${productId} has no firmware ${version}: add it first`);
    }
    const devices = this.#select(productId, selection);
    const { state } = this.#store;
    if (selection.kind === "versions") {
      // The newest rule for a version comes first, and holds.
      state.rules.unshift({ productId, version, fromVersions: selection.fromVersions });
    }
    for (const device of devices) this.#assign(device, version);
    this.#store.save();
    for (const device of devices) this.#push(device);
    return { devices: devices.length };
  }

  async status(): Promise<CloudStatus> {
    const { devices, firmwares } = this.#store.state;
    return {
      firmwares,
      devices: devices.map(({ productId, deviceName, version }) => {
        const task = this.#task(productId, deviceName);
        return {
          productId,
          deviceName,
          ...(version === undefined ? {} : { version }),
          online: this.#options.isOnline(productId, deviceName),
          ...(task === undefined ? {} : { task }),
        };
      }),
    };
  }

  #select(productId: string, selection: Selection): DeviceRecord[] {
    const ofProduct = this.#store.state.devices.filter((device) => device.productId === productId);
    if (selection.kind !== "list") {
      for (const version of selection.fromVersions) {
        if (this.#firmware(productId, version) === undefined) {
          throw new CloudError(`product ${productId} has no firmware ${version}: only versions that were added can be upgraded from`);
        }
      }
    }
    const runs = (device: DeviceRecord): boolean =>
      selection.kind === "list" || (device.version !== undefined && selection.fromVersions.includes(device.version));
    if (selection.kind === "versions") return ofProduct.filter(runs);
    return [...new Set(selection.deviceNames)].map((name) => {
      const device = ofProduct.find((known) => known.deviceName === name);
      if (device === undefined) throw new CloudError(`product ${productId} has no device ${name}`);
      if (!runs(device)) throw new CloudError(`device ${name} runs ${device.version ?? "no known version"}, not one of those given`);
      return device;
    });
  }

  #assign({ productId, deviceName }: DeviceRecord, version: string): void {
    const { state } = this.#store;
    state.tasks = state.tasks.filter((task) => task.productId !== productId || task.deviceName !== deviceName);
    state.tasks.push({ productId, deviceName, version, state: "to-push" });
  }

  #onVersion(device: DeviceRecord, version: unknown): void {
    if (typeof version !== "string" || !VERSION.test(version)) {
      this.#send(device, { result_code: 1, result_msg: "invalid version", type: "report_version_rsp", version: String(version).slice(0, 32) });
      return;
    }
    device.version = version;
    this.#send(device, { result_code: 0, result_msg: "success", type: "report_version_rsp", version });
    this.#applyRules(device, version);
    const task = this.#task(device.productId, device.deviceName);
    if (task !== undefined && task.version === version && task.state !== "success") {
      settle(task, "success");
    }
    this.#store.save();
    if (task !== undefined && isOpen(task)) setTimeout(() => this.#push(device), PUSH_DELAY_MS).unref();
  }

  /** A rule is for devices that nobody has given another task. */
  #applyRules(device: DeviceRecord, version: string): void {
    const { productId, deviceName } = device;
    const rule = this.#store.state.rules.find((known) => known.productId === productId && known.fromVersions.includes(version));
    const task = this.#task(productId, deviceName);
    if (rule === undefined || task?.version === rule.version || (task !== undefined && isOpen(task))) return;
    this.#assign(device, rule.version);
  }

  #onProgress(device: DeviceRecord, report: Fields): void {
    const task = this.#task(device.productId, device.deviceName);
    const progress = report["progress"];
    if (task === undefined || task.version !== report["version"] || typeof progress !== "object" || progress === null) return;
    const fields = progress as Fields;
    switch (fields["state"]) {
      case "downloading":
        if (!isOpen(task)) return;
        task.state = "downloading";
        task.percent = Number(fields["percent"]);
        break;
      case "burning":
        if (!isOpen(task)) return;
        settle(task, "burning");
        break;
      case "done":
        settle(task, "success");
        break;
      case "fail":
        settle(task, "failed");
        task.resultCode = String(fields["result_code"]);
        task.resultMessage = String(fields["result_msg"]);
        break;
      default:
        return;
    }
    this.#store.save();
  }

  /** A newly signed URL each time; to a device that is not there it is lost. */
  #push(device: DeviceRecord): void {
    const { productId, deviceName } = device;
    const task = this.#task(productId, deviceName);
    const base = this.#options.fileBase();
    const firmware = task === undefined ? undefined : this.#firmware(productId, task.version);
    if (task === undefined || firmware === undefined || base === undefined || !isOpen(task)) return;
    if (device.version === task.version || !this.#options.isOnline(productId, deviceName)) return;
    const { version, size, md5 } = firmware;
    const url = signUrl(base, firmwarePath(productId, version), this.#store.state.signingKey, this.#options.urlLifetimeSec);
    if (task.state === "to-push") {
      task.state = "pushed";
      this.#store.save();
    }
    this.#send(device, { file_size: size, md5sum: md5, type: "update_firmware", url, version });
  }

  #send({ productId, deviceName }: DeviceRecord, message: object): void {
    this.#options.publish(`$ota/update/${productId}/${deviceName}`, JSON.stringify(message));
  }

  #device(productId: string, deviceName: string): DeviceRecord | undefined {
    return this.#store.state.devices.find((device) => device.productId === productId && device.deviceName === deviceName);
  }

  #task(productId: string, deviceName: string): TaskRecord | undefined {
    return this.#store.state.tasks.find((task) => task.productId === productId && task.deviceName === deviceName);
  }

  #firmware(productId: string, version: string): FirmwareRecord | undefined {
    return this.#store.state.firmwares.find((firmware) => firmware.productId === productId && firmware.version === version);
  }
}

type Fields = { readonly [key: string]: unknown };

function parse(payload: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** A new state, and nothing left of the one before. */
function settle(task: TaskRecord, state: TaskState): void {
  task.state = state;
  delete task.percent;
  delete task.resultCode;
  delete task.resultMessage;
}

function isOpen(task: TaskRecord): boolean {
  return task.state !== "success" && task.state !== "failed";
}
