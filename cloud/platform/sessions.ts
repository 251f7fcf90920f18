import type { DeviceName } from "../types.js";

/** Most sub-devices that one gateway may have. */
export const SUB_DEVICE_LIMIT = 1500;

/** One connection of a device. No sub-device is online when it begins, and all go offline when it ends. */
export interface Session {
  readonly device: DeviceName;
  /** Keys of the sub-devices that are bound to this device, as in the store. */
  readonly bound: Set<string>;
  /** Keys of those that the gateway has reported online. */
  readonly online: Set<string>;
  /**
   * Keys of sub-devices that were unbound during this connection. A report of theirs that is still on its way is not
   * refused.
   */
  readonly left: Set<string>;
  /** The device was removed: its connection has no rights any more. */
  isRevoked: boolean;
}

/** @returns a text that names a device among all */
export function keyOf({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}

/** Knows which devices are connected, and which sub-devices their gateways have reported online. Nothing is stored. */
export class Sessions {
  readonly #onPresence: () => void;
  readonly #sessions = new Map<string, Session>();
  /** Session of the gateway that has reported a sub-device online, by the key of the sub-device. */
  readonly #gatewayOf = new Map<string, Session>();
  /** How many devices of each product are online. */
  readonly #counts = new Map<string, number>();

  /** @param options.onPresence called when a device came online or went offline */
  constructor(options: { onPresence?(): void } = {}) {
    this.#onPresence = () => options.onPresence?.();
  }

  /**
   * Begins a connection. It replaces the device's earlier one.
   *
   * @param bound the sub-devices that are bound to it
   */
  begin(device: DeviceName, bound: readonly DeviceName[]): Session {
    const earlier = this.#sessions.get(keyOf(device));
    if (earlier !== undefined) this.end(earlier);
    const { productId, deviceName } = device;
    const session: Session = {
      device: { productId, deviceName },
      bound: new Set(bound.map(keyOf)),
      online: new Set(),
      left: new Set(),
      isRevoked: false,
    };
    this.#change(keyOf(device), (key) => this.#sessions.set(key, session));
    return session;
  }

  /** Ends a connection. An old one may end after the new one has begun, so the session is compared. */
  end(session: Session): void {
    const key = keyOf(session.device);
    if (this.#sessions.get(key) === session) this.#change(key, () => this.#sessions.delete(key));
    for (const subDevice of session.online) this.#forget(subDevice, session);
  }

  /** To be called once it is stored that the device was removed. */
  revoke(device: DeviceName): void {
    const session = this.get(device);
    if (session === undefined) return;
    session.isRevoked = true;
    this.end(session);
  }

  /** Forgets all connections: another process takes the messages of devices now. */
  clear(): void {
    for (const session of [...this.#sessions.values()]) this.end(session);
  }

  get(device: DeviceName): Session | undefined {
    return this.#sessions.get(keyOf(device));
  }

  /** Count of connected devices. */
  get count(): number {
    return this.#sessions.size;
  }

  /** @returns how many devices are connected or were reported online by their gateway; absent: of all products */
  countOf(productId?: string): number {
    if (productId !== undefined) return this.#counts.get(productId) ?? 0;
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** @returns how many devices of each product are connected or were reported online */
  counts(): { readonly [productId: string]: number } {
    return Object.fromEntries(this.#counts);
  }

  setOnline(subDevice: DeviceName, gateway: DeviceName, online: boolean): void {
    const session = this.get(gateway);
    if (session === undefined) return;
    const key = keyOf(subDevice);
    if (!online) {
      session.online.delete(key);
      this.#forget(key, session);
      return;
    }
    session.online.add(key);
    this.#change(key, () => this.#gatewayOf.set(key, session));
  }

  /** @returns the gateway that has reported this sub-device online */
  gatewayOf(subDevice: DeviceName): DeviceName | undefined {
    return this.#gatewayOf.get(keyOf(subDevice))?.device;
  }

  /** Whether a gateway has reported this sub-device online. */
  isSubDeviceOnline(subDevice: DeviceName): boolean {
    return this.#gatewayOf.has(keyOf(subDevice));
  }

  /** To be called once the binding is stored. */
  bound(subDevice: DeviceName, gateway: DeviceName): void {
    const session = this.get(gateway);
    session?.bound.add(keyOf(subDevice));
    session?.left.delete(keyOf(subDevice));
  }

  /** To be called once it is stored that the binding has ended. The sub-device also goes offline. */
  unbound(subDevice: DeviceName, gateway: DeviceName): void {
    const session = this.get(gateway);
    if (session === undefined) return;
    const key = keyOf(subDevice);
    session.bound.delete(key);
    session.online.delete(key);
    session.left.add(key);
    this.#forget(key, session);
  }

  #forget(subDevice: string, session: Session): void {
    if (this.#gatewayOf.get(subDevice) === session) this.#change(subDevice, () => this.#gatewayOf.delete(subDevice));
  }

  /** Changes what is known of a device, and counts whether it is online after it. */
  #change(key: string, act: (key: string) => void): void {
    const isOnline = (): number => (this.#sessions.has(key) || this.#gatewayOf.has(key) ? 1 : 0);
    const before = isOnline();
    act(key);
    const change = isOnline() - before;
    if (change === 0) return;
    const productId = key.slice(0, key.indexOf("/"));
    const count = (this.#counts.get(productId) ?? 0) + change;
    if (count === 0) this.#counts.delete(productId);
    else this.#counts.set(productId, count);
    this.#onPresence();
  }
}
