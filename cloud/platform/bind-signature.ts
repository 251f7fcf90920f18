import { createHmac, timingSafeEqual } from "node:crypto";

/** Most seconds between a request's time and the cloud's. The platform's own limit is not documented. */
const TOLERANCE_SEC = 600;

/** The fields of a bind request that prove that a gateway knows a sub-device's secret. */
export interface BindProof {
  readonly signature: string;
  /** Integer. */
  readonly random: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly signmethod: string;
}

export type BindVerdict = "valid" | "wrong" | "expired" | "unknown-method";

/**
 * @param deviceSecret as in device_info.json: here the text itself is the key; for the MQTT password the key is what
 * the text decodes to
 * @param nowSec       seconds since 1970
 */
export function checkBindProof(
  device: { productId: string; deviceName: string; deviceSecret: string },
  proof: BindProof,
  nowSec: number,
): BindVerdict {
  const { signature, random, timestamp, signmethod } = proof;
  const hash = signmethod === "hmacsha1" ? "sha1" : signmethod === "hmacsha256" ? "sha256" : undefined;
  if (hash === undefined) return "unknown-method";
  if (Math.abs(nowSec - timestamp) > TOLERANCE_SEC) return "expired";
  const text = `${device.productId}${device.deviceName};${random};${timestamp}`;
  const expected = createHmac(hash, device.deviceSecret).update(text).digest();
  const given = Buffer.from(signature, "base64");
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected) ? "valid" : "wrong";
}
