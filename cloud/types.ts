/** A device as the platform knows it. */
export interface DeviceRecord {
  readonly productId: string;
  readonly deviceName: string;
  /** base64, as in device_info.json; absent where the device proves itself by certificate. */
  readonly deviceSecret?: string;
  /** As last reported. */
  version?: string;
}

/** A file that was added for a product and version. */
export interface FirmwareRecord {
  readonly productId: string;
  readonly version: string;
  readonly size: number;
  /** 32 hexadecimal digits in lower case; also the file's name in the store. */
  readonly md5: string;
}

/** The states of the vendor's console. */
export type TaskState = "to-push" | "pushed" | "downloading" | "burning" | "success" | "failed";

/** What one device is to be brought to, and how far it is. */
export interface TaskRecord {
  readonly productId: string;
  readonly deviceName: string;
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
  | { readonly kind: "versions-and-devices"; readonly fromVersions: readonly string[]; readonly deviceNames: readonly string[] }
  | { readonly kind: "list"; readonly deviceNames: readonly string[] };

/** A request that the platform refuses, with one line that says what to do. */
export class CloudError extends Error {
  override readonly name = "CloudError";
}

/** What an operator can ask for; the same whether the cloud is running or only its state is there. */
export interface CloudService {
  addDevice(device: DeviceRecord): Promise<void>;
  /** @param path of a file on this machine */
  addFirmware(request: { productId: string; version: string; path: string }): Promise<FirmwareRecord>;
  /** @returns how many devices it concerns at once */
  upgrade(request: { productId: string; version: string; selection: Selection }): Promise<{ devices: number }>;
  status(): Promise<CloudStatus>;
}

export interface CloudStatus {
  readonly devices: readonly { productId: string; deviceName: string; version?: string; online: boolean; task?: TaskRecord }[];
  readonly firmwares: readonly FirmwareRecord[];
}
