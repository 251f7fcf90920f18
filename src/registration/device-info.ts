import { OtaError } from "../errors.js";
import { checkDeviceName, type DeviceName } from "../protocol/identity.js";

/** What a device_info.json without a device secret says. */
export interface RegistrationInfo extends DeviceName {
  readonly productSecret: string;
  readonly region: string;
}

/**
 * Reads the vendor's device_info.json of a device that is to register itself: it has a `productSecret`, and its
 * `deviceSecret` is missing, empty, or the template's.
 *
 * @param text JSON
 * @returns `undefined` if the device has a secret of its own, or a certificate: that is for `parseDeviceInfo`
 * @throws OtaError `usage`, one line that names the field and never holds a secret
 */
export function parseRegistrationInfo(text: string): RegistrationInfo | undefined {
  const root = parse(text);
  const { auth_mode: mode, productId, deviceName, productSecret, region = "china", key_deviceinfo: key } = root;
  const deviceSecret = isObject(key) ? key["deviceSecret"] : undefined;
  if (mode !== "KEY" || isGiven(deviceSecret) || !isGiven(productSecret)) {
    return undefined;
  }
  if (typeof region !== "string") throw new OtaError("usage", "region is not a string");
  const name = { productId, deviceName } as DeviceName;
  checkDeviceName(name);
  return { ...name, productSecret, region };
}

/** The words of the vendor's templates differ (`YOUR_IOT_PSK`, `YOUR_DEVICE_SECRET`); no secret begins as they do. */
function isGiven(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.startsWith("YOUR_");
}

function parse(text: string): { readonly [key: string]: unknown } {
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

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
