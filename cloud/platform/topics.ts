import type { DeviceName } from "../types.js";

/** Topic on which the platform answers a device, and offers it updates. */
export function updateTopic({ productId, deviceName }: DeviceName): string {
  return `$ota/update/${productId}/${deviceName}`;
}

/** Topic on which a gateway requests something about its sub-devices. */
export function operationTopic({ productId, deviceName }: DeviceName): string {
  return `$gateway/operation/${productId}/${deviceName}`;
}

/** Topic on which the platform answers such a request. */
export function resultTopic({ productId, deviceName }: DeviceName): string {
  return `$gateway/operation/result/${productId}/${deviceName}`;
}

/** Topic on which a device asks the platform for the time. */
export function systemTopic({ productId, deviceName }: DeviceName): string {
  return `$sys/operation/${productId}/${deviceName}`;
}

/** Topic on which the platform answers that. */
export function systemResultTopic({ productId, deviceName }: DeviceName): string {
  return `$sys/operation/result/${productId}/${deviceName}`;
}
