import { connectService } from "../../cloud/admin.js";
import type { RegistrationMode } from "../../cloud/types.js";
import { writeSecret } from "../files.js";

/** `ota-cloud product set` */
export async function productSet(options: {
  state: string;
  product: string;
  registration: RegistrationMode;
  deviceLimit?: number;
  name?: string;
  output: string;
}): Promise<void> {
  const { product: productId, registration, deviceLimit, name: deviceName, output } = options;
  const service = await connectService(options.state);
  const { productSecret } = await service.setProduct({
    productId,
    registration,
    ...(deviceLimit === undefined ? {} : { deviceLimit }),
  });
  const limit = deviceLimit === undefined ? "" : `, ${deviceLimit} of them at most`;
  const words = { off: "no device", listed: "a device that was added", any: "a device of any name" };
  process.stdout.write(`${productId}: ${words[registration]} may register itself${limit}\n`);
  if (deviceName === undefined) return;
  const info = {
    auth_mode: "KEY",
    productId,
    productSecret,
    deviceName,
    key_deviceinfo: { deviceSecret: "" },
    region: "china",
  };
  writeSecret(output, `${JSON.stringify(info, null, 2)}\n`);
  process.stdout.write(`the product's secret is in ${output}, for ${deviceName}\n`);
}
