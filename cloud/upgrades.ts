import type { FaultList } from "./faults/fault-list.js";
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
  /** Seconds that a signed URL is valid. */
  readonly urlLifetimeSec: number;
  /** Origin of the file server; `undefined` while no cloud runs. */
  fileBase(): string | undefined;
  /** Publishes with QoS 0, as the platform always does. */
  publish(topic: string, payload: string): void;
  /**
   * Whether the device is connected and subscribed to its updates. A sub-device is online if its gateway reports so.
   */
  isOnline(productId: string, deviceName: string): boolean;
  /** Absent if no cloud runs. */
  readonly faults?: FaultList | undefined;
}

/** The platform first answers a version report. The offer follows after this many milliseconds. */
const PUSH_DELAY_MS = 20;

/** Name that devices use for the firmware that runs the agent. */
const OWN_FIRMWARE = "firmware";

const VERSION = /^[A-Za-z0-9._-]{1,32}$/;

/** Records which device is to get which firmware, and its progress; makes the offers. */
export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #store: CloudStore;

  constructor(options: UpgradesOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /** @returns how many devices have got a task by this @throws CloudError */
  begin(request: { productId: string; version: string; selection: Selection }): number {
    const { productId, version, selection } = request;
    if (this.#firmware(productId, version) === undefined) {
      throw new CloudError(`product ${productId} has no firmware ${version}: add it first`);
    }
    const devices = this.#select(productId, selection);
    const { state } = this.#store;
    if (selection.kind === "versions") {
      // The first rule that fits a version is used, so the newest one must come first.
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

  /** Answers a version report, then offers the next firmware if there is one. */
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

  /** Gives a device the task of a rule, unless the device has another task that is not finished. */
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

  /** Offers a task's firmware, each time with a newly signed URL. A device that is not online gets no offer. */
  #push(device: DeviceRecord): void {
    const { productId, deviceName } = device;
    const task = this.task(device);
    const base = this.#options.fileBase();
    const firmware = task === undefined ? undefined : this.#firmware(productId, task.version);
    if (task === undefined || firmware === undefined || base === undefined || !isOpen(task)) return;
    if (device.version === task.version || !this.#options.isOnline(productId, deviceName)) return;
    const { version, size, md5, manifest } = firmware;
    // A delta fits only one version, so its task waits while the device runs another. For a component the cloud does
    // not know which version runs, because the reports of a device name the version now of one component and then of
    // another.
    const ofComponent = (manifest?.component ?? OWN_FIRMWARE) !== OWN_FIRMWARE;
    if (manifest?.sourceVersion !== undefined && !ofComponent && manifest.sourceVersion !== device.version) return;
    const fault = this.#options.faults?.strike("offer", device)?.fault;
    const lifetimeSec = fault === "expired" ? -1 : this.#options.urlLifetimeSec;
    const url = signUrl(base, firmwarePath(productId, version), this.#store.state.signingKey, lifetimeSec, deviceName);
    if (task.state === "to-push") {
      task.state = "pushed";
      this.#store.save();
    }
    this.#send(device, {
      file_size: size,
      md5sum: fault === "wrong-md5" ? otherMd5(md5) : md5,
      type: "update_firmware",
      url,
      version,
    });
  }

  /**
   * Signs a URL of a version or, if none is named, of the one that the device is to be updated to.
   *
   * @param request.deviceName the device whose faults the URL is to meet
   * @throws CloudError
   */
  signedUrl(request: { productId: string; version?: string; deviceName?: string; lifetimeSec?: number }): string {
    const { productId, deviceName, lifetimeSec = this.#options.urlLifetimeSec } = request;
    const base = this.#options.fileBase();
    if (base === undefined) throw new CloudError("no cloud runs on this folder, so there is no file server: start it");
    if (deviceName !== undefined) this.#mustExist({ productId, deviceName });
    const version =
      request.version ?? (deviceName === undefined ? undefined : this.task({ productId, deviceName })?.version);
    if (version === undefined) throw new CloudError("name a version, or a device that has an upgrade");
    if (this.#firmware(productId, version) === undefined) {
      throw new CloudError(`product ${productId} has no firmware ${version}`);
    }
    return signUrl(base, firmwarePath(productId, version), this.#store.state.signingKey, lifetimeSec, deviceName);
  }

  #mustExist({ productId, deviceName }: DeviceName): void {
    const { devices } = this.#store.state;
    if (devices.some((known) => known.productId === productId && known.deviceName === deviceName)) return;
    throw new CloudError(`product ${productId} has no device ${deviceName}`);
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

/** @returns an MD5 that differs from this one in its first digit */
function otherMd5(md5: string): string {
  return `${md5.startsWith("0") ? "1" : "0"}${md5.slice(1)}`;
}

/** Sets a new state and removes the fields that belong to the one before. */
function settle(task: TaskRecord, state: TaskState): void {
  task.state = state;
  delete task.percent;
  delete task.resultCode;
  delete task.resultMessage;
}

function isOpen(task: TaskRecord): boolean {
  return task.state !== "success" && task.state !== "failed";
}
