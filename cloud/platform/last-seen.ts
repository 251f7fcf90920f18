import type { Work } from "../rollout/work.js";

/** The time of a device's last message is stored once in this time: each write is a page on the disk. */
const STORE_STEP_MS = 30_000;

interface Seen {
  readonly at: number;
  readonly storedAt: number;
}

/** When devices were last heard of: exactly in memory, and to half a minute in the store. */
export class LastSeen {
  readonly #seen = new Map<number, Seen>();

  /** Notes a message of a device. @param deviceId `device.id` */
  async note({ tables, nowMs, after }: Work, deviceId: number): Promise<void> {
    const { storedAt } = this.#seen.get(deviceId) ?? { storedAt: -Infinity };
    const isStored = nowMs - storedAt >= STORE_STEP_MS;
    if (isStored) await tables.devices.touch(deviceId, nowMs);
    after(() => this.#seen.set(deviceId, { at: nowMs, storedAt: isStored ? nowMs : storedAt }));
  }

  /** @returns milliseconds since 1970; `undefined` if nothing was heard of it since the cloud was started */
  of(deviceId: number): number | undefined {
    return this.#seen.get(deviceId)?.at;
  }
}
