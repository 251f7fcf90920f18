import type { FaultRecord } from "./faults/fault.js";

export interface DeviceName {
  readonly productId: string;
  readonly deviceName: string;
}

/** A device as the platform knows it. */
export interface DeviceRecord extends DeviceName {
  /** In base64, as in device_info.json. Absent if the device proves its identity by a certificate. */
  readonly deviceSecret?: string;
  /** Version that the device has last reported. */
  version?: string;
  /** For a sub-device: the gateway that it is bound to. */
  gateway?: DeviceName;
  /** It has connected once, so that it can register itself no more. Only for products with a record. */
  activated?: true;
  /** It has made itself known by dynamic registration. */
  readonly selfRegistered?: true;
}

/** Which devices may register themselves by their product's secret: none, those that were added, or any. */
export const REGISTRATION_MODES = ["off", "listed", "any"] as const;
export type RegistrationMode = (typeof REGISTRATION_MODES)[number];

/** A product whose devices may register themselves. */
export interface ProductRecord {
  readonly productId: string;
  readonly productSecret: string;
  readonly registration: RegistrationMode;
  /** Most devices that may make themselves known. Absent: any count. */
  readonly deviceLimit?: number;
}

/** What a device should know before it accepts an image. It is served as JSON at the file's path with `.json` added. */
export interface FirmwareManifest {
  /** For a delta: the version that it makes this one from. It is not offered to a device that runs another version. */
  readonly sourceVersion?: string;
  readonly minBatteryPercent?: number;
  readonly minSignalDbm?: number;
  /** Bytes of storage that the installation needs. */
  readonly space?: number;
  readonly kind?: "module" | "mcu";
  readonly component?: string;
}

/** A file that was added for a product and version. */
export interface FirmwareRecord {
  readonly id: number;
  readonly productId: string;
  readonly version: string;
  readonly size: number;
  /** 32 hexadecimal digits in lower case; also the file's name in the store. */
  readonly md5: string;
  readonly manifest?: FirmwareManifest;
}

/** The states of the vendor's console, and two more: nothing was heard of the device in time, or it was taken back. */
export type TaskState =
  | "to-push"
  | "pushed"
  | "downloading"
  | "burning"
  | "success"
  | "failed"
  | "silent"
  | "cancelled";

/** The version that one device is to be updated to, and the progress. */
export interface TaskRecord extends DeviceName {
  readonly version: string;
  state: TaskState;
  percent?: number;
  resultCode?: string;
  resultMessage?: string;
}

/** Whom a plan reaches at its activation. */
export interface Reach {
  /** Devices that get a task. */
  readonly devices: number;
  /** Of these, those that are online; `null` if none of it is known. */
  readonly online: number | null;
  /** How many of the devices that it looked at get none, by the reason of matching. */
  readonly byReason: { readonly [reason: string]: number };
}

/** The devices that an upgrade is for, selected in one of the console's three ways. */
export type Selection =
  | { readonly kind: "versions"; readonly fromVersions: readonly string[] }
  | {
      readonly kind: "versions-and-devices";
      readonly fromVersions: readonly string[];
      readonly deviceNames: readonly string[];
    }
  | { readonly kind: "list"; readonly deviceNames: readonly string[] };

export interface UpgradeRequest {
  readonly productId: string;
  readonly version: string;
  readonly selection: Selection;
}

/** The platform refuses a request. The message is one line that names the reason or what to do. */
export class CloudError extends Error {
  override readonly name = "CloudError";
}

/** The requests of an operator. They are the same for a running cloud and for a folder with only its state. */
export interface CloudService {
  addDevice(device: DeviceRecord): Promise<void>;
  /** Adds a product, or changes what its devices may do; its secret stays. @returns it, with its secret */
  setProduct(request: Omit<ProductRecord, "productSecret">): Promise<ProductRecord>;
  /**
   * Binds a sub-device as the console does, and reports it to the gateway if that is connected. It is no error if the
   * sub-device is already bound to this gateway.
   */
  bindSubDevice(request: DeviceName & { gateway: DeviceName }): Promise<void>;
  /** @returns the gateway it was bound to */
  unbindSubDevice(subDevice: DeviceName): Promise<DeviceName>;
  /** @param request.path path of a file on this machine */
  addFirmware(request: {
    productId: string;
    version: string;
    path: string;
    manifest?: FirmwareManifest;
    /** Puts the file in the place of another one, unless a plan uses that. */
    replace?: boolean;
  }): Promise<FirmwareRecord>;
  /** @returns the devices and products whose secret is in the file of this firmware */
  secretsIn(firmware: { id: number }): Promise<DeviceName[]>;
  /** @returns the plan of the upgrade, and whom it reaches now */
  upgrade(request: UpgradeRequest): Promise<Reach & { readonly planId: number }>;
  status(): Promise<CloudStatus>;
  /**
   * @param request.version    default: the version that the device is to be updated to
   * @param request.deviceName the device whose faults the URL is to meet
   * @returns a signed URL, as a device gets it; it must not be logged
   */
  signedUrl(request: {
    productId: string;
    version?: string;
    deviceName?: string;
    lifetimeSec?: number;
  }): Promise<string>;
  /** @param fault as `serve --faults` takes it */
  addFault(fault: unknown): Promise<FaultRecord>;
  faults(): Promise<readonly FaultRecord[]>;
  /** @param request.id default: all of them @returns how many were removed */
  clearFaults(request: { id?: number }): Promise<number>;
}

export interface DeviceStatus extends DeviceName {
  readonly version?: string;
  /**
   * Whether the device is connected and subscribed to its updates. A gateway needs only be connected. A sub-device is
   * connected by its gateway or by itself. `null`: it is not known.
   */
  readonly online: boolean | null;
  readonly gateway?: DeviceName;
  readonly task?: TaskRecord;
  /** Time of its last message, in milliseconds since 1970; absent if there was none. */
  readonly lastSeenAt?: number;
  /** Messages beyond the platform's rate since the cloud was started; absent if there were none. */
  readonly overRate?: number;
  /** For a gateway: changes of bindings that it was sent and has not acknowledged; absent if there are none. */
  readonly unansweredChanges?: number;
}

export interface CloudStatus {
  readonly devices: readonly DeviceStatus[];
  readonly firmwares: readonly FirmwareRecord[];
}
