import type {
  KeyValueInstance,
  KeyValueModule,
  KeyValueStrings,
  KeyValueStringsModule,
} from "../../ecma419/modules.js";
import type { Directory } from "./files.js";

/** The file is a JSON object of texts by key, in ASCII. It replaces the NVS that a factory writes on the chip. */
const FILE = "device.json";
/** A blob is a file of its own beside it: the name of its entry, and this. */
const BLOB_ENDING = ".der";

/** The namespace that a board is provisioned with, read from files of the working folder. It cannot be written. */
export function createProvisioningFile(files: Directory): KeyValueModule & KeyValueStringsModule {
  const entries = load(files);
  const refuse = (): never => {
    throw new Error("read-only");
  };
  const open = ({ format }: { readonly format?: "buffer" | "string" }): KeyValueInstance | KeyValueStrings => {
    if (entries === undefined) throw new Error("ESP_ERR_NVS_NOT_FOUND");
    const read = (key: string): string | ArrayBuffer | undefined => {
      const value = Object.hasOwn(entries, key) ? entries[key] : undefined;
      if (value !== undefined && (format !== "string" || typeof value !== "string")) throw new TypeError("mismatch");
      return format === "string" ? (value as string | undefined) : contentOf(files, `${key}${BLOB_ENDING}`)?.buffer;
    };
    return { read, write: refuse, delete: refuse, close: () => {} } as KeyValueInstance & KeyValueStrings;
  };
  return { open: open as (KeyValueModule & KeyValueStringsModule)["open"] };
}

function load(files: Directory): { readonly [key: string]: unknown } | undefined {
  const bytes = contentOf(files, FILE);
  if (bytes === undefined) return undefined;
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return parse(text);
}

/** @returns `undefined` if there is no such file */
function contentOf(files: Directory, path: string): Uint8Array<ArrayBuffer> | undefined {
  if (files.status(path).mode === 0) return undefined;
  const file = files.openFile({ path, mode: "r" });
  try {
    const bytes = new Uint8Array(file.status().size);
    file.read(bytes, 0);
    return bytes;
  } finally {
    file.close();
  }
}

/** @throws Error without the parser's own message, because that one quotes the text with its secrets */
function parse(text: string): { readonly [key: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error below reports it.
  }
  if (typeof value !== "object" || value === null) throw new Error(`${FILE} is not a JSON object`);
  return value as { readonly [key: string]: unknown };
}
