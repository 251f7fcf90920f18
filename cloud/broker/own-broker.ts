import { Aedes, type Client, type PublishPacket } from "aedes";
import mqttPacket from "mqtt-packet";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createSecureServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { FaultTarget } from "../faults/fault.js";
import type { FaultList } from "../faults/fault-list.js";
import { strikeReport } from "../faults/message-faults.js";
import type { Broker, Rights, Verdict } from "./broker.js";
import { PacketGate } from "./packet-gate.js";
import type { Psk } from "./psk.js";
import { withinTime } from "../within-time.js";
import { RateMeter } from "./rate-meter.js";
import { PACKET_FAULT_WORDS, Refusals, shortened } from "./refusals.js";
import { Subscribers } from "./subscribers.js";

export interface OwnBrokerOptions {
  /** @returns what the client may do, or `undefined` to refuse it; it rejects if that cannot be decided now */
  authenticate(clientId: string, username: string, password: string | undefined): Promise<Rights | undefined>;
  /** The message is acknowledged once this has resolved. If it rejects, the connection ends without. */
  onPublish(topic: string, payload: string): Promise<void>;
  /** Called for a message that the platform does not handle, although it was acknowledged if QoS required it. */
  onDropped?(topic: string): void;
  /** Called for a message beyond the platform's rate; the message is handled nevertheless. */
  onOverRate?(clientId: string): void;
  /** Called with one line, not too often, when a client is refused something; the line never holds a secret. */
  onRefused?(line: string): void;
  readonly tls?: TlsOptions | undefined;
  /** Devices may also prove their client id by TLS-PSK, on a server of its own. */
  readonly psk?: Psk | undefined;
  readonly faults?: FaultList | undefined;
  /** Most connections at a time. Default 20,000. */
  readonly connectionLimit?: number | undefined;
}

/** Characters of a product id and the longest device name. MQTT 3.1, which the Python SDK uses, would allow only 23. */
const CLIENT_ID_LIMIT = 58;

const PRODUCT_ID_LENGTH = 10;

/** Longest keepalive that the platform accepts, in seconds. */
const KEEPALIVE_LIMIT = 900;

const CONNECTION_LIMIT = 20_000;

/** A client whose socket takes nothing for so long is gone, or does not read: its connection ends. */
const DRAIN_TIMEOUT_MS = 10_000;

const LIMITS = {
  /** A CONNECT with the longest names has some 300 bytes. */
  unprovenBytes: 4096,
  /** The platform's longest packet. */
  packetBytes: 64 * 1024,
};

interface Connection {
  readonly rights: Rights;
  readonly rate: RateMeter;
}

/**
 * The platform's broker: aedes, with the platform's restrictions on top. It refuses a will, retained messages, QoS 2,
 * more than one filter in a SUBSCRIBE, a keepalive over 900 s and topics that the device has no right to.
 */
export class OwnBroker implements Broker {
  /** Without `concurrency`, what one client does not read takes no room from the messages of the others. */
  readonly #aedes = new Aedes({ maxClientsIdLength: CLIENT_ID_LIMIT, concurrency: 0, drainTimeout: DRAIN_TIMEOUT_MS });
  readonly #options: OwnBrokerOptions;
  readonly #connections = new Map<Client, Connection>();
  readonly #subscribers = new Subscribers();
  /** Clients whose CONNECT is refused for a reason that was found before the check of their credentials. */
  readonly #refused = new WeakMap<Client, string>();
  readonly #refusals: Refusals;
  readonly #gates = new WeakMap<object, PacketGate>();
  /** Those too that have sent no CONNECT yet, or are in their handshake. */
  readonly #sockets = new Set<Socket>();
  /** Messages that are being stored. */
  readonly #handled = new Set<Promise<void>>();
  #isDraining = false;
  readonly isConnected = true;
  readonly server: Server;
  /** The server for TLS-PSK, if that is wanted. */
  readonly pskServer: Server | undefined;

