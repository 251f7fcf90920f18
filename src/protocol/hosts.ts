import { OtaError } from "../errors.js";

/** MQTT host suffixes by region. */
const SUFFIXES: { readonly [region: string]: string } = Object.freeze({
  china: "iotcloud.tencentdevices.com",
  "us-east": "us-east.iotcloud.tencentdevices.com",
  europe: "europe.iothub.tencentdevices.com",
  "ap-bangkok": "ap-bangkok.iothub.tencentdevices.com",
});

/**
 * Where a product's devices connect.
 *
 * @returns `mqtts://…:8883`
 * @throws OtaError `usage` for a region nobody knows
 */
export function brokerUrl(productId: string, region: string): string {
  const suffix = Object.keys(SUFFIXES).includes(region) ? SUFFIXES[region] : undefined;
  if (suffix === undefined) {
    throw new OtaError("usage", `region ${region} is none of ${Object.keys(SUFFIXES).join(", ")}`);
  }
  return `mqtts://${productId}.${suffix}:8883`;
}
