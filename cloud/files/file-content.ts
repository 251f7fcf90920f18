import type { FileHandle } from "node:fs/promises";
import { type FirmwareContent, READ_BYTES } from "./firmware-files.js";

/** @returns the bytes of a file of this machine, which `close` closes */
export async function fileContent(file: FileHandle): Promise<FirmwareContent> {
  const { size } = await file.stat();
  return {
    size,
    read: async (offset, length) => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      const { bytesRead } = await file.read(bytes, 0, bytes.byteLength, offset);
      return bytes.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

/** The bytes of a content one after the other; it stays open. */
export async function* chunksOf({ size, read }: Pick<FirmwareContent, "size" | "read">): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    const bytes = await read(at, Math.min(READ_BYTES, size - at));
    if (bytes.byteLength === 0) return;
    yield bytes;
    at += bytes.byteLength;
  }
}
