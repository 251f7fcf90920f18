import { readFileSync } from "node:fs";
import { type AddressInfo, isIPv6, type Server } from "node:net";
import { createSecureContext } from "node:tls";
import { type Broker, OwnBroker } from "./broker/broker.js";
import { ExternalBroker } from "./broker/external-broker.js";
import { MESSAGE_RATE_LIMIT } from "./broker/rate-meter.js";
import { rightsOf } from "./broker/rights.js";
import { Core } from "./core.js";
import type { FaultSpec } from "./faults/fault.js";
import { FaultList } from "./faults/fault-list.js";
import { FaultyMessages } from "./faults/message-faults.js";
import { Downloads } from "./files/downloads.js";
import { createFileServer, type ServedRequest } from "./files/file-server.js";
import type { Desk } from "./operator/desk.js";
import type { Operator } from "./operator/types.js";
import type { GatewayFaults } from "./platform/gateway-faults.js";
import { answerRegistration, REGISTRATION_PATH } from "./platform/registration.js";
import { answerOlderRegistration, OLDER_REGISTRATION_PATH } from "./platform/registration-older.js";
import { updateTopic } from "./platform/topics.js";
import { openState } from "./state.js";
import type { StoreHealth } from "./store/fleet-store.js";
import { CloudError } from "./types.js";

export interface CloudOptions {
  /** Folder of the state. It is made if it does not exist. */
  readonly folder: string;
  /** Address to listen on. Default 127.0.0.1. */
  readonly listen?: string;
  /** Host in the URLs that devices get. Default: the value of `listen`. */
  readonly publicHost?: string | undefined;
  /** Port of the broker and, below, of the file server; 0 means any free port. */
  readonly mqttPort?: number;
  readonly httpPort?: number;
  /** URL of another broker that is used instead of the cloud's own. */
  readonly broker?: string | undefined;
  /**
   * PEM files, for mqtts and https. With `clientCa`, the cloud asks devices for their certificates and accepts those
   * that this authority has signed.
   */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string | undefined } | undefined;
  /** Seconds that a signed URL is valid. Default: one day, as on the platform. */
  readonly urlLifetimeSec?: number;
  /** How long the history of devices is kept. Default: for ever. */
  readonly keepEventsMs?: number | undefined;
  /** Faults to inject into the answers to gateways. */
  readonly gatewayFaults?: GatewayFaults | undefined;
  /** Faults from the start. More can be added while the cloud runs. */
  readonly faults?: readonly FaultSpec[] | undefined;
  /** Called with one line when a fault strikes; the line never holds a secret. */
  onFault?(line: string): void;
  onServed?(request: ServedRequest): void;
  /** Called with one line for each device that registers itself; the line never holds a secret. */
  onRegistration?(line: string): void;
  /** Called for each message of a device. */
  onReport?(topic: string, payload: string): void;
  /** Called with one line when the cloud itself is in trouble, and when that is over. */
  onTrouble?(line: string): void;
  /** Called with one line about what is refused, or what the platform might refuse; it never holds a secret. */
  onWarning?(line: string): void;
}

const DAY_SEC = 86400;

/** Most downloads and other requests to the file server at a time. */
const FILE_CONNECTION_LIMIT = 10_000;

/** Another broker hands over one message at a time: to wait for others would only hold it up. */
const ALONE_DELAY_MS = 0;

const NEEDS_TLS = "needs TLS: start the cloud with --tls-cert and --tls-key";
const NEEDS_OWN_BROKER = "needs the cloud's own broker: start the cloud without --broker";

/** If a connection sends too fast, one message in this many is reported. */
const WARNING_INTERVAL = 100;

/**
 * @returns the host as it stands in a URL: an IPv6 address in brackets (RFC 3986 §3.2.2)
 * @throws CloudError if it is no host
 */
function inUrl(host: string): string {
  const address = /^\[(.+)\]$/.exec(host)?.[1] ?? host;
  if (isIPv6(address)) return `[${address}]`;
  if (/^[A-Za-z0-9._-]{1,253}$/.test(host)) return host;
  throw new CloudError(
    `${JSON.stringify(host)} is no host for --public-host: give a name or an address, without a port`,
  );
}

/** A running cloud: broker, file server and platform in one process. */
export class Cloud {
  readonly core: Core;
  readonly mqttUrl: string;
  readonly httpUrl: string;
  readonly #broker: Broker;
  readonly #files: Server;

  private constructor(options: { core: Core; broker: Broker; files: Server; mqttUrl: string; httpUrl: string }) {
    this.core = options.core;
    this.#broker = options.broker;
    this.#files = options.files;
    this.mqttUrl = options.mqttUrl;
    this.httpUrl = options.httpUrl;
  }

  /** The requests of the commands at a desk. */
  get desk(): Desk {
    return this.core.desk;
  }

  /** The requests of an operator. */
  get operator(): Operator {
    return this.core.operator;
  }

