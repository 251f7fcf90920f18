import type { Rights } from "./broker.js";
import { operationTopic, resultTopic } from "./gateway.js";
import type { SubDevices } from "./sub-devices.js";
import type { DeviceName, DeviceRecord } from "./types.js";

/**
 * The topics that the console makes for each product. They do not belong to OTA, but the vendor's gateway samples use
 * them.
 */
const USER_PUBLISH = ["data", "event"];
const USER_SUBSCRIBE = ["data", "control"];

/**
 * Begins a device's connection and returns what the device may do on it. It may use its own topics, and those of the
 * sub-devices that are bound to it. What the platform does with a sub-device that is bound but not online is not
 * documented. This cloud lets the gateway use its topics, as for a sub-device that was unbound during this connection;
 * but it drops what is reported on them and sends nothing to the sub-device.
 */
export function rightsOf(device: DeviceRecord, subDevices: SubDevices): Rights {
  const session = subDevices.begin(device);
  /** @returns the device that a topic belongs to, if that is the device itself or one of its sub-devices */
  const ownerOf = ({ productId, deviceName }: DeviceName): DeviceRecord | undefined => {
    const owner = subDevices.device({ productId, deviceName });
    if (owner === undefined || owner === device) return owner;
    return subDevices.isBound(owner, device) || session.left.has(owner) ? owner : undefined;
  };
  const isPresent = (owner: DeviceRecord): boolean => owner === device || session.online.has(owner);
  return {
    publish: (topic) => {
      if (topic === operationTopic(device)) return "handled";
      const { kind, name } = readTopic(topic);
      const owner = ownerOf(name);
      if (owner === undefined) return "refused";
      if (USER_PUBLISH.includes(kind)) return "passed";
      if (kind !== "$ota/report") return "refused";
      return isPresent(owner) ? "handled" : "dropped";
    },
    subscribe: (topic) => {
      const { kind, name } = readTopic(topic);
      return topic === resultTopic(device) || (isDownlink(kind) && ownerOf(name) !== undefined);
    },
    receive: (topic) => {
      const { kind, name } = readTopic(topic);
      const owner = ownerOf(name);
      return topic === resultTopic(device) || (isDownlink(kind) && owner !== undefined && isPresent(owner));
    },
    end: () => subDevices.end(device, session),
  };
}

function isDownlink(kind: string): boolean {
  return kind === "$ota/update" || USER_SUBSCRIBE.includes(kind);
}

/** @returns the parts of a topic; `kind` is empty if the topic does not belong to one device */
function readTopic(topic: string): { kind: string; name: DeviceName } {
  const [, kind = "", productId = "", deviceName = ""] = /^(\$ota\/\w+)\/([^/]*)\/([^/]*)$/.exec(topic) ?? [];
  if (kind !== "") return { kind, name: { productId, deviceName } };
  const [, userProductId = "", userDeviceName = "", suffix = ""] = /^([^/]*)\/([^/]*)\/(\w+)$/.exec(topic) ?? [];
  return { kind: suffix, name: { productId: userProductId, deviceName: userDeviceName } };
}

export function updateTopic({ productId, deviceName }: DeviceName): string {
  return `$ota/update/${productId}/${deviceName}`;
}
