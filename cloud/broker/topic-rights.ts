import { keyOf } from "../platform/sessions.js";
import { operationTopic, resultTopic, systemResultTopic, systemTopic, updateTopic } from "../platform/topics.js";
import type { DeviceName } from "../types.js";

/*
 * Which topics a device may use at all, whoever runs the broker: its own, and those of the sub-devices that are bound
 * to it. The own broker asks this for each packet; another broker asks the hooks, or has it as a list.
 */

/**
 * The topics that the console makes for each product. They do not belong to OTA, but the vendor's gateway samples use
 * them.
 */
const USER_PUBLISH = ["data", "event"];
const USER_SUBSCRIBE = ["data", "control"];

/** A topic that devices publish on: a request that the platform answers, a report, or one of the console's. */
export type PublishTopic =
  | { readonly kind: "request" }
  | { readonly kind: "report" | "user"; readonly device: DeviceName };

/** A topic that devices subscribe to: the answers to its own requests, or what is sent to a device. */
export type SubscribeTopic = { readonly kind: "result" } | { readonly kind: "downlink"; readonly device: DeviceName };

/** @returns what publishing on this topic means for a device; `undefined` if no device may */
export function publishTopic(topic: string, own: DeviceName): PublishTopic | undefined {
  if (topic === operationTopic(own) || topic === systemTopic(own)) return { kind: "request" };
  const { kind, device } = readTopic(topic);
  if (USER_PUBLISH.includes(kind)) return { kind: "user", device };
  return kind === "$ota/report" ? { kind: "report", device } : undefined;
}

/** @returns what a subscription to this topic means for a device; `undefined` if no device may. A filter is none. */
export function subscribeTopic(topic: string, own: DeviceName): SubscribeTopic | undefined {
  if (topic === resultTopic(own) || topic === systemResultTopic(own)) return { kind: "result" };
  const { kind, device } = readTopic(topic);
  return kind === "$ota/update" || USER_SUBSCRIBE.includes(kind) ? { kind: "downlink", device } : undefined;
}

/** Topics that a device may use. */
export interface TopicList {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** @returns the topics of a device's own connection, without those of its sub-devices */
export function ownTopics(device: DeviceName): TopicList {
  const { publish, subscribe } = sharedTopics(device);
  return {
    publish: [...publish, operationTopic(device), systemTopic(device)],
    subscribe: [...subscribe, resultTopic(device), systemResultTopic(device)],
  };
}

/** @returns the topics of a device that its gateway may use too */
export function sharedTopics(device: DeviceName): TopicList {
  const key = keyOf(device);
  return {
    publish: [`$ota/report/${key}`, ...USER_PUBLISH.map((suffix) => `${key}/${suffix}`)],
    subscribe: [updateTopic(device), ...USER_SUBSCRIBE.map((suffix) => `${key}/${suffix}`)],
  };
}

/** @returns the parts of a topic; `kind` is empty if the topic does not belong to one device */
function readTopic(topic: string): { readonly kind: string; readonly device: DeviceName } {
  const [, kind = "", productId = "", deviceName = ""] = /^(\$ota\/\w+)\/([^/]*)\/([^/]*)$/.exec(topic) ?? [];
  if (kind !== "") return { kind, device: { productId, deviceName } };
  const [, userProductId = "", userDeviceName = "", suffix = ""] = /^([^/]*)\/([^/]*)\/(\w+)$/.exec(topic) ?? [];
  return { kind: suffix, device: { productId: userProductId, deviceName: userDeviceName } };
}
