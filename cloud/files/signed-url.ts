import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Account number in the path of the platform's files. */
const ACCOUNT = "100003908905";

/** Whom a URL was signed for. */
export interface Holder {
  /** The device whose faults the URL meets. */
  readonly deviceName?: string | undefined;
  /** The task whose offer the URL is in: the URL ends with it. */
  readonly taskId?: number | undefined;
}

/**
 * Signs a URL in the form of the platform's pre-signed URLs: everything about the signature is in one query parameter,
 * whose value is itself an encoded query.
 *
 * @param key         hexadecimal
 * @param lifetimeSec seconds from now until the server answers 403
 * @param holder      who gets the URL; the server can tell by `holderOf`
 */
export function signUrl(base: string, path: string, key: string, lifetimeSec: number, holder: Holder = {}): string {
  const start = Math.floor(Date.now() / 1000);
  const time = `${start};${start + lifetimeSec}`;
  // A device name has no dot in it.
  const accessKey = [randomBytes(8).toString("hex"), holder.deviceName ?? "", holder.taskId ?? ""].join(".");
  const signature = sign(key, path, time, accessKey);
  const fields = `q-sign-algorithm=sha1&q-ak=${accessKey}&q-sign-time=${time}&q-key-time=${time}&q-header-list=&q-url-param-list=&q-signature=${signature}`;
  return `${base}${path}?sign=${encodeURIComponent(fields)}`;
}

/** @returns the path of a package's file, in the platform's form; the full own firmware has its version alone in it */
export function packagePath(named: {
  readonly productId: string;
  readonly component: string;
  readonly version: string;
  /** Empty for a full package. */
  readonly sourceVersion: string;
  readonly packageId: number;
}): string {
  const { productId, component, version, sourceVersion, packageId } = named;
  const isOwn = component === "firmware" && sourceVersion === "";
  return `/${ACCOUNT}_${productId}_${version}${isOwn ? "" : `_${packageId}`}`;
}

/** @returns the path of a delta or a compressed image that the cloud has made of a package's file */
export function variantPath(named: {
  readonly productId: string;
  readonly version: string;
  readonly packageId: number;
  readonly variantId: number;
}): string {
  const { productId, version, packageId, variantId } = named;
  return `/${ACCOUNT}_${productId}_${version}_${packageId}v${variantId}`;
}

/** @returns whom a valid URL was signed for */
export function holderOf(target: string): Holder {
  const [, deviceName, taskId] = /^[0-9a-f]{16}\.([^.]*)\.(\d*)$/.exec(fieldsOf(target)?.get("q-ak") ?? "") ?? [];
  return {
    ...(deviceName ? { deviceName } : {}),
    ...(taskId ? { taskId: Number(taskId) } : {}),
  };
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
