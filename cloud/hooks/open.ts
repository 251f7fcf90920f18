import { readBrokerUrl } from "../broker/broker-url.js";
import { CLOUD_TOPICS } from "../broker/external-broker.js";
import type { Platform } from "../platform/platform.js";
import { CloudError } from "../types.js";
import type { PresenceCall } from "./calls.js";
import { type CloudClient, Gatekeeper } from "./gatekeeper.js";
import { HookSecret, LEAST_SECRET_LENGTH } from "./secret.js";
import { HookServer } from "./server.js";

/** How the hooks for another broker are served. */
export interface HookSettings {
  /** Address to listen on. Default 127.0.0.1. */
  readonly listen?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What the broker shows with each call. `undefined`: whoever reaches the port is the broker. */
  readonly secret: string | undefined;
}

export interface OpenHooksOptions {
  readonly settings: HookSettings;
  readonly platform: Pick<Platform, "prove" | "mayUse">;
  /** URL of the other broker: the cloud is let in with the user and the password in it. */
  readonly broker?: string | undefined;
  /** Filters beside the usual ones that the cloud subscribes to. */
  readonly filters?: readonly string[];
  readiness(): readonly string[];
  onPresence?(call: PresenceCall): void;
  onProblem?(line: string): void;
}

/** @throws CloudError if the secret is too short, or it cannot listen there */
export async function openHooks(options: OpenHooksOptions): Promise<HookServer> {
  const { settings, platform, broker, filters = [], ...rest } = options;
  const { listen = "127.0.0.1", port, secret } = settings;
  if (secret !== undefined && secret.length < LEAST_SECRET_LENGTH) {
    throw new CloudError(`the secret of the hooks has less than ${LEAST_SECRET_LENGTH} characters`);
  }
  const server = new HookServer({
    ...rest,
    gatekeeper: new Gatekeeper({ platform, cloud: broker === undefined ? undefined : clientOf(broker, filters) }),
    secret: secret === undefined ? undefined : new HookSecret(secret),
  });
  await server.listen(listen, port);
  return server;
}

/** @returns how the cloud proves itself to the broker at this URL; `undefined` if it does not */
function clientOf(broker: string, filters: readonly string[]): CloudClient | undefined {
  const { username, password } = readBrokerUrl(broker);
  if (username === "" || password === "") return undefined;
  return {
    username,
    password,
    topics: { ...CLOUD_TOPICS, subscribe: [...CLOUD_TOPICS.subscribe, ...filters] },
  };
}
