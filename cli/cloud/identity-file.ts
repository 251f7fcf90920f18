import type { DeviceName } from "../../cloud/types.js";

/**
 * The content of a device_info.json. The vendor's SDKs read all its fields whatever the way to authenticate: those that
 * do not count hold the words of the vendor's template. The C SDK registers itself only if the device's secret is these
 * words.
 *
 * @param device the device with the secret that it has, or with its product's if it is to register itself
 */
export function identityFile({
  productId,
  deviceName,
  deviceSecret = "YOUR_IOT_PSK",
  productSecret = "YOUR_PRODUCT_SECRET",
}: DeviceName & { readonly deviceSecret?: string; readonly productSecret?: string }): object {
  return {
    auth_mode: "KEY",
    productId,
    productSecret,
    deviceName,
    key_deviceinfo: { deviceSecret },
    cert_deviceinfo: {
      devCaFile: "YOUR_CA_FILE_NAME",
      devCertFile: "YOUR_DEVICE_CERT_FILE_NAME",
      devPrivateKeyFile: "YOUR_DEVICE_PRIVATE_KEY_FILE_NAME",
    },
    region: "china",
  };
}
