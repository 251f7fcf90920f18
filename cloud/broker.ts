import { Aedes, type Client } from "aedes";
import mqttPacket from "mqtt-packet";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createSecureServer, type TLSSocket, type TlsOptions } from "node:tls";

/** What the platform needs of a broker, its own or another. */
export interface Broker {
  /** QoS 0. */
  publish(topic: string, payload: string): void;
  /** Whether someone has subscribed to exactly this topic and is connected. */
  isSubscribed(topic: string): boolean;
  close(): Promise<void>;
}

export interface OwnBrokerOptions {
  /** @returns topics that the client may publish to and subscribe to, or `undefined` to refuse it */
  authenticate(clientId: string, username: string, password: string | undefined): { publish: string; subscribe: string } | undefined;
  onPublish(topic: string, payload: string): void;
  readonly tls?: TlsOptions | undefined;
}

/** Longest keepalive the platform accepts, in seconds. */
const KEEPALIVE_LIMIT = 900;

interface Session {
  readonly rights: { publish: string; subscribe: string };
  readonly subscribed: Set<string>;
}

/**
 * The platform's broker: aedes, with the platform's restrictions on top. It refuses a will, retained messages, QoS 2, more
 * than one filter in a SUBSCRIBE, a keepalive over 900 s and topics that are not the device's own.
 */
export class OwnBroker implements Broker {
  readonly #aedes = new Aedes();
  readonly #options: OwnBrokerOptions;
  readonly #sessions = new Map<Client, Session>();
  /** Why a CONNECT is refused, found before its credentials are looked at. */
  readonly #refused = new WeakSet<Client>();
  readonly server: Server;

  private constructor(options: OwnBrokerOptions) {
    this.#options = options;
    this.#restrict();
    const accept = (socket: Socket): void => {
      this.#watchSubscribes(socket);
      this.#aedes.handle(socket);
    };
    this.server = options.tls === undefined ? createServer(accept) : createSecureServer(options.tls, accept);
  }

  static async create(options: OwnBrokerOptions): Promise<OwnBroker> {
    const broker = new OwnBroker(options);
    await broker.#aedes.listen();
    return broker;
  }

  publish(topic: string, payload: string): void {
    this.#aedes.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, () => {});
  }

  isSubscribed(topic: string): boolean {
    return [...this.#sessions.values()].some(({ subscribed }) => subscribed.has(topic));
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #restrict(): void {
    const aedes = this.#aedes;
    aedes.preConnect = (client, packet, callback) => {
      if (packet.will !== undefined || packet.keepalive! > KEEPALIVE_LIMIT) this.#refused.add(client);
      callback(null, true);
    };
    aedes.authenticate = (client, username, password, done) => {
      const proven = isProvenBy(client);
      const rights = this.#refused.has(client)
        ? undefined
        : this.#options.authenticate(client.id, username ?? "", proven ? undefined : (password?.toString() ?? ""));
      if (rights !== undefined) this.#sessions.set(client, { rights, subscribed: new Set() });
      const error = rights === undefined ? Object.assign(new Error("refused"), { returnCode: 4 }) : null;
      done(error as Parameters<typeof done>[0], rights !== undefined);
    };
    aedes.authorizePublish = (client, packet, callback) => {
      const session = client === null ? undefined : this.#sessions.get(client);
      const allowed = client === null || (session?.rights.publish === packet.topic && !packet.retain && packet.qos !== 2);
      if (allowed && client !== null) this.#options.onPublish(packet.topic, packet.payload.toString());
      callback(allowed ? null : new Error("publish refused"));
    };
    aedes.authorizeSubscribe = (client, subscription, callback) => {
      const session = this.#sessions.get(client);
      const allowed = session?.rights.subscribe === subscription.topic;
      // null grants nothing: the SUBACK carries 0x80.
      callback(null, allowed ? { ...subscription, qos: Math.min(subscription.qos, 1) as 0 | 1 } : null);
    };
    aedes.on("subscribe", (subscriptions, client) => {
      for (const { topic } of subscriptions) this.#sessions.get(client)?.subscribed.add(topic);
    });
    aedes.on("unsubscribe", (topics, client) => {
      for (const topic of topics) this.#sessions.get(client)?.subscribed.delete(topic);
    });
    aedes.on("clientDisconnect", (client) => this.#sessions.delete(client));
  }

  /** aedes asks about one filter at a time: how many there are is seen on the wire only. */
  #watchSubscribes(socket: Socket): void {
    const parser = mqttPacket.parser();
    parser.on("packet", (packet) => {
      if (packet.cmd === "subscribe" && packet.subscriptions.length > 1) socket.destroy();
    });
    parser.on("error", () => {});
    socket.on("data", (bytes) => parser.parse(bytes));
    socket.on("error", () => {});
  }
}

/** A client certificate whose common name is the client id stands for the password. */
function isProvenBy(client: Client): boolean {
  const socket = client.conn as TLSSocket;
  if (socket.authorized !== true) return false;
  const name = socket.getPeerCertificate().subject?.CN;
  return name === client.id;
}
