import type { Digests } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { AES_BLOCK_LENGTH, decryptAes128Cbc } from "../lib/aes.js";
import { decodeBase64, encodeBase64 } from "../lib/base64.js";
import { toHex } from "../lib/bytes.js";
import { decodeUtf8, encodeUtf8 } from "../lib/utf8.js";
import { hmac } from "./hmac.js";
import type { Authentication, DeviceName } from "./identity.js";
import { type Fields, isFields, readMessage, type Wanted } from "./json.js";
import { certificateOf, privateKeyOf } from "./pem.js";

/** Path of the platform's service. */
export const REGISTRATION_PATH = "/device/register";

/** Where a device registers, by region. */
const HOSTS: { readonly [region: string]: string } = Object.freeze({
  china: "ap-guangzhou",
  "us-east": "us-east",
  europe: "europe",
  "ap-bangkok": "ap-bangkok",
});

/** @returns `https://…` without a path @throws OtaError `usage` for a region nobody knows */
export function registrationUrl(region: string): string {
  const host = Object.keys(HOSTS).includes(region) ? HOSTS[region] : undefined;
  if (host === undefined) throw new OtaError("usage", `region ${region} is none of ${Object.keys(HOSTS).join(", ")}`);
  return `https://${host}.gateway.tencentdevices.com`;
}

export interface RegistrationRequest extends DeviceName {
  readonly productSecret: string;
  /** Value of the field Host. */
  readonly authority: string;
  /** Path of the request. */
  readonly target: string;
  /** Seconds since 1970. */
  readonly unixTime: number;
  /** A whole number, new for each request. */
  readonly nonce: number;
  readonly digests: Digests;
}

/**
 * One request for a device secret, signed with the product's.
 *
 * @returns the content, and the fields that go with it
 * @throws OtaError `usage` if the board lacks SHA-256
 */
export function signRegistration(request: RegistrationRequest): {
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
} {
  const { productId, deviceName, productSecret, authority, target, unixTime, nonce, digests } = request;
  const body = JSON.stringify({ ProductId: productId, DeviceName: deviceName });
  const digest = digests.create("SHA-256");
  if (digest === undefined) throw new OtaError("usage", "this board has no SHA-256");
  digest.update(encodeUtf8(body));
  const bodyHash = toHex(digest.digest());
  const signed = `POST\n${authority}\n${target}\n\nhmacsha256\n${unixTime}\n${nonce}\n${bodyHash}`;
  const signature = hmac("SHA-256", encodeUtf8(productSecret), encodeUtf8(signed), digests);
  return {
    body,
    headers: [
      ["Content-Type", "application/json; charset=utf-8"],
      ["X-TC-Algorithm", "hmacsha256"],
      ["X-TC-Timestamp", `${unixTime}`],
      ["X-TC-Nonce", `${nonce}`],
      ["X-TC-Signature", encodeBase64(signature)],
    ],
  };
}

/**
 * `refused`: by the platform, in its words. `unusable`: this is no answer of the platform, or not one to this product
 * secret.
 */
export type RegistrationAnswer =
  | { readonly kind: "registered"; readonly authentication: Authentication }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "unusable"; readonly message: string };

const ANSWER: Wanted = Object.freeze({
  Response: Object.freeze({ Payload: "place", Error: Object.freeze({ Code: true, Message: true }) }),
});
const PAYLOAD: Wanted = Object.freeze({ encryptionType: true, psk: true, clientCert: true, clientKey: true });

/** Longest device secret that is taken, in characters of base64: the platform's have 24. */
const SECRET_LIMIT = 256;

const QUOTE = 0x22;
const BRACE_END = 0x7d;

/** @param content of the platform's answer */
export function decodeRegistration(content: Uint8Array, productSecret: string): RegistrationAnswer {
  const fields = readMessage(content, ANSWER);
  const response = typeof fields === "string" ? undefined : fields["Response"];
  if (!isFields(response)) return { kind: "unusable", message: "the answer is not the platform's" };
  const refusal = response["Error"];
  if (isFields(refusal)) {
    return { kind: "refused", code: textOf(refusal, "Code"), message: textOf(refusal, "Message") };
  }
  return decodePayload(base64At(content, response["Payload"]), productSecret);
}

/**
 * The text at this place: with a certificate it is longer than what `readMessage` reads. A server may escape its `/`.
 */
function base64At(content: Uint8Array, place: unknown): string {
  if (typeof place !== "number" || content[place] !== QUOTE) return "";
  const end = content.indexOf(QUOTE, place + 1);
  return (decodeUtf8(content.subarray(place + 1, end)) ?? "").split("\\").join("");
}

/** The key is the first 16 bytes of the product secret's text, and the initialization vector 16 times the digit 0. */
function decodePayload(payload: string, productSecret: string): RegistrationAnswer {
  const ciphertext = decodeBase64(payload) ?? new Uint8Array(0);
  if (ciphertext.byteLength === 0 || ciphertext.byteLength % AES_BLOCK_LENGTH !== 0) {
    return { kind: "unusable", message: "the answer has no payload of whole blocks" };
  }
  const text = decryptAes128Cbc({
    key: encodeUtf8(productSecret).subarray(0, AES_BLOCK_LENGTH),
    iv: new Uint8Array(AES_BLOCK_LENGTH).fill(0x30),
    ciphertext,
  });
  // What is behind the object is padding.
  const fields = readMessage(text.subarray(0, text.lastIndexOf(BRACE_END) + 1), PAYLOAD);
  if (typeof fields === "string") return { kind: "unusable", message: "the product secret does not open the answer" };
  if (fields["encryptionType"] === 1) return certificateIn(fields);
  const deviceSecret = textOf(fields, "psk");
  if (deviceSecret.length > SECRET_LIMIT || !((decodeBase64(deviceSecret)?.byteLength ?? 0) > 0)) {
    return { kind: "unusable", message: "the answer holds no device secret" };
  }
  return { kind: "registered", authentication: { mode: "KEY", deviceSecret } };
}

/** The product's devices have certificates in the place of secrets: both texts are PEM. */
function certificateIn(fields: Fields): RegistrationAnswer {
  const certificate = certificateOf(textOf(fields, "clientCert"));
  const privateKey = privateKeyOf(textOf(fields, "clientKey"));
  if (certificate === undefined || privateKey === undefined) {
    return { kind: "unusable", message: "the answer holds no certificate with its key" };
  }
  return { kind: "registered", authentication: { mode: "CERT", certificate, privateKey } };
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}
