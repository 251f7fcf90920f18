import { createCipheriv, createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { parseFields } from "./fields.js";
import type { Transactions, Work } from "../rollout/work.js";
import type { Product } from "../store/schema.js";
import type { DeviceName } from "../types.js";

export const REGISTRATION_PATH = "/device/register";

export interface RegistrationRequest {
  readonly headers: IncomingHttpHeaders;
  readonly content: Buffer;
}

/** The platform's shape. */
export interface RegistrationAnswer {
  readonly Response: {
    readonly RequestId: string;
    readonly Error?: { readonly Code: string; readonly Message: string };
    /** Bytes of the JSON that is encrypted in `Payload`. */
    readonly Len?: number;
    readonly Payload?: string;
  };
}

/** Greatest difference between the clocks of a device and of this cloud, in seconds, as elsewhere on the platform. */
export const REGISTRATION_CLOCK_TOLERANCE = 300;

const DEVICE = /^[A-Za-z0-9:_-]{1,48}$/;

/** The platform's codes are not documented for this service: these have the form of its other services'. */
export class RegistrationRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Called once it is stored that a device has a secret. */
export type OnSecret = (name: DeviceName, secret: string) => void;

/** @returns the answer, and one line for the log that holds no secret */
export async function answerRegistration(
  transactions: Transactions,
  { headers, content }: RegistrationRequest,
  onSecret?: OnSecret,
): Promise<{ readonly answer: RegistrationAnswer; readonly line: string }> {
  const RequestId = randomUUID();
  const fields = parseFields(content.toString("utf8")) ?? {};
  const [productId, deviceName] = [textOf(fields["ProductId"]), textOf(fields["DeviceName"])];
  const name = DEVICE.test(deviceName) && /^[A-Z0-9]{10}$/.test(productId) ? `${productId}/${deviceName}` : "a device";
  try {
    const check = (productSecret: string): void => checkSignature(productSecret, headers, content);
    const { len, payload } = await register(transactions, productId, deviceName, check, onSecret);
    return { answer: { Response: { Len: len, Payload: payload, RequestId } }, line: `${name} registered` };
  } catch (error) {
    if (!(error instanceof RegistrationRefusal)) throw error;
    const { code: Code, message: Message } = error;
    return { answer: { Response: { Error: { Code, Message }, RequestId } }, line: `${name} not registered: ${Code}` };
  }
}

/**
 * What both forms of the service do.
 *
 * @param check throws RegistrationRefusal if the request was not signed with the product's secret
 * @returns the device's name, and its secret, encrypted
 * @throws RegistrationRefusal
 */
export async function register(
  transactions: Transactions,
  productId: unknown,
  deviceName: unknown,
  check: (productSecret: string) => void,
  onSecret?: OnSecret,
): Promise<{ readonly name: string; readonly len: number; readonly payload: string }> {
  if (!DEVICE.test(textOf(deviceName)) || !/^[A-Z0-9]{10}$/.test(textOf(productId))) {
    throw new RegistrationRefusal("InvalidParameterValue", "ProductId or DeviceName is wrong");
  }
  const product = await transactions.tables.products.find(textOf(productId));
  if (product === undefined || product.secret === null) {
    throw new RegistrationRefusal("ResourceNotFound.ProductNotExist", "no such product");
  }
  check(product.secret);
  const deviceSecret = await transactions.join((work) => secretOf(work, product, textOf(deviceName)));
  onSecret?.({ productId: product.productId, deviceName: textOf(deviceName) }, deviceSecret);
  const plain = JSON.stringify({ encryptionType: 2, psk: deviceSecret });
  const payload = encrypt(plain, product.secret);
  return { name: `${textOf(productId)}/${textOf(deviceName)}`, len: Buffer.byteLength(plain), payload };
}

/** @throws RegistrationRefusal */
function checkSignature(productSecret: string, headers: IncomingHttpHeaders, content: Buffer): void {
  const field = (name: string): string => textOf(headers[`x-tc-${name}`]);
  const [algorithm, timestamp, nonce] = [field("algorithm"), field("timestamp"), field("nonce")];
  const hash = { hmacsha256: "sha256", hmacsha1: "sha1" }[algorithm.toLowerCase()];
  if (hash === undefined)
    throw new RegistrationRefusal("InvalidParameterValue", "X-TC-Algorithm is none that is known");
  const digest = createHash(hash).update(content).digest("hex");
  const signed = ["POST", headers.host, REGISTRATION_PATH, "", algorithm, timestamp, nonce, digest].join("\n");
  const expected = createHmac(hash, productSecret).update(signed).digest();
  const given = Buffer.from(field("signature"), "base64");
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) {
    throw new RegistrationRefusal("AuthFailure.SignatureFailure", "the signature does not match");
  }
  if (!(Math.abs(Number(timestamp) - Date.now() / 1000) <= REGISTRATION_CLOCK_TOLERANCE)) {
    throw new RegistrationRefusal("AuthFailure.SignatureExpire", "the timestamp is too far from this clock");
  }
}

/** A device that has not connected yet gets the same secret each time. @throws RegistrationRefusal */
async function secretOf({ tables, nowMs }: Work, product: Product, deviceName: string): Promise<string> {
  const { id: productId, registration, deviceLimit } = product;
  if (registration === "off") {
    throw new RegistrationRefusal(
      "UnauthorizedOperation.DynamicRegisterOff",
      "dynamic registration is off for this product",
    );
  }
  const known = await tables.devices.find(productId, deviceName);
  if (known !== undefined) {
    if (known.activated === 1 || known.lastSeenAt !== null) {
      throw new RegistrationRefusal("FailedOperation.DeviceActivated", "this device has connected already");
    }
    if (known.secret === null) throw new RegistrationRefusal("FailedOperation", "this device has a certificate");
    return known.secret;
  }
  if (registration === "listed") {
    throw new RegistrationRefusal("ResourceNotFound.DeviceNotExist", "no such device was added");
  }
  const count = await tables.devices.count({ productId, selfRegistered: 1 });
  if (deviceLimit !== null && count >= deviceLimit) {
    throw new RegistrationRefusal("LimitExceeded.Device", "as many devices as may have registered");
  }
  const secret = randomBytes(16).toString("base64");
  await tables.devices.insert({ productId, deviceName, secret, selfRegistered: 1, createdAt: nowMs });
  return secret;
}

function encrypt(plain: string, productSecret: string): string {
  const bytes = Buffer.from(plain);
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.byteLength & 15)]);
  const key = Buffer.from(productSecret, "latin1").subarray(0, 16);
  const cipher = createCipheriv("aes-128-cbc", key, "0".repeat(16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString("base64");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
