import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { parseFields } from "./fields.js";
import { type OnSecret, register, REGISTRATION_CLOCK_TOLERANCE, RegistrationRefusal } from "./registration.js";
import type { Transactions } from "../rollout/work.js";

/** The older service of the platform, which the vendor's C SDK uses. */
export const OLDER_REGISTRATION_PATH = "/register/dev";

export interface OlderRegistrationAnswer {
  /** 0: registered. The platform's other numbers are not documented: this cloud answers 1. */
  readonly code: number;
  readonly message: string;
  readonly requestId: string;
  /** Bytes of the JSON that is encrypted in `payload`. */
  readonly len?: number;
  readonly payload?: string;
}

/**
 * Base64 of the hexadecimal text of HMAC-SHA-1 over the device's fields.
 *
 * @param timestamp seconds since 1970
 */
export function signOlderRegistration(
  productSecret: string,
  fields: { productId: string; deviceName: string; nonce: number; timestamp: number },
): string {
  const { productId, deviceName, nonce, timestamp } = fields;
  const text = `deviceName=${deviceName}&nonce=${nonce}&productId=${productId}&timestamp=${timestamp}`;
  return Buffer.from(createHmac("sha1", productSecret).update(text).digest("hex")).toString("base64");
}

/** @returns the answer, and one line for the log that holds no secret */
export async function answerOlderRegistration(
  transactions: Transactions,
  { content }: { readonly content: Buffer },
  onSecret?: OnSecret,
): Promise<{ readonly answer: OlderRegistrationAnswer; readonly line: string }> {
  const requestId = randomUUID();
  const { productId, deviceName, nonce, timestamp, signature } = parseFields(content.toString("utf8")) ?? {};
  try {
    const check = (productSecret: string): void => {
      const fields = { productId: `${productId}`, deviceName: `${deviceName}` };
      const numbers = { nonce: Number(nonce), timestamp: Number(timestamp) };
      const expected = Buffer.from(signOlderRegistration(productSecret, { ...fields, ...numbers }));
      const given = Buffer.from(typeof signature === "string" ? signature : "");
      if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) {
        throw new RegistrationRefusal("AuthFailure.SignatureFailure", "the signature does not match");
      }
      if (!(Math.abs(numbers.timestamp - Date.now() / 1000) <= REGISTRATION_CLOCK_TOLERANCE)) {
        throw new RegistrationRefusal("AuthFailure.SignatureExpire", "the timestamp is too far from this clock");
      }
    };
    const { name, len, payload } = await register(transactions, productId, deviceName, check, onSecret);
    return { answer: { code: 0, message: "", requestId, len, payload }, line: `${name} registered (older form)` };
  } catch (error) {
    if (!(error instanceof RegistrationRefusal)) throw error;
    return {
      answer: { code: 1, message: `${error.code}: ${error.message}`, requestId },
      line: `a device not registered (older form): ${error.code}`,
    };
  }
}
