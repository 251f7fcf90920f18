import type { OtaAgent } from "moddable-ota";
import type { Host } from "./host.js";
import { CALL, type MessageReader } from "./messages.js";

/** Publishes what the host says, and shows it what comes. */
export class ApplicationMessages {
  readonly #host: Host;
  readonly #agent: OtaAgent;

  constructor({ host, agent }: { host: Host; agent: OtaAgent }) {
    this.#host = host;
    this.#agent = agent;
  }

  publish(message: MessageReader): void {
    const [id, qos, topic] = [message.number(), message.number() === 1 ? 1 : 0, message.text()] as const;
    void this.#agent.mqtt
      .publish(topic, message.bytes(), { qos })
      .then((done) => this.#host.call(CALL.published, id, done ? 1 : 0));
  }

  subscribe(message: MessageReader): void {
    const filter = message.text();
    this.#agent.mqtt.subscribe(filter, ({ topic, payload }) =>
      this.#host.write(CALL.applicationMessage, payload, filter, topic),
    );
  }
}
