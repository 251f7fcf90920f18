import { createHash, createSign, type KeyObject, randomBytes } from "node:crypto";

/** Ways to sign a URL, by the CDN that checks it. */
export const CDN_SCHEMES = ["tencent-a", "tencent-d", "cloudfront", "nginx"] as const;
export type CdnSchemeName = (typeof CDN_SCHEMES)[number];

/** How URLs of a CDN are signed. */
export type CdnScheme = {
  /** Of the CDN: `https://files.example.org`. */
  readonly origin: string;
} & (
  | {
      /**
       * Tencent Cloud CDN, types A and D, and EdgeOne, methods A and D: an MD5 over the path, a time and a key. The CDN
       * itself knows for how long a URL is valid from that time on. `nginx`: its module `secure_link`.
       */
      readonly name: "tencent-a" | "tencent-d" | "nginx";
      readonly key: string;
      /** Seconds that the CDN lets a URL live; a type A or D without it cannot be made expire at another time. */
      readonly lifetimeSec: number;
    }
  | {
      /** Amazon CloudFront, canned policy. */
      readonly name: "cloudfront";
      readonly keyPairId: string;
      /** RSA. */
      readonly privateKey: KeyObject;
    }
);

/**
 * @param path        of the file, with a slash at its beginning
 * @param lifetimeSec seconds from now until the CDN answers 403; below 0: since then
 * @returns the signed URL
 */
export function signCdnUrl(scheme: CdnScheme, path: string, lifetimeSec: number, nowMs = Date.now()): string {
  const nowSec = Math.floor(nowMs / 1000);
  const untilSec = nowSec + Math.floor(lifetimeSec);
  const url = `${scheme.origin}${path}`;
  switch (scheme.name) {
    case "tencent-a": {
      // Types A and D hold the time from which on the CDN counts the lifetime that its console has.
      const timestamp = untilSec - scheme.lifetimeSec;
      const random = randomBytes(8).toString("hex");
      return `${url}?sign=${timestamp}-${random}-0-${md5(`${path}-${timestamp}-${random}-0-${scheme.key}`, "hex")}`;
    }
    case "tencent-d": {
      const timestamp = untilSec - scheme.lifetimeSec;
      return `${url}?sign=${md5(`${scheme.key}${path}${timestamp}`, "hex")}&t=${timestamp}`;
    }
    case "nginx":
      return `${url}?md5=${md5(`${untilSec}${path} ${scheme.key}`, "base64url")}&expires=${untilSec}`;
    case "cloudfront": {
      const policy = `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${untilSec}}}}]}`;
      const signature = createSign("RSA-SHA1").update(policy).sign(scheme.privateKey, "base64");
      const text = signature.replaceAll("+", "-").replaceAll("=", "_").replaceAll("/", "~");
      return `${url}?Expires=${untilSec}&Signature=${text}&Key-Pair-Id=${scheme.keyPairId}`;
    }
  }
}

function md5(text: string, encoding: "hex" | "base64url"): string {
  return createHash("md5").update(text).digest(encoding);
}
