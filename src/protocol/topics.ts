import type { DeviceName } from "./identity.js";

/** Where a device, or a sub-device, reports. */
export function reportTopic({ productId, deviceName }: DeviceName): string {
  return `$ota/report/${productId}/${deviceName}`;
}

/** Where the platform answers and offers. */
export function updateTopic({ productId, deviceName }: DeviceName): string {
  return `$ota/update/${productId}/${deviceName}`;
}

/** Where a gateway asks about its sub-devices. */
export function operationTopic({ productId, deviceName }: DeviceName): string {
  return `$gateway/operation/${productId}/${deviceName}`;
}

/** Where the platform answers a gateway. */
export function operationResultTopic({ productId, deviceName }: DeviceName): string {
  return `$gateway/operation/result/${productId}/${deviceName}`;
}
