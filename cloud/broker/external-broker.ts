import { connect, type IPublishPacket, type MqttClient } from "mqtt";
import mqttPacket from "mqtt-packet";
import { CloudError } from "../types.js";
import type { Broker } from "./broker.js";
import { readBrokerUrl, withoutLogin } from "./broker-url.js";
import { type PresenceCall, readPresenceEvent } from "../hooks/calls.js";
import { Inbox } from "./inbox.js";
import { withinTime } from "../within-time.js";
import type { TopicList } from "./topic-rights.js";

const FILTERS = ["$ota/report/+/+", "$gateway/operation/+/+"];

/** For requests of the time. The broker may refuse it: no update needs it. */
const TIME_FILTER = "$sys/operation/+/+";

/** What a broker has to let the cloud publish and subscribe to. */
export const CLOUD_TOPICS: TopicList = {
  publish: ["$ota/update/+/+", "$gateway/operation/result/+/+", "$sys/operation/result/+/+"],
  subscribe: [...FILTERS, TIME_FILTER],
};

/** Where EMQX and RMQTT publish that a client has connected, or that its connection has ended. */
export const PRESENCE_FILTERS = ["$SYS/brokers/+/clients/+/connected", "$SYS/brokers/+/clients/+/disconnected"];

const RECONNECT_MS = 1000;
const CONNECT_TIMEOUT_MS = 5000;
const KEEPALIVE_SEC = 60;

/** The broker has this long to take the end of the connection. */
const END_MS = 2000;

/** The platform's longest payload. Another broker may let longer ones pass. */
const PAYLOAD_LIMIT_BYTES = 64 * 1024;

export interface ExternalBrokerOptions {
  /** `mqtt://[user:password@]host[:port]` or `mqtts://…` */
  readonly url: string;
  /**
   * Names the session that the broker keeps: it hands over later what has come, with QoS 1, while the cloud was away,
   * or was not acknowledged. A `clientId` in the URL's query is used instead.
   */
  readonly clientId: string;
  /** The message is acknowledged once this has resolved. */
  onPublish(topic: string, payload: string): Promise<void>;
  /** Whether a message that was rejected with this error is to be handled later; otherwise it is dropped. */
  mayRetry(error: unknown): boolean;
  /** Called with one line, which holds no payload, for a message that is dropped. */
  onDropped?(line: string): void;
  /** Called with one line when the connection is lost and when it is back. */
  onConnection?(line: string): void;
  /** Called for each event of a client, if the broker publishes them. Absent: they are not subscribed to. */
  onPresence?(call: PresenceCall): void;
  /** Default: 60. */
  readonly keepaliveSec?: number;
  /** Called when the connection is back: what was published shortly before it was lost may not have arrived. */
  onRestored?(): void;
}

/**
 * The platform as a client of another broker. That broker decides which clients may connect and what it refuses. The
 * platform cannot know which clients have subscribed, nor when a gateway's connection ends.
 */
export class ExternalBroker implements Broker {
  readonly #options: ExternalBrokerOptions;
  readonly #client: MqttClient;
  readonly #name: string;
  readonly #inbox: Inbox;
  #lostAtMs: number | undefined;
  /** It was reported that the broker refuses the subscriptions. */
  #isRefused = false;
  /** A message is read, and waits for room. */
  #isTaking = false;
  readonly #pinging: NodeJS.Timeout;

