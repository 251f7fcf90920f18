import { decodeRecord, encodeRecord } from "../../src/update/checkpoint.js";
import type { Checkpoint } from "../../src/update/machine/types.js";

/** The bytes that the own firmware's job is stored as. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return encodeRecord({ owner: "", checkpoint });
}

export function decodeCheckpoint(record: Uint8Array): Checkpoint | undefined {
  return decodeRecord(record)?.checkpoint;
}
