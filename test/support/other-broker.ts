import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Aedes, type AedesPublishPacket, type Client } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";

/** A broker that is not the cloud's own, in this process. */
export class OtherBroker {
  readonly aedes: Aedes;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Payloads of those that the cloud has acknowledged, in that order. */
  readonly acknowledged: string[] = [];

  private constructor(aedes: Aedes) {
    this.aedes = aedes;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    aedes.on("ack", (packet, client) => {
      const payload = (packet as Partial<AedesPublishPacket> | undefined)?.payload;
      if (isCloud(client) && payload !== undefined) this.acknowledged.push(payload.toString());
    });
  }

  static async start(): Promise<OtherBroker> {
    const broker = new OtherBroker(await Aedes.createBroker());
    await new Promise<void>((resolve) => broker.#server.listen(0, "127.0.0.1", resolve));
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  client(clientId: string): Promise<MqttClient> {
    return connectAsync(this.url, { clientId, reconnectPeriod: 0 }, false);
  }

  /** Cuts the connection of the cloud alone. */
  cutCloud(): void {
    for (const client of Object.values((this.aedes as unknown as { clients: Record<string, Client> }).clients)) {
      if (isCloud(client)) client.conn.destroy();
    }
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.aedes.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function isCloud({ id }: Client): boolean {
  return id.startsWith("otacloud");
}
