import mqtt, { type IncomingPacket } from "mqtt-packet";
import { encodeUtf8 } from "../lib/utf8.js";

// Before the first packet: the cache is 65,536 buffers, more than an ESP32 has memory for.
mqtt.writeToStream.cacheNumbers = false;

/** Packets that a 3.1.1 client may receive from a broker that grants at most QoS 1. */
export type Received =
  | { readonly type: "connack"; readonly returnCode: number }
  | { readonly type: "suback"; readonly packetId: number; readonly granted: boolean }
  | { readonly type: "puback"; readonly packetId: number }
  | {
      readonly type: "publish";
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly packetId: number | undefined;
    }
  | { readonly type: "pingresp" | "unsuback" };

export interface MqttCredentials {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

export function encodeConnect(credentials: MqttCredentials, keepaliveSeconds: number): Uint8Array {
  return mqtt.generate({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: keepaliveSeconds,
    ...credentials,
  });
}

/** One filter per SUBSCRIBE: the platform takes no more. */
export function encodeSubscribe(packetId: number, filter: string): Uint8Array {
  return mqtt.generate({ cmd: "subscribe", messageId: packetId, subscriptions: [{ topic: filter, qos: 1 }] });
}

/** @param packetId absent: QoS 0; present: QoS 1 */
export function encodePublish(
  topic: string,
  payload: string,
  packetId: number | undefined,
  duplicate: boolean,
): Uint8Array {
  const qos = packetId === undefined ? 0 : 1;
  return mqtt.generate({
    cmd: "publish",
    topic,
    payload,
    qos,
    dup: duplicate,
    retain: false,
    messageId: packetId ?? 0,
  });
}

export function encodePuback(packetId: number): Uint8Array {
  return mqtt.generate({ cmd: "puback", messageId: packetId });
}

export function encodePingreq(): Uint8Array {
  return mqtt.generate({ cmd: "pingreq" });
}

export function encodeDisconnect(): Uint8Array {
  return mqtt.generate({ cmd: "disconnect" });
}

/** Bytes that the remaining length of a packet takes at most. */
const LENGTH_BYTES = 4;

export interface PacketReaderOptions {
  /** Longest remaining length accepted, in bytes. */
  readonly maxLength: number;
  onPacket(packet: Received): void;
  /** The bytes break the protocol; nothing comes after this. */
  onError(reason: string): void;
}

/**
 * Turns the stream of bytes into packets. mqtt-packet gathers a whole packet before it looks at it, so the length is
 * looked at here first. After an error the reader is spent: the connection must be closed ([MQTT-4.8.0-1]).
 */
export class PacketReader {
  readonly #options: PacketReaderOptions;
  readonly #parser = mqtt.parser({ protocolVersion: 4 });
  /** What the parser found in the bytes of one push, in order. */
  readonly #parsed: (IncomingPacket | Error)[] = [];
  /** Where in a packet the next byte is: its type, its length, or this many bytes before its end. */
  #place: "type" | "length" | number = "type";
  #length = 0;
  #lengthCount = 0;
  #failed = false;

  constructor(options: PacketReaderOptions) {
    this.#options = options;
    this.#parser.on("packet", (packet) => this.#parsed.push(packet));
    this.#parser.on("error", (error) => this.#parsed.push(error));
  }

  /** @param bytes are kept: hand over a copy */
  push(bytes: Uint8Array): void {
    if (this.#failed) return;
    const good = this.#measure(bytes);
    if (good > 0) this.#parse(bytes.subarray(0, good));
    for (const found of this.#parsed.splice(0)) {
      if (this.#failed) return;
      // This is not a method of its own, to save stack: it is deepest in what follows from a packet.
      const received = found instanceof Error ? found.message : convert(found);
      if (typeof received === "string") this.#fail(received);
      else this.#options.onPacket(received);
    }
    if (good < bytes.byteLength) this.#fail(`packet of more than ${this.#options.maxLength} bytes`);
  }

  #parse(bytes: Uint8Array): void {
    try {
      this.#parser.parse(bytes);
    } catch (error) {
      this.#parsed.push(error instanceof Error ? error : new Error("malformed packet"));
    }
  }

  /** Follows packet boundaries. @returns how many of the bytes come before a packet that is too long */
  #measure(bytes: Uint8Array): number {
    let start = 0;
    for (let index = 0; index < bytes.byteLength; ) {
      if (typeof this.#place === "number") {
        const count = Math.min(this.#place, bytes.byteLength - index);
        index += count;
        this.#place = this.#place === count ? "type" : this.#place - count;
        continue;
      }
      const byte = bytes[index++] as number;
      if (this.#place === "type") {
        start = index - 1;
        this.#place = "length";
        this.#length = 0;
        this.#lengthCount = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthCount++;
      if (this.#length > this.#options.maxLength || this.#lengthCount > LENGTH_BYTES) return start;
      if (byte < 0x80) this.#place = this.#length === 0 ? "type" : this.#length;
    }
    return bytes.byteLength;
  }

  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onError(reason);
  }
}

/** @returns what is wrong, if a broker must not send this packet to us */
function convert(packet: IncomingPacket): Received | string {
  const { cmd, messageId: packetId = 0, topic = "", payload, qos = 0 } = packet;
  if (packet.length !== lengthOf(packet)) return `malformed ${cmd}`;
  switch (cmd) {
    case "connack":
      return { type: "connack", returnCode: packet.returnCode ?? -1 };
    case "suback":
      if (packetId === 0) return "suback without an id";
      return { type: "suback", packetId, granted: packet.granted?.length === 1 && qosOf(packet.granted[0]) <= 1 };
    case "puback":
      return packetId === 0 ? "puback without an id" : { type: "puback", packetId };
    case "pingresp":
    case "unsuback":
      return { type: cmd };
    case "publish":
      if (qos > 1) return "QoS 2, which was never granted";
      if (qos === 1 && packetId === 0) return "publish without an id";
      if (payload === undefined || typeof payload === "string") return "publish without a payload";
      return { type: "publish", topic, payload, packetId: qos === 1 ? packetId : undefined };
    default:
      return `${cmd} from a broker`;
  }
}

/**
 * The remaining length that the fields of a packet add up to: the parser would take what is missing from the next one.
 */
function lengthOf({ cmd, length, granted, topic = "", payload, qos }: IncomingPacket): number {
  switch (cmd) {
    case "connack":
    case "puback":
    case "unsuback":
      return 2;
    case "suback":
      return 2 + Math.max(1, granted?.length ?? 0);
    case "pingresp":
      return 0;
    case "publish":
      return 2 + encodeUtf8(topic).byteLength + (qos === 0 ? 0 : 2) + (payload?.length ?? 0);
    default:
      return length;
  }
}

function qosOf(granted: number | { qos: number } | undefined): number {
  return typeof granted === "number" ? granted : (granted?.qos ?? 128);
}
