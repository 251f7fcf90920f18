import type { Fields } from "./fields.js";
import { firmwarePath, signUrl } from "./signed-url.js";
import type { CloudStore } from "./store.js";
import {
  CloudError,
  type DeviceName,
  type DeviceRecord,
  type FirmwareRecord,
  type Selection,
  type TaskRecord,
  type TaskState,
} from "./types.js";

export interface UpgradesOptions {
  readonly store: CloudStore;
  /** Seconds that a signed URL holds. */
  readonly urlLifetimeSec: number;
  /** Origin of the file server; `undefined` while no cloud runs. */
  fileBase(): string | undefined;
  /** QoS 0, as the platform sends everything. */
  publish(topic: string, payload: string): void;
  /** Connected and subscribed to its updates; of a sub-device: by its gateway, which has brought it online. */
  isOnline(productId: string, deviceName: string): boolean;
}

/** The platform answers a version report first; the offer follows this much later, in milliseconds. */
const PUSH_DELAY_MS = 20;

/** What devices call the firmware that runs the agent. */
const OWN_FIRMWARE = "firmware";

const VERSION = /^[A-Za-z0-9._-]{1,32}$/;

/** Which device is to get which firmware, and how far it is. */
export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #store: CloudStore;

  constructor(options: UpgradesOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /** @returns how many devices it concerns at once @throws CloudError */
  begin(request: { productId: string; version: string; selection: Selection }): number {
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
    return devices.length;
  }

  task({ productId, deviceName }: DeviceName): TaskRecord | undefined {
    return this.#store.state.tasks.find((task) => task.productId === productId && task.deviceName === deviceName);
  }

  #select(productId: string, selection: Selection): DeviceRecord[] {
    const ofProduct = this.#store.state.devices.filter((device) => device.productId === productId);
    if (selection.kind !== "list") {
      for (const version of selection.fromVersions) {
        if (this.#firmware(productId, version) === undefined) {
          throw new CloudError(
            `product ${productId} has no firmware ${version}: only versions that were added can be upgraded from`,
          );
        }
      }
    }
    const runs = (device: DeviceRecord): boolean =>
      selection.kind === "list" || (device.version !== undefined && selection.fromVersions.includes(device.version));
    if (selection.kind === "versions") return ofProduct.filter(runs);
    return [...new Set(selection.deviceNames)].map((name) => {
      const device = ofProduct.find((known) => known.deviceName === name);
      if (device === undefined) throw new CloudError(`product ${productId} has no device ${name}`);
      if (!runs(device)) {
        throw new CloudError(`device ${name} runs ${device.version ?? "no known version"}, not one of those given`);
      }
      return device;
    });
  }

  #assign({ productId, deviceName }: DeviceRecord, version: string): void {
    const { state } = this.#store;
    state.tasks = state.tasks.filter((task) => task.productId !== productId || task.deviceName !== deviceName);
    state.tasks.push({ productId, deviceName, version, state: "to-push" });
  }

  /** Answers a version report, and offers what is to come next. */
  onVersion(device: DeviceRecord, version: unknown): void {
    if (typeof version !== "string" || !VERSION.test(version)) {
      this.#send(device, {
        result_code: 1,
        result_msg: "invalid version",
        type: "report_version_rsp",
        version: String(version).slice(0, 32),
      });
      return;
    }
    device.version = version;
    this.#send(device, { result_code: 0, result_msg: "success", type: "report_version_rsp", version });
    this.#applyRules(device, version);
    const task = this.task(device);
    if (task !== undefined && task.version === version && task.state !== "success") {
      settle(task, "success");
    }
    this.#store.save();
    if (task !== undefined && isOpen(task)) setTimeout(() => this.#push(device), PUSH_DELAY_MS).unref();
  }

  /** A rule is for devices that nobody has given another task. */
  #applyRules(device: DeviceRecord, version: string): void {
    const { rules } = this.#store.state;
    const rule = rules.find((known) => known.productId === device.productId && known.fromVersions.includes(version));
    const task = this.task(device);
    if (rule === undefined || task?.version === rule.version || (task !== undefined && isOpen(task))) return;
    this.#assign(device, rule.version);
  }

  onProgress(device: DeviceRecord, report: Fields): void {
    const task = this.task(device);
    const progress = report["progress"];
    if (task === undefined || task.version !== report["version"] || typeof progress !== "object" || progress === null) {
      return;
    }
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
    const task = this.task(device);
    const base = this.#options.fileBase();
    const firmware = task === undefined ? undefined : this.#firmware(productId, task.version);
    if (task === undefined || firmware === undefined || base === undefined || !isOpen(task)) return;
    if (device.version === task.version || !this.#options.isOnline(productId, deviceName)) return;
    const { version, size, md5, manifest } = firmware;
    // A delta is of use to one version only; its task waits for a device that runs another. Which one a component runs,
    // only its device knows: a report names the version of one of them, and then of another.
    const ofComponent = (manifest?.component ?? OWN_FIRMWARE) !== OWN_FIRMWARE;
    if (manifest?.sourceVersion !== undefined && !ofComponent && manifest.sourceVersion !== device.version) return;
    const url = signUrl(
      base,
      firmwarePath(productId, version),
      this.#store.state.signingKey,
      this.#options.urlLifetimeSec,
    );
    if (task.state === "to-push") {
      task.state = "pushed";
      this.#store.save();
    }
    this.#send(device, { file_size: size, md5sum: md5, type: "update_firmware", url, version });
  }

  #send({ productId, deviceName }: DeviceRecord, message: object): void {
    this.#options.publish(`$ota/update/${productId}/${deviceName}`, JSON.stringify(message));
  }

  #firmware(productId: string, version: string): FirmwareRecord | undefined {
    return this.#store.state.firmwares.find(
      (firmware) => firmware.productId === productId && firmware.version === version,
    );
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
