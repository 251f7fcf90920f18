import type { Log } from "../../hal/ports/index.js";
import type { MqttSession } from "../mqtt/session.js";
import type { DeviceName } from "../protocol/identity.js";
import { encodeBurning, encodeDownloading, encodeResult, encodeVersionReport, type Result } from "../protocol/messages.js";
import { reportTopic } from "../protocol/topics.js";

/** What is said to the platform about one device. Each call returns at once; without a connection nothing is said. */
export class Reporter {
  readonly #session: Pick<MqttSession, "publish">;
  readonly #topic: string;
  readonly #log: Log;
  readonly #prefix: string;
  /** Whether the platform's answers can reach us: set once the update topic is subscribed. */
  online = false;

  /** @param options.versionPrefix of a component: before every version that is said */
  constructor(options: { session: Pick<MqttSession, "publish">; device: DeviceName; log: Log; versionPrefix?: string }) {
    this.#session = options.session;
    this.#topic = reportTopic(options.device);
    this.#log = options.log;
    this.#prefix = options.versionPrefix ?? "";
  }

  version(version: string, onAcknowledged: () => void): void {
    this.#publish(encodeVersionReport(this.#prefix + version), onAcknowledged);
  }

  /** QoS 0: the next one makes up for a lost one. */
  downloading(version: string, percent: number): void {
    this.#publish(encodeDownloading(this.#prefix + version, percent));
  }

  burning(version: string, onAcknowledged: () => void): void {
    this.#publish(encodeBurning(this.#prefix + version), onAcknowledged);
  }

  result(version: string, result: Result, onAcknowledged: () => void): void {
    this.#publish(encodeResult(this.#prefix + version, result), onAcknowledged);
  }

  #publish(payload: string, onAcknowledged?: () => void): void {
    if (!this.online) return;
    const sent = this.#session.publish(this.#topic, payload, onAcknowledged);
    this.#log("debug", "mqtt", () => `${sent ? "published" : "could not publish"} ${payload}`);
  }
}
