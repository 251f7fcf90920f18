import type { CloudStore } from "./store.js";
import type { DeviceName, DeviceRecord } from "./types.js";

/** Most sub-devices that one gateway may have. */
export const SUB_DEVICE_LIMIT = 1500;

/** One connection of a gateway. No sub-device is online when it begins, and all go offline when it ends. */
export interface GatewaySession {
  readonly online: Set<DeviceRecord>;
  /**
   * Sub-devices that were unbound during this connection. A report of theirs that is still on its way is not refused.
   */
  readonly left: Set<DeviceRecord>;
}

export type BindObstacle = "bound-elsewhere" | "is-gateway" | "not-allowed" | "bound-already";

/**
 * Knows which sub-device is bound to which gateway, and which one is online. Only the bindings are stored and survive a
 * restart of the cloud.
 */
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

  /** @returns the sub-devices bound to a gateway, in the order in which they were registered */
  of(gateway: DeviceName): DeviceRecord[] {
    return this.#store.state.devices.filter((device) => this.isBound(device, gateway));
  }

  /**
   * @returns why this sub-device cannot be bound to this gateway, or `undefined`. Neither may a gateway be bound to a
   * gateway, nor may a sub-device have sub-devices.
   */
  obstacle(subDevice: DeviceRecord, gateway: DeviceRecord): BindObstacle | undefined {
    if (subDevice === gateway || this.of(subDevice).length > 0) return "is-gateway";
    if (this.isBound(subDevice, gateway)) return "bound-already";
    if (subDevice.gateway !== undefined) return "bound-elsewhere";
    return gateway.gateway !== undefined || this.of(gateway).length >= SUB_DEVICE_LIMIT ? "not-allowed" : undefined;
  }

  /** @throws Error if the state cannot be stored; nothing is bound then */
  bind(subDevice: DeviceRecord, { productId, deviceName }: DeviceName): void {
    subDevice.gateway = { productId, deviceName };
    try {
      this.#store.save();
    } catch (error) {
      delete subDevice.gateway;
      throw error;
    }
  }

  /** Unbinds a sub-device, which also goes offline. @throws Error if the state cannot be stored; it stays bound then */
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

  /** Begins a connection of a device, which may be a gateway. It replaces the device's earlier connection. */
  begin(device: DeviceRecord): GatewaySession {
    const session: GatewaySession = { online: new Set(), left: new Set() };
    this.#sessions.set(device, session);
    return session;
  }

  /** Ends a connection. An old one may end after the new one has begun, so the session is compared. */
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