  /**
   * @throws CloudError if a port is taken, a file cannot be read, the other broker cannot be reached, or one of the
   * faults is not possible in this cloud
   */
  static async start(options: CloudOptions): Promise<Cloud> {
    const { listen = "127.0.0.1", urlLifetimeSec = DAY_SEC, onWarning, onTrouble } = options;
    const publicHost = inUrl(options.publicHost ?? listen);
    const tls = options.tls === undefined ? undefined : readTls(options.tls);
    const scheme = tls === undefined ? "" : "s";
    const faults = faultsOf(options, tls !== undefined);
    const downloads = new Downloads();
    const counts = { messages: 0, requests: 0, bytes: 0 };
    let broker: Broker | undefined;
    let httpUrl: string | undefined;
    const messages = new FaultyMessages({ faults, send: (topic, payload) => broker?.publish(topic, payload) });
    const state = await openState(options.folder, {
      onHealth: (health) => onTrouble?.(describeHealth(health)),
      ...(options.broker === undefined ? {} : { groupDelayMs: ALONE_DELAY_MS }),
    });
    const core = new Core({
      state,
      urlLifetimeSec,
      faults,
      gatewayFaults: options.gatewayFaults,
      keepEventsMs: options.keepEventsMs,
      fileBase: () => httpUrl,
      publish: (topic, payload) => messages.send(topic, payload),
      isOnline: (device, sessions) => {
        // With another broker, the cloud knows only what gateways have reported.
        if (options.broker !== undefined && device.gatewayId !== null) return sessions.isSubDeviceOnline(device);
        return broker?.isSubscribed(updateTopic(device)) ?? false;
      },
      endDownloads: (taskId) => downloads.end(taskId),
      condition: {
        startedAt: Date.now(),
        storage: () => state.store.health,
        broker: () =>
          options.broker === undefined ? "own" : broker?.isConnected === true ? "connected" : "disconnected",
        messages: () => counts.messages,
        served: () => counts,
      },
      onProblem: (line) => onTrouble?.(line),
    });
    const onPublish = async (topic: string, payload: string): Promise<void> => {
      counts.messages++;
      options.onReport?.(topic, payload);
      await core.platform.onMessage(topic, payload);
    };
    const registered = async (
      answered: Promise<{ readonly answer: object; readonly line: string }>,
    ): Promise<object> => {
      const { answer, line } = await answered;
      options.onRegistration?.(line);
      return answer;
    };
    const { transactions } = state;
    const files = createFileServer({
      source: core.files,
      downloads,
      tls,
      faults,
      onServed: (request) => {
        counts.requests++;
        counts.bytes += request.byteLength;
        options.onServed?.(request);
      },
      registrations: {
        [REGISTRATION_PATH]: (request) => registered(answerRegistration(transactions, request)),
        [OLDER_REGISTRATION_PATH]: (request) => registered(answerOlderRegistration(transactions, request)),
      },
    });
    try {
      files.maxConnections = FILE_CONNECTION_LIMIT;
      const httpPort = await listenOn(files, listen, options.httpPort ?? 0, "--http-port");
      httpUrl = origin(`http${scheme}`, publicHost, httpPort);
      if (options.broker !== undefined) {
        broker = await ExternalBroker.connect({
          url: options.broker,
          onPublish,
          onConnection: (line) => onTrouble?.(line),
        });
        await core.start();
        return new Cloud({ core, broker, files, mqttUrl: options.broker, httpUrl });
      }
      const own = await OwnBroker.create({
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
        faults,
      });
      broker = own;
      const mqttPort = await listenOn(own.server, listen, options.mqttPort ?? 0, "--mqtt-port");
      await core.start();
      return new Cloud({ core, broker, files, mqttUrl: origin(`mqtt${scheme}`, publicHost, mqttPort), httpUrl });
    } catch (error) {
      files.close();
      await broker?.close();
      await core.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#broker.close();
    (this.#files as Server & { closeAllConnections?(): void }).closeAllConnections?.();
    await new Promise<void>((resolve) => this.#files.close(() => resolve()));
    await this.core.close();
  }
}

/** @throws CloudError if one of the faults from the start is not possible in this cloud */
function faultsOf(options: CloudOptions, hasTls: boolean): FaultList {
  const faults = new FaultList({
    impossible: {
      ...(hasTls ? {} : { handshake: NEEDS_TLS }),
      ...(options.broker === undefined ? {} : { connect: NEEDS_OWN_BROKER, report: NEEDS_OWN_BROKER }),
    },
    ...(options.onFault === undefined ? {} : { onStrike: options.onFault }),
  });
  for (const fault of options.faults ?? []) faults.add(fault);
  return faults;
}

const DEFAULT_PORTS: { readonly [scheme: string]: number } = { http: 80, https: 443 };

/** A default port of HTTP is left out: the vendor's C SDK cannot parse a port in the URL of a file. */
function origin(scheme: string, host: string, port: number): string {
  return DEFAULT_PORTS[scheme] === port ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

function describeHealth(health: StoreHealth): string {
  if (health.ok) return "the state can be stored again";
  return `the state cannot be stored: ${health.message}; devices are refused until it can`;
}

function readTls(files: { cert: string; key: string; clientCa?: string | undefined }) {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch {
      throw new CloudError(`cannot read ${path}`);
    }
  };
  const options = {
    cert: read(files.cert),
    key: read(files.key),
    ...(files.clientCa === undefined ? {} : { ca: read(files.clientCa), requestCert: true, rejectUnauthorized: false }),
  };
  try {
    createSecureContext(options);
  } catch {
    throw new CloudError("certificate, key and authority are not PEM, or do not belong together");
  }
  return options;
}

function listenOn(server: Server, host: string, port: number, option: string): Promise<number> {
  if (port > 65535) return Promise.reject(new CloudError(`there is no port ${port}`));
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(
        new CloudError(
          error.code === "EADDRINUSE"
            ? `port ${port} is taken: choose another by ${option}`
            : `cannot listen on ${host}:${port}: choose another by --listen or ${option}`,
        ),
      );
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
