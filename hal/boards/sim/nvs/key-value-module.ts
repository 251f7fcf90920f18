import type { KeyValueInstance, KeyValueModule } from "../../../ecma419/modules.js";
import type { Power } from "../power.js";
import type { Nvs } from "./nvs.js";

/** `embedded:storage/key-value` as the SDK has it on ESP32, format `buffer`. */
export function createKeyValueModule(nvs: Nvs, power: Power): KeyValueModule {
  return {
    open({ path, mode = "r+", format = "buffer" }): KeyValueInstance {
      power.check();
      if (format !== "buffer") throw new RangeError("unsupported");
      let open = true;
      const check = (): void => {
        power.check();
        if (!open) throw new Error("closed");
      };
      return {
        read(key) {
          check();
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
