import mqtt, { type IncomingPacket } from "mqtt-packet";

// Before the first packet: the cache is 65,536 buffers, more than an ESP32 has memory for.
mqtt.writeToStream.cacheNumbers = false;

/** Packets that a 3.1.1 client may receive from a broker that grants at most QoS 1. */
export type Received =
  | { readonly type: "connack"; readonly returnCode: number }
  | { readonly type: "suback"; readonly packetId: number; readonly granted: boolean }
  | { readonly type: "puback"; readonly packetId: number }
  | { readonly type: "publish"; readonly topic: string; readonly payload: Uint8Array; readonly packetId: number | undefined }
  | { readonly type: "pingresp" };

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
export function encodePublish(topic: string, payload: string, packetId: number | undefined, duplicate: boolean): Uint8Array {
  const qos = packetId === undefined ? 0 : 1;
  return mqtt.generate({ cmd: "publish", topic, payload, qos, dup: duplicate, retain: false, messageId: packetId ?? 0 });
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

/** Bytes of an MQTT fixed header at most: the type and four of the remaining length. */
const LENGTH_BYTES = 4;

/**
 * Turns the stream of bytes into packets. mqtt-packet gathers a whole packet before it looks at it, so the length is
 * looked at here first. After an error the reader is spent: the connection must be closed ([MQTT-4.8.0-1]).
 */
export class PacketReader {
  readonly #maxLength: number;
  readonly #onPacket: (packet: Received) => void;
  readonly #onError: (reason: string) => void;
  readonly #parser = mqtt.parser({ protocolVersion: 4 });
  /** Bytes of the current packet's body still to come; -1 in the type byte, -2 in the length. */
  #remaining = -1;
  #length = 0;
  #lengthCount = 0;
  #failed = false;

  /** @param options.maxLength longest remaining length accepted, in bytes */
  constructor(options: { maxLength: number; onPacket(packet: Received): void; onError(reason: string): void }) {
    this.#maxLength = options.maxLength;
    this.#onPacket = options.onPacket;
    this.#onError = options.onError;
    this.#parser.on("packet", (packet) => {
      if (this.#failed) return;
      const received = convert(packet);
      if (typeof received === "string") this.#fail(received);
      else this.#onPacket(received);
    });
    this.#parser.on("error", (error) => this.#fail(error.message));
  }

  /** @param bytes are kept: hand over a copy */
  push(bytes: Uint8Array): void {
    if (this.#failed || !this.#measure(bytes)) return;
    try {
      this.#parser.parse(bytes);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : "parser failed");
    }
  }

  /** Follows packet boundaries. @returns false where a packet is too long */
  #measure(bytes: Uint8Array): boolean {
    for (let index = 0; index < bytes.byteLength; ) {
      if (this.#remaining > 0) {
        const count = Math.min(this.#remaining, bytes.byteLength - index);
        this.#remaining -= count;
        index += count;
        if (this.#remaining === 0) this.#remaining = -1;
        continue;
      }
      const byte = bytes[index++] as number;
      if (this.#remaining === -1) {
        this.#remaining = -2;
        this.#length = 0;
        this.#lengthCount = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthCount++;
      if (this.#length > this.#maxLength || this.#lengthCount > LENGTH_BYTES) {
        this.#fail(`packet of more than ${this.#maxLength} bytes`);
        return false;
      }
      if (byte < 0x80) this.#remaining = this.#length === 0 ? -1 : this.#length;
    }
    return true;
  }

  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onError(reason);
  }
}

/** @returns what is wrong, where a broker must not send this packet to us */
function convert(packet: IncomingPacket): Received | string {
  const packetId = packet.messageId ?? 0;
  switch (packet.cmd) {
    case "connack":
      return { type: "connack", returnCode: packet.returnCode ?? -1 };
    case "suback":
      return { type: "suback", packetId, granted: packet.granted?.length === 1 && qosOf(packet.granted[0]) <= 1 };
    case "puback":
      return { type: "puback", packetId };
    case "pingresp":
      return { type: "pingresp" };
    case "publish": {
      const { topic = "", payload, qos = 0 } = packet;
      if (qos > 1) return "QoS 2, which was never granted";
      if (payload === undefined || typeof payload === "string") return "publish without a payload";
      return { type: "publish", topic, payload, packetId: qos === 1 ? packetId : undefined };
    }
    default:
      return `${packet.cmd} from a broker`;
  }
}

function qosOf(granted: number | { qos: number } | undefined): number {
  return typeof granted === "number" ? granted : (granted?.qos ?? 128);
}
