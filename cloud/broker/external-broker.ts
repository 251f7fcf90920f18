import { connectAsync, type MqttClient } from "mqtt";
import { CloudError } from "../types.js";
import type { Broker } from "./broker.js";

const FILTERS = ["$ota/report/+/+", "$gateway/operation/+/+"];

/** For requests of the time. The broker may refuse it: no update needs it. */
const TIME_FILTER = "$sys/operation/+/+";

const RECONNECT_MS = 1000;
const CONNECT_TIMEOUT_MS = 5000;

export interface ExternalBrokerOptions {
  /** `mqtt://[user:password@]host[:port]` or `mqtts://…` */
  readonly url: string;
  /** The message is acknowledged once this has resolved. If it rejects, the connection is made anew. */
  onPublish(topic: string, payload: string): Promise<void>;
  /** Called with one line when the connection is lost and when it is back. */
  onConnection?(line: string): void;
}

/**
 * The platform as a client of another broker. That broker decides which clients may connect and what it refuses. The
 * platform cannot know which clients have subscribed, nor when a gateway's connection ends.
 */
export class ExternalBroker implements Broker {
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  /** @throws CloudError if the broker cannot be reached, or refuses the subscriptions */
  static async connect({ url, onPublish, onConnection }: ExternalBrokerOptions): Promise<ExternalBroker> {
    let client: MqttClient;
    try {
      const options = { reconnectPeriod: RECONNECT_MS, connectTimeout: CONNECT_TIMEOUT_MS };
      client = await connectAsync(url, options, false);
    } catch {
      throw new CloudError(`no broker at ${redact(url)}: start it, or correct its URL`);
    }
    // The library hands over one message at a time, and acknowledges it after the callback.
    client.handleMessage = (packet, callback) => {
      onPublish(packet.topic, packet.payload.toString()).then(
        () => callback(),
        (error: unknown) => callback(error as Error),
      );
    };
    watch(client, redact(url), onConnection);
    try {
      for (const filter of FILTERS) await client.subscribeAsync(filter, { qos: 1 });
    } catch {
      await client.endAsync(true);
      throw new CloudError(`broker ${redact(url)} refuses the subscription: allow this user to subscribe`);
    }
    await client.subscribeAsync(TIME_FILTER, { qos: 1 }).catch(() => {});
    return new ExternalBroker(client);
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  publish(topic: string, payload: string): void {
    // While the connection is lost, the library would keep every message until it is back.
    if (this.#client.connected) this.#client.publish(topic, payload, { qos: 0 });
  }

  isSubscribed(): boolean {
    return this.#client.connected;
  }

  async close(): Promise<void> {
    this.#client.removeAllListeners("close");
    await this.#client.endAsync(true);
  }
}

function watch(client: MqttClient, name: string, report: ((line: string) => void) | undefined): void {
  let lost = false;
  client.on("error", () => {});
  client.on("close", () => {
    if (!lost) report?.(`broker ${name} is lost: devices are not served until it is back`);
    lost = true;
  });
  client.on("connect", () => {
    if (lost) report?.(`broker ${name} is back`);
    lost = false;
  });
}

/** @returns the URL without user and password */
function redact(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
