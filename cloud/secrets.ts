import { setImmediate } from "node:timers/promises";
import type { DeviceName, DeviceRecord } from "./types.js";

/** Shorter ones, in bytes, would be found by chance; real ones have 12 and more. */
const SECRET_MIN = 8;
/** Bytes by which a candidate is looked up. */
const PREFIX_LENGTH = 4;
/** Bytes and comparisons after which others have their turn: a few milliseconds. */
const TURN_LENGTH = 256 * 1024;

interface Pattern {
  readonly device: DeviceName;
  readonly bytes: Buffer;
}

interface Patterns {
  /** By the first four bytes. */
  readonly byPrefix: ReadonlyMap<number, readonly Pattern[]>;
  /** By the first two bytes: 1 if any begins with them. It spares nearly every position the look-up. */
  readonly begins: Uint8Array;
}

/**
 * Whose secrets are in a file: as base64 text, with or without its padding, or as the bytes behind it. One pass,
 * however many devices there are; it yields after every piece, since a cloud serves its devices meanwhile.
 */
export async function holdersOfSecrets(content: Buffer, devices: readonly DeviceRecord[]): Promise<DeviceName[]> {
  const { byPrefix, begins } = patternsOf(devices);
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

function patternsOf(devices: readonly DeviceRecord[]): Patterns {
  const byPrefix = new Map<number, Pattern[]>();
  const begins = new Uint8Array(0x10000);
  for (const { productId, deviceName, deviceSecret } of devices) {
    const raw = Buffer.from(deviceSecret ?? "", "base64");
    if (raw.byteLength < SECRET_MIN) continue;
    for (const bytes of [raw, Buffer.from((deviceSecret as string).replace(/=+$/, ""), "latin1")]) {
      const pattern = { device: { productId, deviceName }, bytes };
      const prefix = bytes.readUInt32LE(0);
      const known = byPrefix.get(prefix);
      if (known === undefined) byPrefix.set(prefix, [pattern]);
      else known.push(pattern);
      begins[bytes.readUInt16LE(0)] = 1;
    }
  }
  return { byPrefix, begins };
}
