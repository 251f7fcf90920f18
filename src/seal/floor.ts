import type { KeyValueStore } from "../../hal/ports/index.js";
import { addSum, hasSum, SUM_LENGTH } from "../lib/checked-record.js";
import { crc32 } from "../lib/crc32.js";
import { encodeUtf8 } from "../lib/utf8.js";

/*
 * The least security version that is still taken, little-endian:
 *
 *   0  u8     format version, 1
 *   1  u8[3]  0
 *   4  u32    security version
 *   8  u32    CRC-32 of everything before it
 *
 * The own firmware's is under the key `floor`; that of a sub-device or component under `floor` and the CRC-32 of its
 * owner in 8 hexadecimal digits. Two owners with the same sum would share the higher one.
 */
const FORMAT_VERSION = 1;
const FLOOR_OFFSET = 4;
const RECORD_LENGTH = 8 + SUM_LENGTH;

/** @param owner empty for the own firmware, otherwise `PRODUCT/name` or a component's id */
export function floorKey(owner: string): string {
  if (owner === "") return "floor";
  const name = encodeUtf8(owner);
  return `floor${crc32(name, name.byteLength).toString(16).padStart(8, "0")}`;
}

/** @returns the security version; `undefined` for anything but a whole, sound record of this format */
export function decodeFloor(record: Uint8Array): number | undefined {
  if (record.byteLength !== RECORD_LENGTH || record[0] !== FORMAT_VERSION || !hasSum(record)) return undefined;
  return viewOf(record).getUint32(FLOOR_OFFSET, true);
}

export function encodeFloor(securityVersion: number): Uint8Array {
  const record = new Uint8Array(RECORD_LENGTH);
  record[0] = FORMAT_VERSION;
  viewOf(record).setUint32(FLOOR_OFFSET, securityVersion, true);
  addSum(record);
  return record;
}

/** @returns what is stored; 0 if nothing is @throws HalError */
export function loadFloor(store: KeyValueStore, owner: string): number {
  const record = store.read(floorKey(owner));
  return (record && decodeFloor(record)) ?? 0;
}

/** Never lowers it. @throws HalError */
export function raiseFloor(store: KeyValueStore, owner: string, securityVersion: number): void {
  if (securityVersion > loadFloor(store, owner)) store.write(floorKey(owner), encodeFloor(securityVersion));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
