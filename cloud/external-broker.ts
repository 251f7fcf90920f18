import { connectAsync, type MqttClient } from "mqtt";
import type { Broker } from "./broker.js";
import { CloudError } from "./types.js";

/**
 * The platform as a client of somebody else's broker. Who may connect is that broker's business then, and so is
 * everything it refuses; who has subscribed, and when a gateway's connection ends, cannot be known.
 */
export class ExternalBroker implements Broker {
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  /**
   * @param url `mqtt://[user:password@]host[:port]` or `mqtts://…`
   * @throws CloudError where the broker cannot be reached
   */
  static async connect(url: string, onPublish: (topic: string, payload: string) => void): Promise<ExternalBroker> {
    let client: MqttClient;
    try {
      client = await connectAsync(url, { reconnectPeriod: 1000, connectTimeout: 5000 }, false);
    } catch {
      throw new CloudError(`no broker at ${redact(url)}`);
    }
    client.on("message", (topic, payload) => onPublish(topic, payload.toString()));
    try {
      for (const filter of ["$ota/report/+/+", "$gateway/operation/+/+"]) {
        await client.subscribeAsync(filter, { qos: 1 });
      }
    } catch {
      await client.endAsync(true);
      throw new CloudError(`broker ${redact(url)} refuses the subscription`);
    }
    return new ExternalBroker(client);
  }

  publish(topic: string, payload: string): void {
    this.#client.publish(topic, payload, { qos: 0 });
  }

  isSubscribed(): boolean {
    return true;
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }
}

/** Without user and password. */
function redact(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
