import type { Device } from "../../hal/ports/index.js";
import type { ResolvedConfig } from "./config.js";
import { OtaError } from "../errors.js";
import { randomText } from "../lib/jitter.js";
import { MqttSession } from "../mqtt/session.js";
import { createCredentials } from "../protocol/credentials.js";
import { decodeDownlink, type Offer, type VersionAnswer } from "../protocol/messages.js";
import { updateTopic } from "../protocol/topics.js";

/** What is done with what the platform sends. */
export interface PlatformHandler {
  /** Connected, and subscribed to the device's own topic. */
  onOnline(): void;
  onOffline(error: OtaError): void;
  onOffer(offer: Offer): void;
  /** An offer that names a version, but cannot be used. */
  onRefused(version: string, reason: string): void;
  onAnswer(answer: VersionAnswer): void;
  /** A message on another topic. @returns false if that was not subscribed */
  onOther(topic: string, payload: Uint8Array): boolean;
}

export interface PlatformSessionOptions {
  readonly device: Device;
  readonly config: ResolvedConfig;
  readonly handler: PlatformHandler;
}

/** Length of the id that tells one connection from another in the platform's logs. */
const CONNECTION_ID_LENGTH = 5;

/**
 * A session under the device's own name. It signs each connection anew, subscribes to the device's topic, and decodes
 * the messages that come there.
 */
export function platformSession(options: PlatformSessionOptions): MqttSession {
  const { device, config, handler } = options;
  const { identity, server, keepaliveSeconds } = config;
  const topic = updateTopic(identity);
  const session: MqttSession = new MqttSession({
    connector: device.connector,
    clock: device.clock,
    random: device.random,
    log: device.log,
    server,
    keepaliveSeconds,
    credentials: () =>
      createCredentials({
        name: identity,
        authentication: identity.authentication,
        connectionId: randomText(CONNECTION_ID_LENGTH, device.random),
        unixTime: device.clock.unixTime(),
        digests: device.digests,
      }),
    onOpen: () =>
      void session.subscribe(topic, (granted) => {
        if (granted) handler.onOnline();
        else session.drop(new OtaError("mqtt-refused", "broker refuses the subscription"));
      }),
    onClosed: (error) => handler.onOffline(error),
    onMessage(from, payload) {
      if (from !== topic) {
        if (!handler.onOther(from, payload)) {
          device.log("debug", "mqtt", () => "message on a topic that was not subscribed");
        }
        return;
      }
      const message = decodeDownlink(payload);
      switch (message.type) {
        case "offer": {
          const { offer, wrong } = message;
          if (wrong !== undefined) device.log("warn", "mqtt", () => `offer of ${offer.version}: ${wrong}`);
          handler.onOffer(offer);
          return;
        }
        case "version-answer":
          handler.onAnswer(message.answer);
          return;
        case "unknown":
          device.log("debug", "mqtt", () => `unknown message type ${message.name}`);
          return;
        case "malformed":
          device.log("warn", "mqtt", () => `message refused: ${message.reason}`);
          if (message.version !== undefined) handler.onRefused(message.version, message.reason);
          return;
      }
    },
  });
  return session;
}
