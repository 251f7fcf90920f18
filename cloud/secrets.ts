import type { DeviceName, DeviceRecord } from "./types.js";

/** Shorter ones, in bytes, would be found by chance; real ones have 12 and more. */
const SECRET_MIN = 8;
/** Bytes by which a candidate is looked up. */
const PREFIX_LENGTH = 4;

interface Pattern {
  readonly device: DeviceName;
  readonly bytes: Buffer;
}

/**
 * Whose secrets are in a file: as base64 text, with or without its padding, or as the bytes behind it. One pass, however
 * many devices there are.
 */
export function holdersOfSecrets(content: Buffer, devices: readonly DeviceRecord[]): DeviceName[] {
  const patterns = new Map<number, Pattern[]>();
  for (const { productId, deviceName, deviceSecret } of devices) {
    const raw = Buffer.from(deviceSecret ?? "", "base64");
    if (raw.byteLength < SECRET_MIN) continue;
    for (const bytes of [raw, Buffer.from((deviceSecret as string).replace(/=+$/, ""), "latin1")]) {
      const prefix = bytes.readUInt32LE(0);
      patterns.set(prefix, [...(patterns.get(prefix) ?? []), { device: { productId, deviceName }, bytes }]);
    }
  }
  const found = new Set<string>();
  const holders: DeviceName[] = [];
  for (let at = 0; at + PREFIX_LENGTH <= content.byteLength; at++) {
    for (const { device, bytes } of patterns.get(content.readUInt32LE(at)) ?? []) {
      const name = `${device.productId}/${device.deviceName}`;
      if (found.has(name) || !content.subarray(at, at + bytes.byteLength).equals(bytes)) continue;
      found.add(name);
      holders.push(device);
    }
  }
  return holders;
}
