import type { Log } from "../../hal/ports/index.js";
import type { MqttSession } from "../mqtt/session.js";
import type { DeviceName } from "../protocol/identity.js";
import {
  deferralMessage,
  encodeBurning,
  encodeDownloading,
  encodeResult,
  encodeVersionReport,
  type Result,
} from "../protocol/messages.js";
import { reportTopic } from "../protocol/topics.js";

export interface ReporterOptions {
  readonly session: Pick<MqttSession, "publish">;
  readonly device: DeviceName;
  readonly log: Log;
  /** For a component: it is put before every version that is reported. */
  readonly versionPrefix?: string | undefined;
  /** Whether the platform's answers can reach us: the update topic is subscribed. */
  isOnline(): boolean;
}

/** Reports to the platform about one device. Each call returns at once; without a connection nothing is sent. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #topic: string;
  readonly #prefix: string;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#topic = reportTopic(options.device);
    this.#prefix = options.versionPrefix ?? "";
  }

  version(version: string, onAcknowledged: () => void): void {
    this.#publish(encodeVersionReport(this.#prefix + version), onAcknowledged);
  }

  /** QoS 0: if one is lost, the next one follows soon. */
  downloading(version: string, percent: number): void {
    this.#publish(encodeDownloading(this.#prefix + version, percent));
  }

  /** A person puts the update off. @param percent of the download that is there: 0 or 100 */
  deferred(version: string, percent: number, seconds: number): void {
    this.#publish(encodeDownloading(this.#prefix + version, percent, deferralMessage(seconds)), () => {});
  }

  burning(version: string, onAcknowledged: () => void): void {
    this.#publish(encodeBurning(this.#prefix + version), onAcknowledged);
  }

  /** @returns whether it was sent */
  result(version: string, result: Result, onAcknowledged: () => void): boolean {
    return this.#publish(encodeResult(this.#prefix + version, result), onAcknowledged);
  }

  #publish(payload: string, onAcknowledged?: () => void): boolean {
    const { session, log, isOnline } = this.#options;
    if (!isOnline()) return false;
    const sent = session.publish(this.#topic, payload, onAcknowledged);
    log("debug", "mqtt", () => `${sent ? "published" : "could not publish"} ${payload}`);
    return sent;
  }
}
