import type { NamedDevice } from "../rollout/task-dispatch.js";
import type { Work } from "../rollout/work.js";
import type { Device } from "../store/schema.js";
import { type Sessions, SUB_DEVICE_LIMIT } from "./sessions.js";

export type BindObstacle = "bound-elsewhere" | "is-gateway" | "not-allowed" | "bound-already";

/** Which sub-device is bound to which gateway: kept in the store, and told to the gateway's connection. */
export class Bindings {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /**
   * @returns why this sub-device cannot be bound to this gateway, or `undefined`. Neither may a gateway be bound to a
   * gateway, nor may a sub-device have sub-devices.
   */
  async obstacle({ tables }: Work, subDevice: Device, gateway: Device): Promise<BindObstacle | undefined> {
    if (subDevice.id === gateway.id || (await tables.devices.countSubDevices(subDevice.id)) > 0) return "is-gateway";
    if (subDevice.gatewayId === gateway.id) return "bound-already";
    if (subDevice.gatewayId !== null) return "bound-elsewhere";
    if (gateway.gatewayId !== null) return "not-allowed";
    return (await tables.devices.countSubDevices(gateway.id)) >= SUB_DEVICE_LIMIT ? "not-allowed" : undefined;
  }

  async bind(work: Work, subDevice: NamedDevice, gateway: NamedDevice): Promise<void> {
    await work.tables.devices.update(subDevice.id, { gatewayId: gateway.id });
    work.after(() => this.#sessions.bound(subDevice, gateway));
  }

  /** Unbinds a sub-device, which also goes offline. */
  async unbind(work: Work, subDevice: NamedDevice, gateway: NamedDevice): Promise<void> {
    await work.tables.devices.update(subDevice.id, { gatewayId: null });
    work.after(() => this.#sessions.unbound(subDevice, gateway));
  }
}
