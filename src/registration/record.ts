import type { KeyValueStore } from "../../hal/ports/index.js";
import { addSum, hasSum, SUM_LENGTH } from "../lib/checked-record.js";
import { crc32 } from "../lib/crc32.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";
import type { Authentication, DeviceName } from "../protocol/identity.js";

/*
 * What the platform has answered, in lines of text with their CRC-32 behind them: at most 330 bytes.
 *
 *   1, product id, device name, device secret
 *   2, product id, device name, bytes of the certificate, bytes of the key, CRC-32 of both
 *
 * Certificate and key, DER, one behind the other, are too long for a record: they are cut into records of their own,
 * under this key with 0, 1 and so on behind it. They are written before the lines, whose CRC-32 binds them.
 */
export const REGISTRATION_KEY = "registration";

/** Most bytes of a record of the key-value store. */
const PART_LENGTH = 508;

/** Bytes of certificate and key together at most: those of RSA with 2,048 bits have 2,400. */
const CERTIFICATE_LIMIT = 16 * PART_LENGTH;

export interface Registration extends DeviceName {
  readonly authentication: Authentication;
}

/** The lines of the record; one who only wants to know whose it is needs no more. */
interface Lines extends DeviceName {
  readonly format: string;
  readonly rest: readonly string[];
}

/** @throws HalError if storage fails */
export function storeRegistration(store: KeyValueStore, { productId, deviceName, authentication }: Registration): void {
  const lines =
    authentication.mode === "KEY" ? ["1", authentication.deviceSecret] : ["2", ...storeParts(store, authentication)];
  const [format, ...rest] = lines;
  const text = encodeUtf8([format, productId, deviceName, ...rest].join("\n"));
  const record = new Uint8Array(text.byteLength + SUM_LENGTH);
  record.set(text);
  addSum(record);
  store.write(REGISTRATION_KEY, record);
}

/** @returns the lines about certificate and key */
function storeParts(
  store: KeyValueStore,
  { certificate, privateKey }: Extract<Authentication, { mode: "CERT" }>,
): readonly string[] {
  const bytes = new Uint8Array(certificate.byteLength + privateKey.byteLength);
  bytes.set(certificate);
  bytes.set(privateKey, certificate.byteLength);
  for (let at = 0; at < bytes.byteLength; at += PART_LENGTH) {
    store.write(partKey(at), bytes.slice(at, at + PART_LENGTH));
  }
  return [certificate, privateKey]
    .map(({ byteLength }) => String(byteLength))
    .concat(String(crc32(bytes, bytes.byteLength)));
}

/**
 * @returns `undefined` if there is no record; `damaged` for one that is, or that another version of this code has
 * written
 * @throws HalError if storage fails
 */
export function loadRegistration(store: KeyValueStore): Registration | "damaged" | undefined {
  const record = store.read(REGISTRATION_KEY);
  if (record === undefined) return undefined;
  const lines = decodeRegistrationRecord(record);
  if (lines === undefined) return "damaged";
  const { productId, deviceName, format, rest } = lines;
  const authentication = format === "1" ? secretOf(rest) : loadParts(store, rest.map(Number));
  return authentication === undefined ? "damaged" : { productId, deviceName, authentication };
}

/** @returns `undefined` for a record that is damaged, or that another version of this code has written */
export function decodeRegistrationRecord(record: Uint8Array): Lines | undefined {
  if (!hasSum(record)) return undefined;
  const text = decodeUtf8(record.subarray(0, record.byteLength - SUM_LENGTH)) ?? "";
  const [format = "", productId = "", deviceName = "", ...rest] = text.split("\n");
  return (format === "1" && rest.length === 1) || (format === "2" && rest.length === 3)
    ? { format, productId, deviceName, rest }
    : undefined;
}

function secretOf([deviceSecret = ""]: readonly string[]): Authentication | undefined {
  return deviceSecret === "" ? undefined : { mode: "KEY", deviceSecret };
}

function loadParts(
  store: KeyValueStore,
  [certificateLength = 0, keyLength = 0, sum]: readonly number[],
): Authentication | undefined {
  const byteLength = certificateLength + keyLength;
  if (!(byteLength <= CERTIFICATE_LIMIT)) return undefined;
  const bytes = new Uint8Array(byteLength);
  for (let at = 0; at < byteLength; at += PART_LENGTH) {
    const part = store.read(partKey(at));
    if (part?.byteLength !== Math.min(PART_LENGTH, byteLength - at)) return undefined;
    bytes.set(part, at);
  }
  if (crc32(bytes, byteLength) !== sum) return undefined;
  return {
    mode: "CERT",
    certificate: bytes.slice(0, certificateLength),
    privateKey: bytes.slice(certificateLength),
  };
}

function partKey(byteOffset: number): string {
  return `${REGISTRATION_KEY}${byteOffset / PART_LENGTH}`;
}
