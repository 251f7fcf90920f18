import { createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";
import mqttPacket, { type Packet } from "mqtt-packet";

export interface RawConnectionOptions {
  readonly port: number;
  readonly productId: string;
  readonly deviceName: string;
  /** In base64. */
  readonly deviceSecret: string;
  /** Called for each message that arrives. */
  onMessage(payload: string): void;
  /** Called once, when the connection has ended. */
  onClosed(): void;
}

const ENDED = "the connection has ended";
const KEEPALIVE_SECONDS = 900;
/** Before 2038, as of a device without a clock. */
const EXPIRY = 2_147_483_647;

/**
 * A device's connection with nothing but packets on a socket: thousands of them fit into a process. It does not ping,
 * and is acknowledged in the order in which it has published.
 */
export class RawConnection {
  readonly #options: RawConnectionOptions;
  readonly #socket: Socket;
  readonly #parser = mqttPacket.parser();
  /** By packet id. */
  readonly #pending = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #lastId = 0;
  #closed = false;
  #accepted: { resolve(): void; reject(error: Error): void } | undefined;

  private constructor(options: RawConnectionOptions) {
    this.#options = options;
    this.#socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true });
    this.#parser.on("packet", (packet) => this.#onPacket(packet));
    this.#socket.on("data", (bytes) => this.#parser.parse(bytes));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#onClose());
  }

  /** Connects and subscribes to the device's updates. @throws Error if it is refused, or nobody listens */
  static async open(options: RawConnectionOptions): Promise<RawConnection> {
    const connection = new RawConnection(options);
    await new Promise<void>((resolve, reject) => {
      connection.#accepted = { resolve, reject };
      connection.#send(connectPacket(options));
    });
    const { productId, deviceName } = options;
    const messageId = connection.#nextId();
    await connection.#acknowledged(messageId, {
      cmd: "subscribe",
      messageId,
      subscriptions: [{ topic: `$ota/update/${productId}/${deviceName}`, qos: 0 }],
    } as Packet);
    return connection;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Reports with QoS 1. @returns once it was acknowledged @throws Error if the connection ended before */
  report(payload: string): Promise<void> {
    const { productId, deviceName } = this.#options;
    const messageId = this.#nextId();
    return this.#acknowledged(messageId, {
      cmd: "publish",
      topic: `$ota/report/${productId}/${deviceName}`,
      payload,
      qos: 1,
      messageId,
      dup: false,
      retain: false,
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #acknowledged(messageId: number, packet: Packet): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Error(ENDED));
        return;
      }
      this.#pending.set(messageId, { resolve, reject });
      this.#send(packet);
    });
  }

  #send(packet: Packet): void {
    this.#socket.write(mqttPacket.generate(packet));
  }

  #nextId(): number {
    this.#lastId = (this.#lastId % 0xffff) + 1;
    return this.#lastId;
  }

  #onPacket(packet: Packet): void {
    if (packet.cmd === "connack") {
      if (packet.returnCode === 0) this.#accepted?.resolve();
      else this.#accepted?.reject(new Error(`refused by code ${packet.returnCode}`));
    } else if (packet.cmd === "puback" || packet.cmd === "suback") {
      const id = packet.messageId ?? 0;
      this.#pending.get(id)?.resolve();
      this.#pending.delete(id);
    } else if (packet.cmd === "publish") {
      this.#options.onMessage(packet.payload.toString());
    }
  }

  #onClose(): void {
    this.#closed = true;
    const ended = new Error(ENDED);
    this.#accepted?.reject(ended);
    for (const { reject } of this.#pending.values()) reject(ended);
    this.#pending.clear();
    this.#options.onClosed();
  }
}

function connectPacket({ productId, deviceName, deviceSecret }: RawConnectionOptions): Packet {
  const clientId = productId + deviceName;
  const username = `${clientId};12010126;abcde;${EXPIRY}`;
  const digest = createHmac("sha256", Buffer.from(deviceSecret, "base64")).update(username).digest("hex");
  return {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive: KEEPALIVE_SECONDS,
    username,
    password: Buffer.from(`${digest};hmacsha256`),
  };
}
