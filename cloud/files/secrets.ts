import { setImmediate } from "node:timers/promises";
import type { DeviceName, DeviceRecord, ProductRecord } from "../types.js";

/** Shorter secrets, in bytes, are not searched for: they would be found by chance. Real ones have 12 bytes or more. */
const SECRET_MIN = 8;
/** Count of first bytes by which a candidate is looked up. */
const PREFIX_LENGTH = 4;
/** Bytes and comparisons after which the search yields to other work: a few milliseconds. */
const TURN_LENGTH = 256 * 1024;

interface Pattern {
  readonly device: DeviceName;
  readonly bytes: Buffer;
}

interface Patterns {
  /** Patterns by their first four bytes. */
  readonly byPrefix: ReadonlyMap<number, readonly Pattern[]>;
  /** 1 at each value of two bytes that a pattern begins with. Nearly all positions of a file need no other look-up. */
  readonly begins: Uint8Array;
}

/**
 * Finds the devices whose secret is in a file, as base64 text with or without its padding, or as the bytes that the
 * text stands for. A product's secret is found as its text, and its holder has no device name. It reads the file once
 * for all of them. It yields after each piece, because a running cloud serves its devices meanwhile.
 */
export async function holdersOfSecrets(
  content: Buffer,
  devices: readonly DeviceRecord[],
  products: readonly Pick<ProductRecord, "productId" | "productSecret">[] = [],
): Promise<DeviceName[]> {
  const { byPrefix, begins } = patternsOf(devices, products);
  const holders = new Map<string, DeviceName>();
  let left = TURN_LENGTH;
  for (let at = 0; at + PREFIX_LENGTH <= content.byteLength; at++) {
    if (--left <= 0) {
      await setImmediate();
      left = TURN_LENGTH;
    }
    if (begins[(content[at] as number) | ((content[at + 1] as number) << 8)] === 0) continue;
    const candidates = byPrefix.get(content.readUInt32LE(at)) ?? [];
    left -= candidates.length;
    for (const { device, bytes } of candidates) {
      if (!content.subarray(at, at + bytes.byteLength).equals(bytes)) continue;
      holders.set(`${device.productId}/${device.deviceName}`, device);
    }
  }
  return [...holders.values()];
}

function patternsOf(
  devices: readonly DeviceRecord[],
  products: readonly Pick<ProductRecord, "productId" | "productSecret">[],
): Patterns {
  const byPrefix = new Map<number, Pattern[]>();
  const begins = new Uint8Array(0x10000);
  const add = (pattern: Pattern): void => {
    const { bytes } = pattern;
    const prefix = bytes.readUInt32LE(0);
    const known = byPrefix.get(prefix);
    if (known === undefined) byPrefix.set(prefix, [pattern]);
    else known.push(pattern);
    begins[bytes.readUInt16LE(0)] = 1;
  };
  for (const { productId, productSecret } of products) {
    add({ device: { productId, deviceName: "" }, bytes: Buffer.from(productSecret, "latin1") });
  }
  for (const { productId, deviceName, deviceSecret } of devices) {
    const raw = Buffer.from(deviceSecret ?? "", "base64");
    if (raw.byteLength < SECRET_MIN) continue;
    for (const bytes of [raw, Buffer.from((deviceSecret as string).replace(/=+$/, ""), "latin1")]) {
      add({ device: { productId, deviceName }, bytes });
    }
  }
  return { byPrefix, begins };
}
