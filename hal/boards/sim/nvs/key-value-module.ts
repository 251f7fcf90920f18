import type { KeyValueInstance, KeyValueModule } from "../../../ecma419/modules.js";
import type { Power } from "../power.js";
import type { Nvs } from "./nvs.js";

/**
 * `embedded:storage/key-value` as the SDK has it on ESP32: opening to write makes the namespace, opening to read one that is
 * not there fails; a key of another type is a mismatch. Narrower than the SDK's: of the formats it knows `buffer` alone.
 */
export function createKeyValueModule(nvs: Nvs, power: Power): KeyValueModule {
  return {
    open({ path, mode = "r+", format = "buffer" }): KeyValueInstance {
      power.check();
      if (path === "") throw new Error("invalid");
      if (mode !== "r" && mode !== "r+") throw new Error("invalid mode");
      if (format !== "buffer") throw new RangeError("unsupported");
      nvs.open(path, mode === "r+");
      let open = true;
      const check = (): void => {
        power.check();
        if (!open) throw new Error("closed");
      };
      return {
        read(key) {
          check();
          if (nvs.isOtherType(path, key)) throw new TypeError("mismatch");
          const value = nvs.get(path, key);
          return value === undefined ? undefined : new Uint8Array(value).buffer;
        },
        write(key, value) {
          check();
          if (mode === "r") throw new Error("read-only");
          nvs.set(path, key, value instanceof ArrayBuffer ? new Uint8Array(value) : value);
        },
        delete(key) {
          check();
          if (mode === "r") throw new Error("read-only");
          nvs.delete(path, key);
        },
        close() {
          open = false;
        },
      };
    },
  };
}
