import { createHash } from "node:crypto";

/** A firmware that the cloud has. */
export interface Firmware {
  readonly version: string;
  /** The file. */
  readonly bytes: Uint8Array;
  readonly md5: string;
  /** What is in flash in the end: the file, or what it makes if it is a package. */
  readonly image: Uint8Array;
}

export function firmwareOf(version: string, bytes: Uint8Array, image = bytes): Firmware {
  return { version, bytes, md5: createHash("md5").update(bytes).digest("hex"), image };
}
