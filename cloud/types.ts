export interface DeviceName {
  readonly productId: string;
  readonly deviceName: string;
}

/** A device as the platform knows it. */
export interface DeviceRecord extends DeviceName {
  /** base64, as in device_info.json; absent where the device proves itself by certificate. */
  readonly deviceSecret?: string;
  /** As last reported. */
  version?: string;
  /** Of a sub-device: whom it is bound to. */
  gateway?: DeviceName;
}

/** What a device should know before it takes an image; served as JSON at the file's path with `.json` behind it. */
export interface FirmwareManifest {
  /** Of a delta: the version that it turns into this one. It is offered to no device that runs another. */
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
  readonly productId: string;
  readonly version: string;
  readonly size: number;
  /** 32 hexadecimal digits in lower case; also the file's name in the store. */
  readonly md5: string;
  readonly manifest?: FirmwareManifest;
}

/** The states of the vendor's console. */
export type TaskState = "to-push" | "pushed" | "downloading" | "burning" | "success" | "failed";

/** What one device is to be brought to, and how far it is. */
export interface TaskRecord extends DeviceName {
  readonly version: string;
  state: TaskState;
  percent?: number;
  resultCode?: string;
  resultMessage?: string;
}

/** An upgrade of every device that reports one of these versions, now or later. */
export interface RuleRecord {
  readonly productId: string;
  readonly version: string;
  readonly fromVersions: readonly string[];
}

/** All that survives a restart. */
export interface CloudState {
  devices: DeviceRecord[];
  firmwares: FirmwareRecord[];
  tasks: TaskRecord[];
  rules: RuleRecord[];
  /** Key of the URLs' signatures, hexadecimal. */
  signingKey: string;
}

/** Whom an upgrade is for: the console's three ways. */
export type Selection =
  | { readonly kind: "versions"; readonly fromVersions: readonly string[] }
  | {
      readonly kind: "versions-and-devices";
      readonly fromVersions: readonly string[];
      readonly deviceNames: readonly string[];
    }
  | { readonly kind: "list"; readonly deviceNames: readonly string[] };

/** A request that the platform refuses, with one line that says what to do. */
export class CloudError extends Error {
  override readonly name = "CloudError";
}

/** What an operator can ask for; the same whether the cloud is running or only its state is there. */
export interface CloudService {
  addDevice(device: DeviceRecord): Promise<void>;
  /** What the console does; a gateway that is connected is told. Bound to this gateway already: no error. */
  bindSubDevice(request: DeviceName & { gateway: DeviceName }): Promise<void>;
  /** @returns the gateway it was bound to */
  unbindSubDevice(subDevice: DeviceName): Promise<DeviceName>;
  /** @param path of a file on this machine */
  addFirmware(request: {
    productId: string;
    version: string;
    path: string;
    manifest?: FirmwareManifest;
  }): Promise<FirmwareRecord>;
  /** @returns the devices, of whatever product, whose secret is in this file, which was added */
  secretsIn(file: { md5: string }): Promise<DeviceName[]>;
  /** @returns how many devices it concerns at once */
  upgrade(request: { productId: string; version: string; selection: Selection }): Promise<{ devices: number }>;
  status(): Promise<CloudStatus>;
}

export interface DeviceStatus extends DeviceName {
  readonly version?: string;
  /**
   * Connected and subscribed to its updates; of a gateway: connected; of a sub-device: by its gateway, or by itself.
   */
  readonly online: boolean;
  readonly gateway?: DeviceName;
  readonly task?: TaskRecord;
  /** Messages beyond the platform's rate, since the cloud runs; absent: none. */
  readonly overRate?: number;
  /** Of a gateway: bindings that it was told of and has not acknowledged; absent: none. */
  readonly unansweredChanges?: number;
}

export interface CloudStatus {
  readonly devices: readonly DeviceStatus[];
  readonly firmwares: readonly FirmwareRecord[];
}
