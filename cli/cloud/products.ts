import type { RegistrationMode } from "../../cloud/types.js";
import { writeSecret } from "../files.js";
import { identityFile } from "./identity-file.js";
import { type CloudChoice, withOperator } from "./operator.js";

/** `ota-cloud product set` */
export async function productSet(
  options: CloudChoice & {
    product: string;
    registration: RegistrationMode;
    deviceLimit?: number;
    chip?: string;
    timeZone?: string;
    name?: string;
    output: string;
  },
): Promise<void> {
  const { product: productId, registration, deviceLimit, chip, timeZone, name: deviceName, output } = options;
  const request = {
    productId,
    registration,
    ...(deviceLimit === undefined ? {} : { deviceLimit }),
    ...(chip === undefined ? {} : { chip }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
  const { productSecret } = await withOperator(
    options,
    "product set",
    ({ operator, actor }) => operator.setProduct(request, actor),
    { mayMake: true },
  );
  const limit = deviceLimit === undefined ? "" : `, ${deviceLimit} of them at most`;
  const words = { off: "no device", listed: "a device that was added", any: "a device of any name" };
  process.stdout.write(`${productId}: ${words[registration]} may register itself${limit}\n`);
  if (deviceName === undefined) return;
  const info = identityFile({ productId, deviceName, productSecret });
  writeSecret(output, `${JSON.stringify(info, null, 2)}\n`);
  process.stdout.write(`the product's secret is in ${output}, for ${deviceName}\n`);
}
