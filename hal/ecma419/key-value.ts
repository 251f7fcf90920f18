import { HalError, type KeyValueStore } from "../ports/index.js";
import type { KeyValueInstance, KeyValueModule } from "./modules.js";

/** `KeyValueStore` over `embedded:storage/key-value`, one namespace. */
export class Ecma419KeyValue implements KeyValueStore {
  readonly #store: KeyValueInstance;

  /**
   * @param options.path NVS namespace, 1 to 15 characters
   * @throws HalError `io`
   */
  constructor(options: { keyValue: KeyValueModule; path: string }) {
    try {
      this.#store = options.keyValue.open({ path: options.path, mode: "r+", format: "buffer" });
    } catch (error) {
      throw HalError.wrap("io", `key-value store ${options.path}`, error);
    }
  }

  read(key: string): Uint8Array | undefined {
    try {
      const value = this.#store.read(key);
      return value === undefined ? undefined : new Uint8Array(value);
    } catch (error) {
      throw HalError.wrap("io", `key-value read of ${key}`, error);
    }
  }

  write(key: string, bytes: Uint8Array): void {
    try {
      this.#store.write(key, bytes);
    } catch (error) {
      const full = error instanceof Error && error.message === "ESP_ERR_NVS_NOT_ENOUGH_SPACE";
      throw HalError.wrap(full ? "no-space" : "io", `key-value write of ${key}`, error);
    }
  }

  delete(key: string): void {
    try {
      this.#store.delete(key);
    } catch (error) {
      throw HalError.wrap("io", `key-value delete of ${key}`, error);
    }
  }
}
