import type { KeyValueInstance, KeyValueModule } from "../../ecma419/modules.js";
import type { Directory } from "./files.js";

/** NVS's limit for names of namespaces and keys, in characters. */
const NAME_LIMIT = 15;
/** Most records of a store, and most bytes of a record: about what fits the chip's NVS partition of 24 KiB. */
const RECORD_LIMIT = 40;
const BLOB_LIMIT = 4000;
/**
 * Each record is a file `nvs-<namespace>-<key>`. Both names are in hexadecimal, because they may hold any character.
 */
const PREFIX = "nvs-";
const UNFINISHED = "nvs.new";

/**
 * `embedded:storage/key-value` as the SDK has it on ESP32, for the format `buffer`, with a file for each record. A
 * record is written to another file, flushed and renamed: at every moment either the old file or the new one is in
 * place.
 */
export function createKeyValue(files: Directory): KeyValueModule {
  return {
    open({ path: namespace, mode = "r+", format = "buffer" }): KeyValueInstance {
      if (format !== "buffer") throw new RangeError("unsupported");
      const prefix = `${PREFIX}${hex(namespace)}-`;
      let open = true;
      const check = (writes: boolean): void => {
        if (!open) throw new Error("closed");
        if (writes && mode === "r") throw new Error("read-only");
      };
      return {
        read(key) {
          check(false);
          return exists(prefix + hex(key)) ? load(prefix + hex(key)) : undefined;
        },
        write(key, value) {
          check(true);
          const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
          if (bytes.byteLength > BLOB_LIMIT) throw new Error("ESP_ERR_NVS_VALUE_TOO_LONG");
          if (!exists(prefix + hex(key)) && count() >= RECORD_LIMIT) throw new Error("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
          store(prefix + hex(key), bytes);
        },
        delete(key) {
          check(true);
          files.delete(prefix + hex(key));
        },
        close() {
          open = false;
        },
      };
    },
  };

  function exists(path: string): boolean {
    return files.status(path).mode !== 0;
  }

  function count(): number {
    let records = 0;
    for (const name of files.scan()) if (name.startsWith(PREFIX)) records++;
    return records;
  }

  function load(path: string): ArrayBuffer {
    const file = files.openFile({ path, mode: "r" });
    try {
      const bytes = new Uint8Array(file.status().size);
      if (bytes.byteLength > 0 && file.read(bytes, 0) !== bytes.byteLength) throw new Error("ESP_FAIL");
      return bytes.buffer;
    } finally {
      file.close();
    }
  }

  function store(path: string, bytes: Uint8Array): void {
    const file = files.openFile({ path: UNFINISHED, mode: "w+" });
    try {
      if (bytes.byteLength > 0) file.write(bytes, 0);
      file.flush();
    } finally {
      file.close();
    }
    files.move(UNFINISHED, path);
  }
}

/** @throws Error for a name that NVS does not take */
function hex(name: string): string {
  if (name.length < 1 || name.length > NAME_LIMIT) throw new Error("ESP_ERR_NVS_KEY_TOO_LONG");
  let text = "";
  for (let index = 0; index < name.length; index++) text += name.charCodeAt(index).toString(16).padStart(2, "0");
  return text;
}
