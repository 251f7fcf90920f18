import { createHash } from "node:crypto";
import type { Broker } from "./broker/broker.js";
import { OwnBroker } from "./broker/own-broker.js";
import { ExternalBroker } from "./broker/external-broker.js";
import { Psk } from "./broker/psk.js";
import { MESSAGE_RATE_LIMIT } from "./broker/rate-meter.js";
import { rightsOf } from "./broker/rights.js";
import type { Core } from "./core.js";
import type { ExternalPresence } from "./external-presence.js";
import type { FaultList } from "./faults/fault-list.js";
import { inUrl, listenOn, origin, type readTls } from "./listening.js";
import type { CloudOptions } from "./options.js";
import { StorageError } from "./store/storage-error.js";

/** If a connection sends too fast, one message in this many is reported. */
const WARNING_INTERVAL = 100;

export interface ReceptionOptions {
  readonly cloud: CloudOptions;
  readonly core: Core;
  readonly presence: ExternalPresence;
  readonly faults: FaultList;
  readonly tls: ReturnType<typeof readTls> | undefined;
  /** Called with the broker as soon as there is one: what is published goes to this broker. */
  onBroker(broker: Broker): void;
  /** Takes a message of a device. It is acknowledged once this has resolved. */
  onPublish(topic: string, payload: string): Promise<void>;
  /** The connection to another broker was lost, or is back. */
  onHealth(): void;
}

/** Where messages of devices are taken in and sent out. One process at a time does this. */
export interface Reception {
  readonly broker: Broker;
  readonly mqttUrl: string;
  /** Where devices connect by TLS-PSK, if that is wanted. */
  readonly pskUrl?: string;
}

/**
 * Starts the rollout and opens the own broker, or connects to another one.
 *
 * @throws CloudError if a port is taken, or the other broker cannot be reached
 */
export function openReception(options: ReceptionOptions): Promise<Reception> {
  const { broker } = options.cloud;
  return broker === undefined ? openOwn(options) : connectTo(broker, options);
}

async function connectTo(url: string, options: ReceptionOptions): Promise<Reception> {
  const { cloud, core, presence, onPublish, onHealth } = options;
  core.rollout.offersMayBeLost();
  // Before the broker hands over what it has kept.
  await core.start();
  const broker = await ExternalBroker.connect({
    url,
    clientId: sessionName(core.state.signingKey),
    onPublish,
    mayRetry: (error) => error instanceof StorageError,
    onDropped: (line) => cloud.onWarning?.(line),
    ...(presence.onEvent === undefined ? {} : { onPresence: presence.onEvent }),
    onConnection: (line) => {
      // What has happened since then is not known.
      presence.onConnection();
      cloud.onTrouble?.(line);
      onHealth();
    },
    onRestored: () => core.rollout.offersMayBeLost(),
  });
  options.onBroker(broker);
  // Also those that were made while there was no connection yet.
  core.rollout.offersMayBeLost();
  return { broker, mqttUrl: url };
}

async function openOwn({ cloud, core, faults, tls, onBroker, onPublish }: ReceptionOptions): Promise<Reception> {
  const { listen = "127.0.0.1", onWarning } = cloud;
  const { secrets } = core.platform;
  const broker = await OwnBroker.create({
    authenticate: async (clientId, username, password) => {
      const session = await core.platform.authenticate({ clientId, username, password });
      return session === undefined ? undefined : rightsOf(session, core.sessions);
    },
    onPublish,
    onDropped: (topic) => onWarning?.(`${topic} dropped: this sub-device is not online`),
    onRefused: (line) => onWarning?.(line),
    onOverRate: (clientId) => {
      const count = core.platform.countOverRate(clientId);
      if (count % WARNING_INTERVAL !== 1) return;
      onWarning?.(`${clientId} sends too fast: ${count} beyond ${MESSAGE_RATE_LIMIT} messages a second`);
    },
    tls,
    psk: cloud.pskPort === undefined ? undefined : new Psk({ secretOf: (clientId) => secrets.find(clientId) }),
    faults,
  });
  onBroker(broker);
  try {
    const publicHost = inUrl(cloud.publicHost ?? listen);
    const mqttPort = await listenOn(broker.server, listen, cloud.mqttPort ?? 0, "--mqtt-port");
    const mqttUrl = origin(tls === undefined ? "mqtt" : "mqtts", publicHost, mqttPort);
    const { pskServer } = broker;
    if (pskServer === undefined) {
      await core.start();
      return { broker, mqttUrl };
    }
    const pskPort = await listenOn(pskServer, listen, cloud.pskPort ?? 0, "--psk-port");
    await core.start();
    return { broker, mqttUrl, pskUrl: origin("mqtts", publicHost, pskPort) };
  } catch (error) {
    await broker.close();
    throw error;
  }
}

/** @returns a client id of 23 characters, as MQTT 3.1.1 has them at least, that no other state folder has */
function sessionName(signingKey: string): string {
  return `otacloud${createHash("sha256").update(`session ${signingKey}`).digest("hex").slice(0, 15)}`;
}
