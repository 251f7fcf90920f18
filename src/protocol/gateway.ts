import type { Digests } from "../../hal/ports/index.js";
import { encodeBase64 } from "../lib/base64.js";
import { encodeUtf8 } from "../lib/utf8.js";
import { hmac } from "./hmac.js";
import type { DeviceName, Hash } from "./identity.js";
import { ItemReader, isFields, readMessage, type Wanted } from "./json.js";

/** What a gateway asks the platform about one sub-device. */
export type Operation = "online" | "offline" | "bind" | "unbind";

/** The platform's word on one sub-device; 0 is success. */
export interface OperationResult extends DeviceName {
  readonly result: number;
}

/** Reads the devices of a message one by one, while its bytes are there: a list may be long. */
export interface DeviceList<Device> {
  /** @returns `undefined` after the last */
  next(): Device | undefined;
}

export type GatewayMessage =
  | { readonly type: "results"; readonly operation: Operation; readonly results: DeviceList<OperationResult> }
  /** The sub-devices that are bound to this gateway. */
  | { readonly type: "bound"; readonly devices: DeviceList<DeviceName> }
  /** The platform's side has bound or unbound sub-devices: to be answered with `CHANGE_ANSWER`. */
  | { readonly type: "change"; readonly bound: boolean; readonly devices: DeviceList<DeviceName> }
  | { readonly type: "unknown"; readonly name: string }
  | { readonly type: "malformed"; readonly reason: string };

/** What proves to the platform that a sub-device may be bound: made with its own secret. */
export interface BindProof {
  readonly signature: string;
  readonly random: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly signmethod: "hmacsha256" | "hmacsha1";
  readonly authtype: "psk";
}

const ENVELOPE: Wanted = Object.freeze({ type: true, payload: Object.freeze({ status: true, devices: "place" }) });
const ENTRY: Wanted = Object.freeze({ product_id: true, device_name: true, result: true });

export const DESCRIBE = '{"type":"describe_sub_devices"}';
export const CHANGE_ANSWER = '{"type":"change","result":0}';

/** Already bound to this very gateway: as good as success. */
const REPEATED_BIND = 809;
/** The gateway has not bound the sub-device. */
export const NOT_BOUND = -1;
export const SYSTEM_ERROR = -2;

/** @param proof of all of them; present for `bind`, if there is one */
export function encodeOperation(type: Operation, devices: readonly DeviceName[], proof?: BindProof): string {
  const named = devices.map(({ productId, deviceName }) => ({
    product_id: productId,
    device_name: deviceName,
    ...proof,
  }));
  return JSON.stringify({ type, payload: { devices: named } });
}

/**
 * Signs a bind. Unlike a password's, the key is the secret's text, not what it decodes to.
 *
 * @param random    a whole number, new each time
 * @param timestamp seconds since 1970
 * @throws OtaError `usage` if the board lacks the digest
 */
export function signBind(
  { productId, deviceName }: DeviceName,
  options: { deviceSecret: string; random: number; timestamp: number; hash?: Hash | undefined; digests: Digests },
): BindProof {
  const { deviceSecret, random, timestamp, hash = "SHA-256", digests } = options;
  const text = `${productId}${deviceName};${random};${timestamp}`;
  const signature = encodeBase64(hmac(hash, encodeUtf8(deviceSecret), encodeUtf8(text), digests));
  return { signature, random, timestamp, signmethod: hash === "SHA-1" ? "hmacsha1" : "hmacsha256", authtype: "psk" };
}

/** Whether a result is as good as success. The vendor's SDK shows the same codes negated. */
export function isSuccess(result: number): boolean {
  return result === 0 || Math.abs(result) === REPEATED_BIND;
}

/** @returns what went wrong, and what to do about it, in one line */
export function adviceFor(result: number): string {
  return `${adviceOn(result)} (${result})`;
}

function adviceOn(result: number): string {
  switch (result < -2 ? -result : result) {
    case NOT_BOUND:
      return "not bound to this gateway: bind it first, here or in the console";
    case SYSTEM_ERROR:
      return "the platform failed: try again later";
    case 801:
      return "wrong parameters: check product id and device name";
    case 802:
      return "no such device: create it in the console, or correct its name";
    case 803:
      return "wrong signature: check the sub-device's secret";
    case 804:
      return "signature method not supported: use the other hash";
    case 805:
      return "signature expired: set the board's clock";
    case 806:
      return "bound to another gateway: unbind it there first";
    case 807:
      return "this kind of device cannot be bound: only ordinary devices can";
    case 808:
      return "not allowed: let the products be bound to each other in the console";
    case REPEATED_BIND:
      return "already bound to this gateway";
    case 810:
      return "this sub-device is not supported";
    default:
      return "refused by the platform";
  }
}

/** Reads what comes on a gateway's result topic. Unknown types and fields are no error. */
export function decodeGatewayMessage(bytes: Uint8Array): GatewayMessage {
  const fields = readMessage(bytes, ENVELOPE);
  if (typeof fields === "string") return { type: "malformed", reason: fields };
  const { type, payload } = fields;
  const place = isFields(payload) ? payload["devices"] : undefined;
  const entries = (needsResult: boolean): Entries =>
    new Entries(bytes, typeof place === "number" ? place : bytes.byteLength, needsResult);
  switch (type) {
    case "online":
    case "offline":
    case "bind":
    case "unbind":
      return { type: "results", operation: type, results: entries(true) };
    case "describe_sub_devices":
      return { type: "bound", devices: entries(false) };
    case "change": {
      const bound = isFields(payload) && Number(payload["status"]) === 1;
      return { type: "change", bound, devices: entries(false) };
    }
    default:
      return typeof type === "string"
        ? { type: "unknown", name: type.slice(0, 32) }
        : { type: "malformed", reason: "no type" };
  }
}

/** Passes over an entry that names no device, and over one without a result if each must have one. */
class Entries implements DeviceList<OperationResult> {
  readonly #items: ItemReader;

  readonly #needsResult: boolean;

  constructor(bytes: Uint8Array, byteOffset: number, needsResult: boolean) {
    this.#needsResult = needsResult;
    this.#items = new ItemReader(bytes, byteOffset, ENTRY);
  }

  next(): OperationResult | undefined {
    for (;;) {
      const entry = this.#items.next();
      if (entry === undefined) return undefined;
      const { product_id: productId, device_name: deviceName, result: given } = entry;
      const result = typeof given === "number" || typeof given === "string" ? Number(given) : Number.NaN;
      if (typeof productId !== "string" || typeof deviceName !== "string") continue;
      if (Number.isSafeInteger(result) || !this.#needsResult) return { productId, deviceName, result };
    }
  }
}
