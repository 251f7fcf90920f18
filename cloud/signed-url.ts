import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Account number in the path of the platform's files. */
const ACCOUNT = "100003908905";

/**
 * Signs a URL in the form of the platform's pre-signed URLs: everything about the signature is in one query parameter,
 * whose value is itself an encoded query.
 *
 * @param key         hexadecimal
 * @param lifetimeSec seconds from now until the server answers 403
 * @param deviceName  the device that gets the URL; the server can tell by `ownerOf`
 */
export function signUrl(base: string, path: string, key: string, lifetimeSec: number, deviceName?: string): string {
  const start = Math.floor(Date.now() / 1000);
  const time = `${start};${start + lifetimeSec}`;
  const accessKey =
    deviceName === undefined ? randomBytes(12).toString("hex") : `${randomBytes(8).toString("hex")}.${deviceName}`;
  const signature = sign(key, path, time, accessKey);
  const fields = `q-sign-algorithm=sha1&q-ak=${accessKey}&q-sign-time=${time}&q-key-time=${time}&q-header-list=&q-url-param-list=&q-signature=${signature}`;
  return `${base}${path}?sign=${encodeURIComponent(fields)}`;
}

export function firmwarePath(productId: string, version: string): string {
  return `/${ACCOUNT}_${productId}_${version}`;
}

/** @returns the name of the device that a valid URL was signed for, if it was signed for one */
export function ownerOf(target: string): string | undefined {
  return /^[0-9a-f]{16}\.(.+)$/.exec(fieldsOf(target)?.get("q-ak") ?? "")?.[1];
}

export type Verdict = "valid" | "expired" | "invalid";

/** @param target path and query of a request */
export function checkSignature(target: string, key: string, nowSec: number): Verdict {
  const [path = ""] = target.split("?", 1);
  const fields = fieldsOf(target);
  if (fields === undefined) return "invalid";
  const time = fields.get("q-sign-time") ?? "";
  const given = Buffer.from(fields.get("q-signature") ?? "", "hex");
  const expected = Buffer.from(sign(key, path, time, fields.get("q-ak") ?? ""), "hex");
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) return "invalid";
  return nowSec < Number(time.split(";")[1]) ? "valid" : "expired";
}

function fieldsOf(target: string): URLSearchParams | undefined {
  const [, query = ""] = target.split("?", 2);
  try {
    return new URLSearchParams(decodeURIComponent(/(?:^|&)sign=([^&]*)/.exec(query)?.[1] ?? ""));
  } catch {
    return undefined;
  }
}

function sign(key: string, path: string, time: string, accessKey: string): string {
  return createHmac("sha1", Buffer.from(key, "hex")).update(`${path}\n${time}\n${accessKey}`).digest("hex");
}
