import { OtaError } from "../errors.js";
import { decodeBase64 } from "../lib/base64.js";

/** Who the device is towards the platform. */
export interface DeviceName {
  /** 10 characters of `[A-Z0-9]`. */
  readonly productId: string;
  /** 1 to 48 characters of `[A-Za-z0-9_-]`. */
  readonly deviceName: string;
}

export type Hash = "SHA-256" | "SHA-1";

/** The proof of it: a secret, or a certificate used for mutual TLS. */
export type Authentication =
  | { readonly mode: "KEY"; readonly deviceSecret: string; readonly hash?: Hash }
  | { readonly mode: "CERT"; readonly certificate: Uint8Array; readonly privateKey: Uint8Array };

export interface Identity extends DeviceName {
  readonly authentication: Authentication;
  /** `china` (default), `us-east`, `europe` or `ap-bangkok`. */
  readonly region?: string;
}

/** The content of device_info.json. It names the files of a certificate, and does not hold it. */
export interface DeviceInfo extends DeviceName {
  readonly region: string;
  readonly authentication:
    | { readonly mode: "KEY"; readonly deviceSecret: string }
    | { readonly mode: "CERT"; readonly certificateFile: string; readonly privateKeyFile: string };
  /** The sub-devices that it lists, if the device is a gateway. */
  readonly subDevices: readonly DeviceName[];
}

/**
 * Reads the vendor's device_info.json.
 *
 * @param text JSON
 * @throws OtaError `usage`, with one line that says which field is wrong and never holds a secret
 */
export function parseDeviceInfo(text: string): DeviceInfo {
  const root = parseObject(text);
  const name = { productId: stringField(root, "productId"), deviceName: stringField(root, "deviceName") };
  checkDeviceName(name);
  const region = root["region"] === undefined ? "china" : stringField(root, "region");
  const subDevices = subDevicesOf(root["subDev"]);
  const mode = stringField(root, "auth_mode");
  if (mode === "KEY") {
    const deviceSecret = stringField(objectField(root, "key_deviceinfo"), "deviceSecret");
    decodeSecret(deviceSecret);
    return { ...name, region, authentication: { mode, deviceSecret }, subDevices };
  }
  if (mode === "CERT") {
    const files = objectField(root, "cert_deviceinfo");
    const certificateFile = stringField(files, "devCertFile");
    const privateKeyFile = stringField(files, "devPrivateKeyFile");
    return { ...name, region, authentication: { mode, certificateFile, privateKeyFile }, subDevices };
  }
  throw new OtaError("usage", "auth_mode is neither KEY nor CERT");
}

/**
 * The vendor's template has entries with empty names, which are skipped. `subdev_num` is not read: the list has its own
 * length.
 */
function subDevicesOf(subDev: unknown): DeviceName[] {
  if (subDev === undefined || subDev === null) return [];
  if (!isObject(subDev)) throw new OtaError("usage", "subDev is not an object");
  const list = subDev["subdev_list"] ?? [];
  if (!Array.isArray(list)) throw new OtaError("usage", "subdev_list is not a list");
  return (list as unknown[]).flatMap((entry, index) => {
    const { sub_productId: productId, sub_devName: deviceName } = isObject(entry) ? entry : {};
    if (productId === "" && deviceName === "") return [];
    if (
      typeof productId !== "string" ||
      typeof deviceName !== "string" ||
      faultOf({ productId, deviceName }) !== undefined
    ) {
      throw new OtaError("usage", `subdev_list[${index}] has no valid sub_productId and sub_devName`);
    }
    return [{ productId, deviceName }];
  });
}

/** @throws OtaError `usage` */
export function checkDeviceName(name: DeviceName): void {
  const fault = faultOf(name);
  if (fault !== undefined) throw new OtaError("usage", fault);
}

/** Types do not hold for what an application in JavaScript hands in. @returns what is wrong with it, or `undefined` */
function faultOf({ productId, deviceName }: DeviceName): string | undefined {
  if (!matches(productId, /^[A-Z0-9]{10}$/)) return "productId is not 10 capital letters or digits";
  if (!matches(deviceName, /^[A-Za-z0-9:_-]{1,48}$/)) return "deviceName is not 1 to 48 letters, digits, :, _ or -";
  return undefined;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

/** Looks at the values; `authentication` is an object. @throws OtaError `usage`, with one line that holds no secret */
export function checkIdentity(identity: Identity): void {
  checkDeviceName(identity);
  const { authentication } = identity;
  switch (authentication.mode) {
    case "KEY": {
      decodeSecret(authentication.deviceSecret);
      const { hash } = authentication;
      if (hash !== undefined && hash !== "SHA-256" && hash !== "SHA-1") {
        throw new OtaError("usage", "hash is neither SHA-256 nor SHA-1");
      }
      return;
    }
    case "CERT":
      checkDer("certificate", authentication.certificate);
      checkDer("privateKey", authentication.privateKey);
      return;
    default:
      throw new OtaError("usage", "mode of the authentication is neither KEY nor CERT");
  }
}

/** The first byte of PEM: a text, which a board does not read. */
const HYPHEN = 0x2d;

/** @throws OtaError `usage` for what is not bytes, or bytes of a PEM file */
export function checkDer(name: string, bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw new OtaError("usage", `${name} is not a Uint8Array with DER`);
  if (bytes[0] === HYPHEN) throw new OtaError("usage", `${name} is PEM: convert it to DER`);
}

/** @returns the key behind a device secret @throws OtaError `usage` */
export function decodeSecret(deviceSecret: string): Uint8Array {
  const key = typeof deviceSecret === "string" ? decodeBase64(deviceSecret) : undefined;
  if (key === undefined || key.byteLength === 0) throw new OtaError("usage", "deviceSecret is not base64");
  return key;
}

type JsonObject = { readonly [key: string]: unknown };

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, secrets included.
    throw new OtaError("usage", "not JSON");
  }
  if (!isObject(value)) throw new OtaError("usage", "not a JSON object");
  return value;
}

function objectField(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  if (!isObject(value)) throw new OtaError("usage", `${key} is missing or not an object`);
  return value;
}

function stringField(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== "string" || value === "") throw new OtaError("usage", `${key} is missing or not a string`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
