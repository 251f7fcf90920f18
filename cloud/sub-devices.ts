import type { CloudStore } from "./store.js";
import type { DeviceName, DeviceRecord } from "./types.js";

/** Most sub-devices of one gateway. */
export const SUB_DEVICE_LIMIT = 1500;

/** One connection of a gateway: it begins with none of its sub-devices online, and takes them all off when it ends. */
export interface GatewaySession {
  readonly online: Set<DeviceRecord>;
  /** Unbound while it lasted: a report that was under way then is no offence. */
  readonly left: Set<DeviceRecord>;
}

export type BindObstacle = "bound-elsewhere" | "is-gateway" | "not-allowed" | "bound-already";

/** Which sub-device is bound to which gateway, which outlives the cloud, and which is online, which does not. */
export class SubDevices {
  readonly #store: CloudStore;
  readonly #sessions = new Map<DeviceRecord, GatewaySession>();

  constructor(store: CloudStore) {
    this.#store = store;
  }

  device({ productId, deviceName }: DeviceName): DeviceRecord | undefined {
    return this.#store.state.devices.find((known) => known.productId === productId && known.deviceName === deviceName);
  }

  isBound(subDevice: DeviceRecord, gateway: DeviceName): boolean {
    return subDevice.gateway?.productId === gateway.productId && subDevice.gateway.deviceName === gateway.deviceName;
  }

  /** Bound to it, in the order in which they were registered. */
  of(gateway: DeviceName): DeviceRecord[] {
    return this.#store.state.devices.filter((device) => this.isBound(device, gateway));
  }

  /** Why this sub-device cannot be bound to this gateway. A gateway behind a gateway is not allowed, on either side. */
  obstacle(subDevice: DeviceRecord, gateway: DeviceRecord): BindObstacle | undefined {
    if (subDevice === gateway || this.of(subDevice).length > 0) return "is-gateway";
    if (this.isBound(subDevice, gateway)) return "bound-already";
    if (subDevice.gateway !== undefined) return "bound-elsewhere";
    return gateway.gateway !== undefined || this.of(gateway).length >= SUB_DEVICE_LIMIT ? "not-allowed" : undefined;
  }

  /** @throws Error where the state cannot be stored; nothing is bound then */
  bind(subDevice: DeviceRecord, { productId, deviceName }: DeviceName): void {
    subDevice.gateway = { productId, deviceName };
    try {
      this.#store.save();
    } catch (error) {
      delete subDevice.gateway;
      throw error;
    }
  }

  /** It is offline with that. @throws Error where the state cannot be stored; it stays bound then */
  unbind(subDevice: DeviceRecord): void {
    const { gateway } = subDevice;
    if (gateway === undefined) return;
    delete subDevice.gateway;
    try {
      this.#store.save();
    } catch (error) {
      subDevice.gateway = gateway;
      throw error;
    }
    const session = this.#sessionOf(gateway);
    session?.online.delete(subDevice);
    session?.left.add(subDevice);
  }

  /** A new connection of a device, which may be a gateway; the one it replaces is over. */
  begin(device: DeviceRecord): GatewaySession {
    const session: GatewaySession = { online: new Set(), left: new Set() };
    this.#sessions.set(device, session);
    return session;
  }

  /** An old connection may end after the new one began. */
  end(device: DeviceRecord, session: GatewaySession): void {
    if (this.#sessions.get(device) === session) this.#sessions.delete(device);
  }

  isConnected(device: DeviceRecord): boolean {
    return this.#sessions.has(device);
  }

  setOnline(subDevice: DeviceRecord, gateway: DeviceRecord, online: boolean): void {
    const session = this.#sessions.get(gateway);
    if (online) session?.online.add(subDevice);
    else session?.online.delete(subDevice);
  }

  isOnline(subDevice: DeviceRecord): boolean {
    return subDevice.gateway !== undefined && (this.#sessionOf(subDevice.gateway)?.online.has(subDevice) ?? false);
  }

  #sessionOf(gateway: DeviceName): GatewaySession | undefined {
    const device = this.device(gateway);
    return device === undefined ? undefined : this.#sessions.get(device);
  }
}
