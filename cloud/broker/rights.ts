import { keyOf, type Session, type Sessions } from "../platform/sessions.js";
import { operationTopic, resultTopic, systemResultTopic, systemTopic } from "../platform/topics.js";
import type { DeviceName } from "../types.js";
import type { Rights } from "./broker.js";

/**
 * The topics that the console makes for each product. They do not belong to OTA, but the vendor's gateway samples use
 * them.
 */
const USER_PUBLISH = ["data", "event"];
const USER_SUBSCRIBE = ["data", "control"];

/**
 * @returns what a device may do on a connection. It may use its own topics, and those of the sub-devices that are bound
 * to it. What the platform does with a sub-device that is bound but not online is not documented. This cloud lets the
 * gateway use its topics, as for a sub-device that was unbound during this connection; but it drops what is reported on
 * them and sends nothing to the sub-device.
 */
export function rightsOf(session: Session, sessions: Sessions): Rights {
  const { device, bound, left, online } = session;
  const own = keyOf(device);
  const requests = [operationTopic(device), systemTopic(device)];
  const results = [resultTopic(device), systemResultTopic(device)];
  const mayUse = (key: string): boolean => key === own || bound.has(key) || left.has(key);
  const isPresent = (key: string): boolean => key === own || online.has(key);
  return {
    publish: (topic) => {
      if (session.isRevoked) return "refused";
      if (requests.includes(topic)) return "handled";
      const { kind, name } = readTopic(topic);
      const key = keyOf(name);
      if (!mayUse(key)) return "refused";
      if (USER_PUBLISH.includes(kind)) return "passed";
      if (kind !== "$ota/report") return "refused";
      return isPresent(key) ? "handled" : "dropped";
    },
    subscribe: (topic) => {
      if (session.isRevoked) return false;
      const { kind, name } = readTopic(topic);
      return results.includes(topic) || (isDownlink(kind) && mayUse(keyOf(name)));
    },
    receive: (topic) => {
      if (session.isRevoked) return false;
      const { kind, name } = readTopic(topic);
      const key = keyOf(name);
      return results.includes(topic) || (isDownlink(kind) && mayUse(key) && isPresent(key));
    },
    end: () => sessions.end(session),
  };
}

function isDownlink(kind: string): boolean {
  return kind === "$ota/update" || USER_SUBSCRIBE.includes(kind);
}

/** @returns the parts of a topic; `kind` is empty if the topic does not belong to one device */
function readTopic(topic: string): { readonly kind: string; readonly name: DeviceName } {
  const [, kind = "", productId = "", deviceName = ""] = /^(\$ota\/\w+)\/([^/]*)\/([^/]*)$/.exec(topic) ?? [];
  if (kind !== "") return { kind, name: { productId, deviceName } };
  const [, userProductId = "", userDeviceName = "", suffix = ""] = /^([^/]*)\/([^/]*)\/(\w+)$/.exec(topic) ?? [];
  return { kind: suffix, name: { productId: userProductId, deviceName: userDeviceName } };
}