  private constructor(options: OwnBrokerOptions) {
    this.#options = options;
    this.#refusals = new Refusals({ report: (line) => options.onRefused?.(line) });
    this.#restrict();
    const accept = (socket: Socket): void => {
      this.#guard(socket);
      this.#aedes.handle(socket);
    };
    const { tls, psk, connectionLimit = CONNECTION_LIMIT } = options;
    this.server = tls === undefined ? createServer(accept) : createSecureServer(tls, accept);
    this.pskServer = psk === undefined ? undefined : createSecureServer(psk.tlsOptions, accept);
    for (const server of this.#servers) {
      server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: Socket) => {
        const code = error.code ?? "the TLS handshake failed";
        const reason = psk?.describe(socket);
        this.#refusals.addEnd(socket, reason === undefined ? code : `${reason}: ${code}`);
      });
      server.on("connection", (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on("close", () => this.#sockets.delete(socket));
      });
      server.maxConnections = connectionLimit;
    }
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
    return this.#subscribers.some(topic, (client) => this.#connections.get(client)?.rights.receive(topic) === true);
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    for (const server of this.#servers) if (server.listening) server.close();
    await withinTime(Promise.allSettled(this.#handled), timeoutMs);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    const closing = this.#servers
      .filter(({ listening }) => listening)
      .map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closing);
  }

  get #servers(): readonly Server[] {
    return this.pskServer === undefined ? [this.server] : [this.server, this.pskServer];
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
      if (packet.will !== undefined) this.#refused.set(client, "it has a will");
      else if ((packet.keepalive ?? 0) > KEEPALIVE_LIMIT) this.#refused.set(client, "its keepalive is over 900 s");
      callback(null, true);
    };
    aedes.authenticate = (client, username, password, done) => {
      const finish = (rights: Rights | undefined, returnCode: number, reason = NOT_PROVEN): void => {
        if (rights !== undefined) this.#begin(client, rights);
        else this.#refusals.add(`${shortened(client.id)}: CONNECT refused with code ${returnCode}: ${reason}`);
        const error = rights === undefined ? Object.assign(new Error("refused"), { returnCode }) : null;
        done(error as Parameters<typeof done>[0], rights !== undefined);
      };
      const reason = this.#refused.get(client);
      if (reason !== undefined) {
        finish(undefined, BAD_CREDENTIALS, reason);
        return;
      }
      const proof = this.#options.psk?.proofOf(client.conn, client.id) ?? "none";
      if (proof === "not-proven") {
        finish(undefined, BAD_CREDENTIALS, "its PSK is not this device's, or is not any more");
        return;
      }
      const text = password?.toString() ?? "";
      // The vendor's C SDK sends no password over TLS-PSK. One that is sent must be right.
      const isProven = isProvenBy(client) || (proof === "proven" && text === "");
      const given = isProven ? undefined : text;
      this.#options.authenticate(client.id, username ?? "", given).then(
        (rights) => finish(rights, BAD_CREDENTIALS),
        () => finish(undefined, SERVER_UNAVAILABLE, "the state cannot be read now"),
      );
    };
    aedes.authorizePublish = (client, packet, callback) => {
      if (client === null) {
        callback(null);
        return;
      }
      this.#judge(client, packet).then(
        (verdict) => callback(verdict === "refused" ? new Error("publish refused") : null),
        () => callback(new Error("not stored")),
      );
    };
    aedes.authorizeSubscribe = (client, subscription, callback) => {
      const { topic, qos } = subscription;
      const allowed = this.#connections.get(client)?.rights.subscribe(topic) === true && qos !== 2;
      if (!allowed) {
        const reason = qos === 2 ? "QoS 2" : "it has no right to this topic";
        this.#refusals.add(`${shortened(client.id)}: SUBSCRIBE to ${shortened(topic)} refused: ${reason}`);
      }
      // With null nothing is granted, and the SUBACK carries 0x80.
      callback(null, allowed ? subscription : null);
    };
    // A gateway keeps its subscription when it loses the right to it: the sub-device may have gone offline, or may now
    // be bound to another gateway. So the right is checked for each message.
    aedes.authorizeForward = (client, packet) =>
      this.#connections.get(client)?.rights.receive(packet.topic) === true ? packet : null;
    aedes.on("subscribe", (subscriptions, client) => {
      // A filter that was refused is reported here too.
      const own = (client as Client & { readonly subscriptions: object }).subscriptions;
      for (const { topic } of subscriptions) if (topic in own) this.#subscribers.add(topic, client);
    });
    aedes.on("connectionError", (client, error: NodeJS.ErrnoException) => {
      // With a code it is the network's, and nothing was refused.
      if (error.code === undefined) this.#refusals.addEnd(client.conn as Socket, error.message);
    });
    aedes.on("clientReady", (client) => {
      if (!this.#connections.has(client)) return;
      // A client that has kept its session subscribes to nothing anew.
      const { subscriptions } = client as Client & { readonly subscriptions: object };
      for (const topic of Object.keys(subscriptions)) this.#subscribers.add(topic, client);
    });
    aedes.on("clientDisconnect", (client) => {
      this.#subscribers.remove(client);
      this.#connections.get(client)?.rights.end();
      this.#connections.delete(client);
    });
  }

  #begin(client: Client, rights: Rights): void {
    if (client.closed || client.conn.destroyed) {
      rights.end();
      return;
    }
    this.#gates.get(client.conn)?.prove();
    this.#connections.set(client, { rights, rate: new RateMeter() });
  }

  async #judge(client: Client, packet: PublishPacket): Promise<Verdict> {
    const { topic, retain, qos } = packet;
    const payload = packet.payload.toString();
    const connection = this.#connections.get(client);
    if (connection === undefined) return "refused";
    const refuse = (reason: string): Verdict => {
      this.#refusals.add(`${shortened(client.id)}: PUBLISH on ${shortened(topic)} ends the connection: ${reason}`);
      return "refused";
    };
    if (retain) return refuse("retained");
    if (qos === 2) return refuse("QoS 2");
    const { onPublish, onDropped, onOverRate, faults } = this.#options;
    if (connection.rate.count(performance.now())) onOverRate?.(client.id);
    const verdict = connection.rights.publish(topic);
    if (verdict === "refused") return refuse("it has no right to this topic");
    const fault = faults === undefined ? undefined : strikeReport(faults, { topic, payload, qos });
    if (fault === "drop") return "refused";
    // aedes sends no PUBACK for a message that has become one of QoS 0.
    if (fault === "lose-puback") packet.qos = 0;
    // Its connection ends without an acknowledgement: it sends the message again.
    if (this.#isDraining) return "refused";
    if (verdict === "handled") {
      const handled = onPublish(topic, payload);
      this.#handled.add(handled);
      await handled.finally(() => this.#handled.delete(handled));
    }
    if (verdict === "dropped") onDropped?.(topic);
    return verdict;
  }

  #guard(socket: Socket): void {
    const gate = new PacketGate(LIMITS);
    this.#gates.set(socket, gate);
    this.#refusals.begin(socket);
    socket.on("data", (bytes) => {
      const fault = gate.take(bytes);
      if (fault === undefined) return;
      this.#refusals.addEnd(socket, PACKET_FAULT_WORDS[fault]);
      socket.destroy();
    });
    socket.on("error", () => {});
  }
}

/** Return codes of CONNACK (MQTT 3.1.1 §3.2.2.3). */
const SERVER_UNAVAILABLE = 3;
const BAD_CREDENTIALS = 4;

const NOT_PROVEN = "no such device, wrong password, or its time is over";

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
