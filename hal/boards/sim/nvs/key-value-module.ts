import type {
  KeyValueInstance,
  KeyValueModule,
  KeyValueStrings,
  KeyValueStringsModule,
} from "../../../ecma419/modules.js";
import type { Power } from "../power.js";
import type { Nvs } from "./nvs.js";

interface OpenOptions {
  readonly path: string;
  readonly mode?: "r" | "r+";
  readonly format?: "buffer" | "string";
}

/**
 * `embedded:storage/key-value` as the SDK has it on ESP32. Opening a namespace for writing makes it; opening one for
 * reading fails if it does not exist; reading a key of another type is a mismatch. Unlike the SDK's, it knows only the
 * formats `buffer` and `string`.
 */
export function createKeyValueModule(nvs: Nvs, power: Power): KeyValueModule & KeyValueStringsModule {
  const open = ({ path, mode = "r+", format = "buffer" }: OpenOptions): KeyValueInstance | KeyValueStrings => {
    power.check();
    if (path === "") throw new Error("invalid");
    if (mode !== "r" && mode !== "r+") throw new Error("invalid mode");
    if (format !== "buffer" && format !== "string") throw new RangeError("unsupported");
    nvs.open(path, mode === "r+");
    let open = true;
    const check = (writes = false): void => {
      power.check();
      if (!open) throw new Error("closed");
      if (writes && mode === "r") throw new Error("read-only");
    };
    const checkType = (key: string, wanted: "blob" | "string"): void => {
      const type = nvs.typeOf(path, key);
      if (type !== undefined && type !== wanted) throw new TypeError("mismatch");
    };
    const common = {
      delete(key: string) {
        check(true);
        nvs.delete(path, key);
      },
      close() {
        open = false;
      },
    };
    if (format === "string") {
      return {
        ...common,
        read(key: string) {
          check();
          checkType(key, "string");
          return nvs.getString(path, key);
        },
        write(key: string, value: string) {
          check(true);
          nvs.setString(path, key, value);
        },
      };
    }
    return {
      ...common,
      read(key: string) {
        check();
        checkType(key, "blob");
        const value = nvs.get(path, key);
        return value === undefined ? undefined : new Uint8Array(value).buffer;
      },
      write(key: string, value: Uint8Array | ArrayBuffer) {
        check(true);
        nvs.set(path, key, value instanceof ArrayBuffer ? new Uint8Array(value) : value);
      },
    };
  };
  return { open: open as (KeyValueModule & KeyValueStringsModule)["open"] };
}
