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
  /** @returns what the client may do, or `undefined` to refuse it */
  authenticate(clientId: string, username: string, password: string | undefined): Rights | undefined;
  onPublish(topic: string, payload: string): void;
  readonly tls?: TlsOptions | undefined;
}

/** Longest keepalive the platform accepts, in seconds. */
const KEEPALIVE_LIMIT = 900;

/** The topics of a device. */
export interface Rights {
  readonly publish: string;
  readonly subscribe: string;
}

/**
 * The platform's broker: aedes, with the platform's restrictions on top. It refuses a will, retained messages, QoS 2, more
 * than one filter in a SUBSCRIBE, a keepalive over 900 s and topics that are not the device's own.
 */
export class OwnBroker implements Broker {
  readonly #aedes = new Aedes();
  readonly #options: OwnBrokerOptions;
  readonly #rights = new Map<Client, Rights>();
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
    // aedes tells of a subscription even where it was refused: what counts is what the client has.
    return [...this.#rights.keys()].some((client) => topic in (client as Client & { subscriptions: object }).subscriptions);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    if (this.server.listening) await new Promise<void>((resolve) => this.server.close(() => resolve()));
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
      if (rights !== undefined) this.#rights.set(client, rights);
      const error = rights === undefined ? Object.assign(new Error("refused"), { returnCode: 4 }) : null;
      done(error as Parameters<typeof done>[0], rights !== undefined);
    };
    aedes.authorizePublish = (client, packet, callback) => {
      const rights = client === null ? undefined : this.#rights.get(client);
      const allowed = client === null || (rights?.publish === packet.topic && !packet.retain && packet.qos !== 2);
      if (allowed && client !== null) this.#options.onPublish(packet.topic, packet.payload.toString());
      callback(allowed ? null : new Error("publish refused"));
    };
    aedes.authorizeSubscribe = (client, subscription, callback) => {
      const allowed = this.#rights.get(client)?.subscribe === subscription.topic && subscription.qos !== 2;
      // null grants nothing: the SUBACK carries 0x80.
      callback(null, allowed ? subscription : null);
    };
    aedes.on("clientDisconnect", (client) => this.#rights.delete(client));
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
