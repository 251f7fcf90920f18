import { readFileSync } from "node:fs";
import { type AddressInfo, isIPv6, type Server } from "node:net";
import { createSecureContext } from "node:tls";
import { type Broker, OwnBroker } from "./broker.js";
import { ExternalBroker } from "./external-broker.js";
import type { FaultSpec } from "./faults/fault.js";
import { FaultList } from "./faults/fault-list.js";
import { FaultyMessages } from "./faults/message-faults.js";
import { createFileServer, type ServedRequest } from "./file-server.js";
import type { GatewayFaults } from "./gateway-faults.js";
import { Platform } from "./platform.js";
import { MESSAGE_RATE_LIMIT } from "./rate-meter.js";
import { rightsOf, updateTopic } from "./rights.js";
import { answerRegistration, REGISTRATION_PATH } from "./registration.js";
import { answerOlderRegistration, OLDER_REGISTRATION_PATH } from "./registration-older.js";
import { CloudStore } from "./store.js";
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
  /** Called with one line about something that the platform might refuse; the line never holds a secret. */
  onWarning?(line: string): void;
}

const DAY_SEC = 86400;

const NEEDS_TLS = "needs TLS: start the cloud with --tls-cert and --tls-key";
const NEEDS_OWN_BROKER = "needs the cloud's own broker: start the cloud without --broker";

/** If a connection sends too fast, one message in this many is reported. */
const WARNING_INTERVAL = 100;

/** @returns the host as it stands in a URL: an IPv6 address in brackets (RFC 3986 §3.2.2) */
function inUrl(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** A running cloud: broker, file server and platform in one process. */
export class Cloud {
  readonly platform: Platform;
  readonly mqttUrl: string;
  readonly httpUrl: string;
  readonly #broker: Broker;
  readonly #files: Server;

  private constructor(options: {
    platform: Platform;
    broker: Broker;
    files: Server;
    mqttUrl: string;
    httpUrl: string;
  }) {
    this.platform = options.platform;
    this.#broker = options.broker;
    this.#files = options.files;
    this.mqttUrl = options.mqttUrl;
    this.httpUrl = options.httpUrl;
  }

  /**
   * @throws CloudError if a port is taken, a file cannot be read, the other broker cannot be reached, or one of the
   * faults is not possible in this cloud
   */
  static async start(options: CloudOptions): Promise<Cloud> {
    const { listen = "127.0.0.1", urlLifetimeSec = DAY_SEC } = options;
    const publicHost = inUrl(options.publicHost ?? listen);
    const store = new CloudStore(options.folder);
    const tls = options.tls === undefined ? undefined : readTls(options.tls);
    const scheme = tls === undefined ? "" : "s";

    const faults = new FaultList({
      impossible: {
        ...(tls === undefined ? { handshake: NEEDS_TLS } : {}),
        ...(options.broker === undefined ? {} : { connect: NEEDS_OWN_BROKER, report: NEEDS_OWN_BROKER }),
      },
      ...(options.onFault === undefined ? {} : { onStrike: options.onFault }),
    });
    for (const fault of options.faults ?? []) faults.add(fault);

    let broker: Broker | undefined;
    const messages = new FaultyMessages({ faults, send: (topic, payload) => broker?.publish(topic, payload) });
    let httpUrl: string | undefined;
    const platform: Platform = new Platform({
      store,
      urlLifetimeSec,
      fileBase: () => httpUrl,
      publish: (topic, payload) => messages.send(topic, payload),
      isOnline: (productId, deviceName) => {
        const device = platform.subDevices.device({ productId, deviceName });
        // With another broker, the cloud knows only what gateways have reported.
        if (options.broker !== undefined && device?.gateway !== undefined) return platform.subDevices.isOnline(device);
        return broker?.isSubscribed(updateTopic({ productId, deviceName })) ?? false;
      },
      gatewayFaults: options.gatewayFaults,
      faults,
    });
    const onPublish = (topic: string, payload: string): void => {
      options.onReport?.(topic, payload);
      const [root, , productId = "", deviceName = ""] = topic.split("/");
      if (root === "$ota") platform.onReport(productId, deviceName, payload);
      else platform.onOperation(productId, deviceName, payload);
    };

    const registered = ({ answer, line }: { readonly answer: object; readonly line: string }): object => {
      options.onRegistration?.(line);
      return answer;
    };
    const files = createFileServer({
      store,
      tls,
      faults,
      ...(options.onServed === undefined ? {} : { onServed: options.onServed }),
      registrations: {
        [REGISTRATION_PATH]: (request) => registered(answerRegistration(store, request)),
        [OLDER_REGISTRATION_PATH]: (request) => registered(answerOlderRegistration(store, request)),
      },
    });
    const httpPort = await listenOn(files, listen, options.httpPort ?? 0);
    httpUrl = `http${scheme}://${publicHost}:${httpPort}`;
    try {
      if (options.broker !== undefined) {
        broker = await ExternalBroker.connect(options.broker, onPublish);
        return new Cloud({ platform, broker, files, mqttUrl: options.broker, httpUrl });
      }
      const own = await OwnBroker.create({
        authenticate: (...proof) => {
          const device = platform.authenticate(...proof);
          return device === undefined ? undefined : rightsOf(device, platform.subDevices);
        },
        onPublish,
        onDropped: (topic) => options.onWarning?.(`${topic} dropped: this sub-device is not online`),
        onOverRate: (clientId) => {
          const count = platform.countOverRate(clientId);
          if (count % WARNING_INTERVAL !== 1) return;
          options.onWarning?.(`${clientId} sends too fast: ${count} beyond ${MESSAGE_RATE_LIMIT} messages a second`);
        },
        tls,
        faults,
      });
      broker = own;
      const mqttPort = await listenOn(own.server, listen, options.mqttPort ?? 0);
      return new Cloud({ platform, broker, files, mqttUrl: `mqtt${scheme}://${publicHost}:${mqttPort}`, httpUrl });
    } catch (error) {
      files.close();
      await broker?.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#broker.close();
    (this.#files as Server & { closeAllConnections?(): void }).closeAllConnections?.();
    await new Promise<void>((resolve) => this.#files.close(() => resolve()));
  }
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

function listenOn(server: Server, host: string, port: number): Promise<number> {
  if (port > 65535) return Promise.reject(new CloudError(`there is no port ${port}`));
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(
        new CloudError(
          error.code === "EADDRINUSE" ? `port ${port} is taken: choose another` : `cannot listen on ${host}:${port}`,
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
