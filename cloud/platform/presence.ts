import type { Reachable } from "../rollout/offers.js";
import type { DeviceName } from "../types.js";
import type { Sessions } from "./sessions.js";

/** Whether a device is online; `null` if that is not known. What is only believed is not known. */
export type Online = boolean | null;

/** What is known of who is connected. */
export interface Presence {
  of(device: Reachable): Online;
  /** @returns how many devices are known to be online, of a product or of all; `null` if nothing is known */
  count(productId?: string): number | null;
  /** Count of connected devices, without those behind gateways; `null` if that is not known. */
  readonly connections: number | null;
}

/** Presence at the own broker, which sees each connection begin and end. */
export class OwnPresence implements Presence {
  readonly #sessions: Sessions;
  readonly #isOnline: (device: Reachable) => boolean;

  constructor(options: { readonly sessions: Sessions; isOnline(device: Reachable): boolean }) {
    this.#sessions = options.sessions;
    this.#isOnline = (device) => options.isOnline(device);
  }

  of(device: Reachable): boolean {
    return this.#isOnline(device) || this.#sessions.get(device) !== undefined;
  }

  count(productId?: string): number {
    return this.#sessions.countOf(productId);
  }

  get connections(): number {
    return this.#sessions.count;
  }
}

/** Presence at another broker that does not say who is connected: a device that reports may be gone a moment later. */
export const UNKNOWN_PRESENCE: Presence = Object.freeze({ of: () => null, count: () => null, connections: null });

/** What another broker says of one client. */
interface Known {
  readonly online: boolean;
  readonly atMs: number;
}

/** Most clients that are remembered. The one that was heard of least lately is forgotten, and not known then. */
const MOST_CLIENTS = 200_000;

/**
 * Presence at another broker that says so by events. What it said before this process listened, or while the connection
 * to it was lost, is not known: {@link ReportedPresence.forget}.
 */
export class ReportedPresence implements Presence {
  readonly #sessions: Pick<Sessions, "gatewayOf">;
  readonly #onChange: () => void;
  readonly #clients = new Map<string, Known>();
  #online = 0;

  /** @param options.onChange called when more, or less, or something else is known */
  constructor(options: { readonly sessions: Pick<Sessions, "gatewayOf">; onChange?(): void }) {
    this.#sessions = options.sessions;
    this.#onChange = () => options.onChange?.();
  }

  /**
   * @param atMs when that was, by the broker's clock
   * @returns whether it says anything: an event that is older than the last one does not
   */
  note(clientId: string, online: boolean, atMs: number): boolean {
    const known = this.#clients.get(clientId);
    if (known !== undefined && known.atMs > atMs) return false;
    this.#clients.delete(clientId);
    this.#clients.set(clientId, { online, atMs });
    this.#online += Number(online) - Number(known?.online ?? false);
    if (this.#clients.size > MOST_CLIENTS) this.#forgetOldest();
    if (known?.online !== online) this.#onChange();
    return true;
  }

  /** To be called when events may have been missed. */
  forget(): void {
    if (this.#clients.size === 0) return;
    this.#clients.clear();
    this.#online = 0;
    this.#onChange();
  }

  of(device: Reachable): Online {
    const own = this.#clients.get(clientIdOf(device))?.online;
    if (own === true || device.gatewayId === null) return own ?? null;
    // It counts what the gateway has said last, as long as the gateway itself is connected.
    const gateway = this.#sessions.gatewayOf(device);
    return gateway === undefined ? (own ?? null) : (this.#clients.get(clientIdOf(gateway))?.online ?? null);
  }

  /** Sub-devices behind gateways are not counted: the broker does not see them. */
  count(productId?: string): number {
    if (productId === undefined) return this.#online;
    let count = 0;
    for (const [clientId, { online }] of this.#clients) if (online && clientId.startsWith(productId)) count++;
    return count;
  }

  get connections(): number {
    return this.#online;
  }

  #forgetOldest(): void {
    for (const [clientId, { online }] of this.#clients) {
      this.#clients.delete(clientId);
      this.#online -= Number(online);
      return;
    }
  }
}

function clientIdOf({ productId, deviceName }: DeviceName): string {
  return productId + deviceName;
}