  private constructor(options: ExternalBrokerOptions, client: MqttClient) {
    const { keepaliveSec = KEEPALIVE_SEC } = options;
    this.#options = options;
    this.#client = client;
    this.#pinging = setInterval(() => this.#pingUnread(), (keepaliveSec * 1000) / 3).unref();
    this.#name = withoutLogin(options.url);
    this.#inbox = new Inbox({
      handle: (topic, payload) => options.onPublish(topic, payload),
      mayRetry: (error) => options.mayRetry(error),
      onDropped: (line) => options.onDropped?.(line),
    });
    // In the turn in which the connection begins: the broker may at once hand over what it has kept.
    client.handleMessage = (packet, callback) => {
      // The library would acknowledge after its callback, and hand over the next message only then. With an error it
      // only hands over the next one.
      void this.#take(packet).then(() => callback(packet.qos === 0 ? undefined : ACKNOWLEDGED_LATER));
    };
  }

  /** @throws CloudError if the URL is wrong, the broker cannot be reached, or it refuses the subscriptions */
  static async connect(options: ExternalBrokerOptions): Promise<ExternalBroker> {
    const { clientId, keepaliveSec = KEEPALIVE_SEC } = options;
    const { url, username, password } = readBrokerUrl(options.url);
    let client: MqttClient | undefined;
    let broker: ExternalBroker | undefined;
    let hasSession: boolean;
    try {
      client = connect(url, {
        clientId,
        ...(username === "" ? {} : { username }),
        ...(password === "" ? {} : { password }),
        clean: false,
        keepalive: keepaliveSec,
        reconnectPeriod: RECONNECT_MS,
        connectTimeout: CONNECT_TIMEOUT_MS,
        resubscribe: false,
      });
      broker = new ExternalBroker(options, client);
      hasSession = await firstConnection(client);
    } catch {
      client?.end(true);
      if (broker !== undefined) clearInterval(broker.#pinging);
      throw new CloudError(`no broker at ${withoutLogin(options.url)}: start it, or correct its URL`);
    }
    if (!hasSession && !(await broker.#subscribe())) {
      await broker.close();
      throw new CloudError(broker.#refusal);
    }
    broker.#watch();
    if (hasSession) void broker.#restore(true);
    return broker;
  }

  get isConnected(): boolean {
    return this.#client.connected && this.#lostAtMs === undefined;
  }

  /** Since when the connection is lost, in milliseconds since 1970; `undefined` while there is one. */
  get lostAtMs(): number | undefined {
    return this.#lostAtMs;
  }

  publish(topic: string, payload: string): void {
    // While the connection is lost, the library would keep every message until it is back.
    if (this.isConnected) this.#client.publish(topic, payload, { qos: 0 });
  }

  isSubscribed(): boolean {
    return this.isConnected;
  }

  async drain(timeoutMs: number): Promise<void> {
    await withinTime(this.#inbox.drain(), timeoutMs);
    clearInterval(this.#pinging);
    void this.#inbox.close();
    this.#client.removeAllListeners("close");
    // In order: what was acknowledged just now is still on its way to the broker.
    if (this.#client.connected) await withinTime(this.#client.endAsync(false), END_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#pinging);
    const handled = this.#inbox.close();
    this.#client.removeAllListeners("close");
    await this.#client.endAsync(true);
    await handled;
  }

  async #take({ topic, payload, qos, messageId }: IPublishPacket): Promise<void> {
    if (topic.startsWith("$SYS/")) {
      const call = readPresenceEvent(topic, payload.toString());
      if (call !== undefined) this.#options.onPresence?.(call);
      if (qos !== 0) this.#client.stream.write(mqttPacket.generate({ cmd: "puback", messageId: messageId ?? 0 }));
      return;
    }
    const { stream } = this.#client;
    const isStale = (): boolean => this.#client.stream !== stream || stream.destroyed;
    const acknowledge = (): void => {
      stream.write(mqttPacket.generate({ cmd: "puback", messageId: messageId ?? 0 }));
    };
    if (payload.length > PAYLOAD_LIMIT_BYTES) {
      this.#options.onDropped?.(`${topic} dropped: more than 64 KiB`);
      if (qos !== 0) acknowledge();
      return;
    }
    this.#isTaking = true;
    await this.#inbox.take({
      topic,
      payload: payload.toString(),
      acknowledge: qos === 0 ? undefined : acknowledge,
      isStale,
    });
    this.#isTaking = false;
  }

  /**
   * While a message waits for room nothing behind it is read, such as the answer to a ping, which the library would
   * miss. The broker sends as much as it likes: mosquitto 2.0.11 does not keep to its `max_inflight_messages`.
   */
  #pingUnread(): void {
    if (!this.#isTaking || !this.#client.connected) return;
    this.#client.sendPing();
    this.#client.reschedulePing(true);
  }

  #watch(): void {
    const onClose = (): void => {
      if (this.#lostAtMs !== undefined) return;
      this.#lostAtMs = Date.now();
      this.#options.onConnection?.(`broker ${this.#name} is lost: devices are not served until it is back`);
    };
    this.#client.on("close", onClose);
    this.#client.on("connect", ({ sessionPresent }) => void this.#restore(sessionPresent));
    if (!this.#client.connected) onClose();
  }

  /**
   * The broker may have lost the session, and with it the subscriptions. If it has not, all that it has kept comes
   * before its answer to a subscription, and devices are served meanwhile.
   */
  async #restore(hasSession: boolean): Promise<void> {
    const { stream } = this.#client;
    if (hasSession) this.#isBack();
    const isSubscribed = await this.#subscribe();
    if (this.#client.stream !== stream || stream.destroyed) return;
    if (isSubscribed) {
      this.#isRefused = false;
      this.#isBack();
      return;
    }
    this.#lostAtMs ??= Date.now();
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#options.onConnection?.(this.#refusal);
  }

  #isBack(): void {
    if (this.#lostAtMs === undefined) return;
    this.#lostAtMs = undefined;
    this.#options.onConnection?.(`broker ${this.#name} is back`);
    this.#options.onRestored?.();
  }

  /** @returns whether the broker has taken the subscriptions without which no update is possible */
  async #subscribe(): Promise<boolean> {
    try {
      const presence = this.#options.onPresence === undefined ? [] : PRESENCE_FILTERS;
      for (const filter of [...FILTERS, ...presence]) await this.#client.subscribeAsync(filter, { qos: 1 });
    } catch {
      return false;
    }
    await this.#client.subscribeAsync(TIME_FILTER, { qos: 1 }).catch(() => {});
    return true;
  }

  get #refusal(): string {
    return `broker ${this.#name} refuses the subscription: allow this user to subscribe`;
  }
}

const ACKNOWLEDGED_LATER = new Error("acknowledged later");

/** @returns whether the broker has a session of this client */
function firstConnection(client: MqttClient): Promise<boolean> {
  return new Promise((resolve, reject) => {
    client.once("connect", ({ sessionPresent }) => resolve(sessionPresent));
    client.once("close", () => reject(new Error("closed")));
    // It stays, so that a later error does not end the process.
    client.on("error", reject);
  });
}
