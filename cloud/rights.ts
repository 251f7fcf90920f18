import type { Rights } from "./broker.js";
import { operationTopic, resultTopic } from "./gateway.js";
import type { SubDevices } from "./sub-devices.js";
import type { DeviceName, DeviceRecord } from "./types.js";

/**
 * What a device may do on its connection, which begins with this: its own topics, and the `$ota` topics of the sub-devices
 * that are bound to it. What the platform does with a sub-device that is bound and not online is not documented. Here its
 * topics may be used, as for one that just left; but what is reported on them is dropped, and nothing is sent to it.
 */
export function rightsOf(device: DeviceRecord, subDevices: SubDevices): Rights {
  const session = subDevices.begin(device);
  const ownReport = reportTopic(device);
  const ownUpdate = updateTopic(device);
  const subDeviceOf = (topic: string, kind: "report" | "update"): DeviceRecord | undefined => {
    const [root, found, productId = "", deviceName = "", ...rest] = topic.split("/");
    if (root !== "$ota" || found !== kind || rest.length > 0) return undefined;
    const subDevice = subDevices.device({ productId, deviceName });
    if (subDevice === undefined) return undefined;
    return subDevices.isBound(subDevice, device) || session.left.has(subDevice) ? subDevice : undefined;
  };
  return {
    publish: (topic) => {
      if (topic === ownReport || topic === operationTopic(device)) return "heard";
      const subDevice = subDeviceOf(topic, "report");
      if (subDevice === undefined) return "refused";
      return session.online.has(subDevice) ? "heard" : "dropped";
    },
    subscribe: (topic) => topic === ownUpdate || topic === resultTopic(device) || subDeviceOf(topic, "update") !== undefined,
    receive: (topic) => {
      if (topic === ownUpdate || topic === resultTopic(device)) return true;
      const subDevice = subDeviceOf(topic, "update");
      return subDevice !== undefined && session.online.has(subDevice);
    },
    end: () => subDevices.end(device, session),
  };
}

export function reportTopic({ productId, deviceName }: DeviceName): string {
  return `$ota/report/${productId}/${deviceName}`;
}

export function updateTopic({ productId, deviceName }: DeviceName): string {
  return `$ota/update/${productId}/${deviceName}`;
}
