import { connectAsync, type MqttClient } from "mqtt";
import type { Broker } from "./broker.js";
import { CloudError } from "./types.js";

/**
 * The platform as a client of another broker. That broker decides which clients may connect and what it refuses. The
 * platform cannot know which clients have subscribed, nor when a gateway's connection ends.
 */
export class ExternalBroker implements Broker {
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  /**
   * @param url `mqtt://[user:password@]host[:port]` or `mqtts://…`
   * @throws CloudError if the broker cannot be reached
   */
  static async connect(url: string, onPublish: (topic: string, payload: string) => void): Promise<ExternalBroker> {
    let client: MqttClient;
    try {
      client = await connectAsync(url, { reconnectPeriod: 1000, connectTimeout: 5000 }, false);
    } catch {
      throw new CloudError(`no broker at ${redact(url)}: start it, or correct its URL`);
    }
    client.on("message", (topic, payload) => onPublish(topic, payload.toString()));
    try {
      for (const filter of ["$ota/report/+/+", "$gateway/operation/+/+"]) {
        await client.subscribeAsync(filter, { qos: 1 });
      }
    } catch {
      await client.endAsync(true);
      throw new CloudError(`broker ${redact(url)} refuses the subscription: allow this user to subscribe`);
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

/** @returns the URL without user and password */
function redact(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
