import { createHmac, timingSafeEqual } from "node:crypto";

/** How far a request's time may be from the cloud's, in seconds. The platform's own limit is not documented. */
const TOLERANCE_SEC = 600;

/** The proof that a gateway knows a sub-device's secret, as a bind request has it. */
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
 * @param deviceSecret as in device_info.json: its text is the key, not what it decodes to, other than for the MQTT
 * password
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
