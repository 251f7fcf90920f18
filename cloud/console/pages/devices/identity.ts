import type { NewDeviceSecret } from "../../api/cloud.js";
import { csv } from "./names.js";
import { tarOf } from "./tar.js";

/**
 * @returns the content of the device_info.json of a device with this secret, as `ota-cloud device add` writes it. The
 *     fields that do not count hold the words of the vendor's template, because its SDKs read them all.
 */
export function identityText({ productId, deviceName, deviceSecret = "YOUR_IOT_PSK" }: NewDeviceSecret): string {
  const identity = {
    auth_mode: "KEY",
    productId,
    productSecret: "YOUR_PRODUCT_SECRET",
    deviceName,
    key_deviceinfo: { deviceSecret },
    cert_deviceinfo: {
      devCaFile: "YOUR_CA_FILE_NAME",
      devCertFile: "YOUR_DEVICE_CERT_FILE_NAME",
      devPrivateKeyFile: "YOUR_DEVICE_PRIVATE_KEY_FILE_NAME",
    },
    region: "china",
  };
  return `${JSON.stringify(identity, null, 2)}\n`;
}

/**
 * @returns an archive with NAME/device_info.json for each device, laid out as by `ota-cloud device add --output-folder`
 */
export function identityArchive(devices: readonly NewDeviceSecret[], nowMs: number): Uint8Array<ArrayBuffer> {
  const files = devices.map((device) => ({
    path: `${device.deviceName}/device_info.json`,
    content: identityText(device),
  }));
  return tarOf(files, nowMs);
}

/** @returns the secrets as CSV. They are as they are, also those that a spreadsheet would take for a formula. */
export function identityCsv(devices: readonly NewDeviceSecret[]): string {
  const rows = devices.map(({ productId, deviceName, deviceSecret = "" }) => [productId, deviceName, deviceSecret]);
  return csv([["productId", "deviceName", "deviceSecret"], ...rows]);
}
