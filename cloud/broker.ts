import { Aedes, type Client, type PublishPacket } from "aedes";
import mqttPacket from "mqtt-packet";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createSecureServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { FaultTarget } from "./faults/fault.js";
import type { FaultList } from "./faults/fault-list.js";
import { strikeReport } from "./faults/message-faults.js";
import { RateMeter } from "./rate-meter.js";

/** What the platform needs from a broker, its own or another one. */
export interface Broker {
  /** Publishes with QoS 0. */
  publish(topic: string, payload: string): void;
  /** Whether a connected client has subscribed to exactly this topic and receives what is published there. */
  isSubscribed(topic: string): boolean;
  close(): Promise<void>;
}

export interface OwnBrokerOptions {
  /** @returns what the client may do, or `undefined` to refuse it */
  authenticate(clientId: string, username: string, password: string | undefined): Rights | undefined;
  onPublish(topic: string, payload: string): void;
  /** Called for a message that the platform does not handle, although it was acknowledged if QoS required it. */
  onDropped?(topic: string): void;
  /** Called for a message beyond the platform's rate; the message is handled nevertheless. */
  onOverRate?(clientId: string): void;
  readonly tls?: TlsOptions | undefined;
  readonly faults?: FaultList | undefined;
}

/** Characters of a product id and the longest device name. MQTT 3.1, which the Python SDK uses, would allow only 23. */
const CLIENT_ID_LIMIT = 58;

const PRODUCT_ID_LENGTH = 10;

/** Longest keepalive that the platform accepts, in seconds. */
const KEEPALIVE_LIMIT = 900;

/**
 * What happens to a message: it is `handled` by the platform, only `passed` on to its subscribers, `dropped` although
 * it is acknowledged, or `refused`, which ends the connection.
 */
export type Verdict = "handled" | "passed" | "dropped" | "refused";

/** What a client may do on one connection. The broker asks this for each packet. */
export interface Rights {
  publish(topic: string): Verdict;
  subscribe(topic: string): boolean;
  /** Whether the client may now receive what is published on a topic that it has subscribed to. */
  receive(topic: string): boolean;
  /** Called when the connection has ended. */
  end(): void;
}

interface Connection {
  readonly rights: Rights;
  readonly rate: RateMeter;
}

/**
 * The platform's broker: aedes, with the platform's restrictions on top. It refuses a will, retained messages, QoS 2,
 * more than one filter in a SUBSCRIBE, a keepalive over 900 s and topics that the device has no right to.
 */
export class OwnBroker implements Broker {
  readonly #aedes = new Aedes({ maxClientsIdLength: CLIENT_ID_LIMIT });
  readonly #options: OwnBrokerOptions;
  readonly #connections = new Map<Client, Connection>();
  /** Clients whose CONNECT is refused for a reason that was found before the check of their credentials. */
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
    // aedes reports a subscription even if it was refused, so only the client's own list is used.
    return [...this.#connections].some(
      ([client, { rights }]) =>
        topic in (client as Client & { subscriptions: object }).subscriptions && rights.receive(topic),
    );
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    if (this.server.listening) await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #restrict(): void {
    const aedes = this.#aedes;
    aedes.preConnect = (client, packet, callback) => {
      const fault = this.#options.faults?.strike("connect", deviceOf(packet.clientId));
      if (fault !== undefined) {
        // aedes itself can send only the codes 2 to 5. Without a call of `callback` it sends nothing.
        const connack = { cmd: "connack", returnCode: fault.code, sessionPresent: false } as const;
        (client.conn as Socket).end(mqttPacket.generate(connack), () => client.conn.destroy());
        return;
      }
      if (packet.will !== undefined || (packet.keepalive ?? 0) > KEEPALIVE_LIMIT) this.#refused.add(client);
      callback(null, true);
    };
    aedes.authenticate = (client, username, password, done) => {
      const proven = isProvenBy(client);
      const rights = this.#refused.has(client)
        ? undefined
        : this.#options.authenticate(client.id, username ?? "", proven ? undefined : (password?.toString() ?? ""));
      if (rights !== undefined) this.#connections.set(client, { rights, rate: new RateMeter() });
      const error = rights === undefined ? Object.assign(new Error("refused"), { returnCode: 4 }) : null;
      done(error as Parameters<typeof done>[0], rights !== undefined);
    };
    aedes.authorizePublish = (client, packet, callback) => {
      const verdict = client === null ? "handled" : this.#judge(client, packet);
      callback(verdict === "refused" ? new Error("publish refused") : null);
    };
    aedes.authorizeSubscribe = (client, subscription, callback) => {
      const allowed =
        this.#connections.get(client)?.rights.subscribe(subscription.topic) === true && subscription.qos !== 2;
      // With null nothing is granted, and the SUBACK carries 0x80.
      callback(null, allowed ? subscription : null);
    };
    // A gateway keeps its subscription when it loses the right to it: the sub-device may have gone offline, or may now
    // be bound to another gateway. So the right is checked for each message.
    aedes.authorizeForward = (client, packet) =>
      this.#connections.get(client)?.rights.receive(packet.topic) === true ? packet : null;
    aedes.on("clientDisconnect", (client) => {
      this.#connections.get(client)?.rights.end();
      this.#connections.delete(client);
    });
  }

  #judge(client: Client, packet: PublishPacket): Verdict {
    const { topic, retain, qos } = packet;
    const payload = packet.payload.toString();
    const connection = this.#connections.get(client);
    if (connection === undefined || retain || qos === 2) return "refused";
    const { onPublish, onDropped, onOverRate, faults } = this.#options;
    if (connection.rate.count(performance.now())) onOverRate?.(client.id);
    const verdict = connection.rights.publish(topic);
    const fault =
      faults === undefined || verdict === "refused" ? undefined : strikeReport(faults, { topic, payload, qos });
    if (fault === "drop") return "refused";
    // aedes sends no PUBACK for a message that has become one of QoS 0.
    if (fault === "lose-puback") packet.qos = 0;
    if (verdict === "handled") onPublish(topic, payload);
    if (verdict === "dropped") onDropped?.(topic);
    return verdict;
  }

  /** aedes asks about one filter at a time. How many filters a SUBSCRIBE has can only be read from its bytes. */
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

/** A client id is the product id, which has 10 characters, and the device's name. */
function deviceOf(clientId: string): FaultTarget {
  return { productId: clientId.slice(0, PRODUCT_ID_LENGTH), deviceName: clientId.slice(PRODUCT_ID_LENGTH) };
}

/** A client certificate whose common name is the client id replaces the password. */
function isProvenBy(client: Client): boolean {
  const socket = client.conn as TLSSocket;
  if (socket.authorized !== true) return false;
  const name = socket.getPeerCertificate().subject?.CN;
  return name === client.id;
}
