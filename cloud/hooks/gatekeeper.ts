import { createHash, timingSafeEqual } from "node:crypto";
import { ownTopics, publishTopic, sharedTopics, subscribeTopic, type TopicList } from "../broker/topic-rights.js";
import { expiryOf } from "../platform/credentials.js";
import { nameOf, type Platform } from "../platform/platform.js";
import type { AclRule, Decision, Result } from "./answers.js";
import type { ConnectCall, TopicCall } from "./calls.js";

/** The cloud itself, as a client of the broker. */
export interface CloudClient {
  readonly username: string;
  readonly password: string;
  /** Filters of what it publishes, and those that it subscribes to. */
  readonly topics: TopicList;
}

export interface GatekeeperOptions {
  readonly platform: Pick<Platform, "prove" | "mayUse">;
  /** Absent if the broker knows the cloud otherwise. */
  readonly cloud?: CloudClient | undefined;
}

/** A client id that may be a device's: a product id and a device name. */
const DEVICE_CLIENT = /^[A-Z0-9]{10}[A-Za-z0-9:_-]{1,48}$/;

/** A list of more rules than this has only the device's own topics: the broker asks for each of the others. */
const MOST_SUB_DEVICES_IN_LIST = 50;

/** A signature beyond this, the year 2038, is one that does not expire: devices without a clock send it. */
const NEVER_SEC = 2_147_483_647;

/** Decides for another broker what the own one decides by itself, by the same rules. Nothing is kept between calls. */
export class Gatekeeper {
  readonly #options: GatekeeperOptions;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
  }

  /** @throws StorageError if that cannot be decided now */
  async connect({ clientId, username, password, commonName }: ConnectCall): Promise<Decision> {
    const { cloud } = this.#options;
    if (cloud !== undefined && isSame(username, cloud.username) && !DEVICE_CLIENT.test(clientId)) {
      if (!isSame(password, cloud.password)) return { result: "deny" };
      return { result: "allow", acl: rulesOf(cloud.topics) };
    }
    if (!DEVICE_CLIENT.test(clientId)) return { result: "ignore" };
    const isProven = commonName !== "" && commonName === clientId;
    const proven = await this.#options.platform.prove({
      clientId,
      username,
      password: isProven ? undefined : password,
    });
    if (proven === undefined) return { result: "deny" };
    const expireAtSec = expiryOf(username);
    const { device, subDevices } = proven;
    const listed = subDevices.length > MOST_SUB_DEVICES_IN_LIST ? [] : subDevices;
    return {
      result: "allow",
      ...(expireAtSec >= NEVER_SEC ? {} : { expireAtSec }),
      acl: [ownTopics(device), ...listed.map(sharedTopics)].flatMap(rulesOf),
    };
  }

  /** @throws StorageError if that cannot be decided now */
  async use(call: TopicCall): Promise<Result> {
    const { cloud } = this.#options;
    const { clientId, username, action, topics, qos, retain } = call;
    if (!DEVICE_CLIENT.test(clientId)) {
      if (cloud === undefined || username !== cloud.username) return "ignore";
      return topics.every((topic) => isOfCloud(cloud.topics, call, topic)) ? "allow" : "deny";
    }
    if (qos === 2 || retain) return "deny";
    const own = nameOf(clientId);
    for (const topic of topics) {
      const use = action === "publish" ? publishTopic(topic, own) : subscribeTopic(topic, own);
      if (use === undefined) return "deny";
      const device = "device" in use ? use.device : own;
      if (!(await this.#options.platform.mayUse(own, device))) return "deny";
    }
    return "allow";
  }
}

/** The platform knows neither retained messages nor QoS 2. */
function rulesOf({ publish, subscribe }: TopicList): AclRule[] {
  return [
    ...publish.map(
      (topic): AclRule => ({ permission: "allow", action: "publish", topic: plain(topic), qos: [0, 1], retain: false }),
    ),
    ...subscribe.map(
      (topic): AclRule => ({ permission: "allow", action: "subscribe", topic: `eq ${topic}`, qos: [0, 1] }),
    ),
  ];
}

/** A filter with a wildcard is to match what it stands for; all else is to be taken as it is. */
function plain(topic: string): string {
  return topic.includes("+") ? topic : `eq ${topic}`;
}

function isOfCloud({ publish, subscribe }: TopicList, { action }: TopicCall, topic: string): boolean {
  if (action === "subscribe") return subscribe.includes(topic);
  return publish.some((filter) => matches(filter, topic));
}

/** Whether a topic fits a filter that has only single-level wildcards. */
function matches(filter: string, topic: string): boolean {
  const [parts, names] = [filter.split("/"), topic.split("/")];
  return parts.length === names.length && parts.every((part, index) => part === "+" || part === names[index]);
}

function isSame(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
