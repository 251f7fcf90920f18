import type { DeviceName } from "../../types.js";
import type { Actor, Page, Paged } from "./common.js";

export interface DeviceView extends DeviceName {
  readonly id: number;
  /** Version of each component; `firmware` is that of the agent. */
  readonly versions: { readonly [component: string]: string };
  /** `null`: it is not known. */
  readonly online: boolean | null;
  readonly gateway?: DeviceName;
  readonly timeZone?: string;
  readonly language?: string;
  readonly note: string;
  readonly createdAt: number;
  /** Time of the last message, in milliseconds since 1970; absent if there was none. */
  readonly lastSeenAt?: number;
}

export interface DeviceFilter {
  readonly productId?: string;
  /** A part of the name. */
  readonly text?: string;
  readonly component?: string;
  readonly version?: string;
  readonly gateway?: DeviceName;
  /** Known to be so. */
  readonly online?: boolean;
}

export interface NewDevice extends DeviceName {
  /** In base64. Absent: one is made, unless `certificate` is true. */
  readonly deviceSecret?: string;
  readonly certificate?: boolean;
  readonly note?: string;
}

export interface DeviceOperations {
  devices(filter: DeviceFilter, page: Page): Promise<Paged<DeviceView>>;
  device(name: DeviceName): Promise<DeviceView>;
  /**
   * @returns the secrets, in the order of the request: they are shown this once. A device that is known
   * keeps its own.
   */
  addDevices(
    devices: readonly NewDevice[],
    actor: Actor,
  ): Promise<readonly (DeviceName & { readonly deviceSecret?: string; readonly added: boolean })[]>;
  /**
   * Adds `count` devices whose names are `prefix` and a number.
   *
   * @returns the secrets, as for a list of devices
   */
  addDeviceCount(
    request: { readonly productId: string; readonly prefix: string; readonly count: number },
    actor: Actor,
  ): Promise<readonly (DeviceName & { readonly deviceSecret?: string; readonly added: boolean })[]>;
  /** An empty time zone or language takes it away. */
  changeDevice(
    name: DeviceName,
    change: { readonly note?: string; readonly timeZone?: string; readonly language?: string },
    actor: Actor,
  ): Promise<DeviceView>;
  removeDevice(name: DeviceName, actor: Actor): Promise<void>;
  bind(subDevice: DeviceName, gateway: DeviceName, actor: Actor): Promise<void>;
  /** @returns the gateway that it was bound to */
  unbind(subDevice: DeviceName, actor: Actor): Promise<DeviceName>;
}
