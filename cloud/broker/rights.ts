import { keyOf, type Session, type Sessions } from "../platform/sessions.js";
import type { DeviceName } from "../types.js";
import type { Rights } from "./broker.js";
import { publishTopic, subscribeTopic } from "./topic-rights.js";

/**
 * @returns what a device may do on a connection. It may use its own topics, and those of the sub-devices that are bound
 * to it. What the platform does with a sub-device that is bound but not online is not documented. This cloud lets the
 * gateway use its topics, as for a sub-device that was unbound during this connection; but it drops what is reported on
 * them and sends nothing to the sub-device.
 */
export function rightsOf(session: Session, sessions: Sessions): Rights {
  const { device: own, bound, left, online } = session;
  const ownKey = keyOf(own);
  const mayUse = (device: DeviceName): boolean => {
    const key = keyOf(device);
    return key === ownKey || bound.has(key) || left.has(key);
  };
  const isPresent = (device: DeviceName): boolean => keyOf(device) === ownKey || online.has(keyOf(device));
  return {
    publish: (topic) => {
      const use = session.isRevoked ? undefined : publishTopic(topic, own);
      if (use === undefined) return "refused";
      if (use.kind === "request") return "handled";
      if (!mayUse(use.device)) return "refused";
      if (use.kind === "user") return "passed";
      return isPresent(use.device) ? "handled" : "dropped";
    },
    subscribe: (topic) => {
      const use = session.isRevoked ? undefined : subscribeTopic(topic, own);
      return use !== undefined && (use.kind === "result" || mayUse(use.device));
    },
    receive: (topic) => {
      const use = session.isRevoked ? undefined : subscribeTopic(topic, own);
      return use !== undefined && (use.kind === "result" || (mayUse(use.device) && isPresent(use.device)));
    },
    end: () => sessions.end(session),
  };
}
