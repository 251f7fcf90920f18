import type { Tables } from "../store/tables/tables.js";
import type { DeviceName } from "../types.js";

/**
 * The secrets of all devices, in memory: a TLS handshake asks for one and cannot wait for the store. Nothing is kept
 * before {@link load}, so that a cloud without such handshakes spends nothing on it.
 */
export class DeviceSecrets {
  #secrets: Map<string, string> | undefined;

  /** Begins to keep them. To be called before anything can change devices. */
  async load(tables: Tables): Promise<void> {
    const secrets = new Map<string, string>();
    const products = new Map((await tables.products.list()).map(({ id, productId }) => [id, productId]));
    for (let after = 0; ; ) {
      const page = await tables.devices.list({}, { after });
      for (const { productId, deviceName, secret } of page) {
        if (secret !== null) secrets.set(`${products.get(productId)}${deviceName}`, secret);
      }
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
    this.#secrets = secrets;
  }

  /** To be called once it is stored that the device has this secret, in base64; `null` if it has none. */
  set({ productId, deviceName }: DeviceName, secret: string | null): void {
    if (secret === null) this.#secrets?.delete(productId + deviceName);
    else this.#secrets?.set(productId + deviceName, secret);
  }

  /** To be called once it is stored that the device was removed. */
  forget(name: DeviceName): void {
    this.set(name, null);
  }

  /** @param clientId product id and device name @returns the secret in base64 */
  find(clientId: string): string | undefined {
    return this.#secrets?.get(clientId);
  }
}
