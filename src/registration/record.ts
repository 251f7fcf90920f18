import { addSum, hasSum, SUM_LENGTH } from "../lib/checked-record.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";
import type { DeviceName } from "../protocol/identity.js";

/** Key of the record in the key-value store. */
export const REGISTRATION_KEY = "registration";

/** The first line: the layout of the others. */
const FORMAT = "1";

/** What the platform has answered. */
export interface Registration extends DeviceName {
  readonly deviceSecret: string;
}

/** Four lines of text (format, product id, device name, device secret) and their CRC-32: at most 330 bytes. */
export function encodeRegistrationRecord({ productId, deviceName, deviceSecret }: Registration): Uint8Array {
  const text = encodeUtf8([FORMAT, productId, deviceName, deviceSecret].join("\n"));
  const record = new Uint8Array(text.byteLength + SUM_LENGTH);
  record.set(text);
  addSum(record);
  return record;
}

/** @returns `undefined` for a record that is damaged, or that another version of this code has written */
export function decodeRegistrationRecord(record: Uint8Array): Registration | undefined {
  if (!hasSum(record)) return undefined;
  const text = decodeUtf8(record.subarray(0, record.byteLength - SUM_LENGTH)) ?? "";
  const [format, productId = "", deviceName = "", deviceSecret = ""] = text.split("\n");
  return format === FORMAT && deviceSecret !== "" ? { productId, deviceName, deviceSecret } : undefined;
}
