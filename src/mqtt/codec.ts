import mqtt, { type IncomingPacket } from "mqtt-packet";
import { encodeUtf8 } from "../lib/utf8.js";

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
  /** A publish longer than what is accepted: nothing of it was kept. */
  | { readonly type: "skipped"; readonly byteLength: number; readonly packetId: number | undefined }
  | { readonly type: "pingresp" | "unsuback" };

export interface MqttCredentials {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

/**
 * A clean session without a will.
 *
 * @param credentials each of at most 65,535 bytes
 * @param keepaliveSeconds 0 (none) to 65,535 (MQTT 3.1.1 §3.1.2.10)
 */
export function encodeConnect(credentials: MqttCredentials, keepaliveSeconds: number): Uint8Array {
  const { clientId, username, password } = credentials;
  // Protocol level 4; flags for a user name, a password and a clean session (MQTT 3.1.1 §3.1.2.3).
  return assemble(0x10, "MQTT", [4, 0xc2], sixteenBits(keepaliveSeconds), clientId, username, password);
}

/** One filter per SUBSCRIBE: the platform takes no more. */
export function encodeSubscribe(packetId: number, filter: string): Uint8Array {
  return assemble(0x82, sixteenBits(packetId), filter, [1]);
}

export function encodeUnsubscribe(packetId: number, filter: string): Uint8Array {
  return assemble(0xa2, sixteenBits(packetId), filter);
}

/** @param packetId absent: QoS 0; present: QoS 1 */
export function encodePublish(
  topic: string,
  payload: string | Uint8Array,
  packetId: number | undefined,
  duplicate: boolean,
): Uint8Array {
  const content = typeof payload === "string" ? encodeUtf8(payload) : payload;
  const [qos, id] = packetId === undefined ? [0, []] : [2, sixteenBits(packetId)];
  return assemble(0x30 | qos | (duplicate ? 8 : 0), topic, id, content);
}

export function encodePuback(packetId: number): Uint8Array {
  return assemble(0x40, sixteenBits(packetId));
}

export function encodePingreq(): Uint8Array {
  return assemble(0xc0);
}

export function encodeDisconnect(): Uint8Array {
  return assemble(0xe0);
}

function sixteenBits(value: number): number[] {
  return [value >> 8, value & 0xff];
}

/**
 * @param fields bytes as they are, and texts, each of which gets its length before it (MQTT 3.1.1 §1.5.3)
 * @returns a packet: its first byte, its remaining length (§2.2.3), and the fields
 */
function assemble(first: number, ...fields: readonly (string | ArrayLike<number>)[]): Uint8Array {
  const head = [first];
  const pieces: ArrayLike<number>[] = [head];
  let length = 0;
  for (const field of fields) {
    const bytes = typeof field === "string" ? encodeUtf8(field) : field;
    if (typeof field === "string") {
      pieces.push(sixteenBits(bytes.length));
      length += 2;
    }
    pieces.push(bytes);
    length += bytes.length;
  }
  let rest = length;
  for (; rest > 0x7f; rest >>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  const packet = new Uint8Array(head.length + length);
  let at = 0;
  for (const piece of pieces) {
    packet.set(piece, at);
    at += piece.length;
  }
  return packet;
}

/** Bytes that the remaining length of a packet takes at most. */
const LENGTH_BYTES = 4;
/** The first half of a packet's first byte. */
const PUBLISH = 3;

export interface PacketReaderOptions {
  /** Longest remaining length accepted, in bytes. */
  readonly maxLength: number;
  onPacket(packet: Received): void;
  /** The bytes break the protocol; nothing comes after this. */
  onError(reason: string): void;
}

/**
 * Turns the stream of bytes into packets. The parser would join each piece of a packet to those before it. Here each
 * packet is gathered once, in a buffer of its length. A publish that is too long is passed over as it comes. After an
 * error the reader is spent: the connection must be closed ([MQTT-4.8.0-1]).
 */
export class PacketReader {
  readonly #options: PacketReaderOptions;
  readonly #parser = mqtt.parser({ protocolVersion: 4 });
  /** What the bytes up to the end of the newest packet turned out to be. */
  #found: IncomingPacket | Received | Error | undefined;
  /** The first byte and the length of a packet, as they came. */
  readonly #head = new Uint8Array(1 + LENGTH_BYTES);
  #headLength = 0;
  /** Remaining length. */
  #length = 0;
  /** Bytes of it that have not come yet. */
  #left = 0;
  /** Absent while a publish is passed over. */
  #packet: Uint8Array | undefined;
  /** The publish that is passed over: the length of its topic, and its packet id. */
  #topicLength = 0;
  #packetId = 0;
  #failed = false;

  constructor(options: PacketReaderOptions) {
    this.#options = options;
    this.#parser.on("packet", (packet) => (this.#found = packet));
    this.#parser.on("error", (error) => (this.#found = error));
  }

  /** @param bytes are copied: they may be overwritten afterwards */
  push(bytes: Uint8Array): void {
    // A packet is told before the next one is made: many short ones would take much memory together.
    for (let at = 0; at < bytes.byteLength && !this.#failed; ) {
      at = this.#cut(bytes, at);
      const found = this.#found;
      if (found === undefined) return;
      this.#found = undefined;
      // This is not a method of its own, to save stack: it is deepest in what follows from a packet.
      const received = found instanceof Error ? found.message : "type" in found ? found : convert(found);
      if (typeof received === "string") {
        this.#failed = true;
        this.#options.onError(received);
      } else {
        this.#options.onPacket(received);
      }
    }
  }

  /** Follows the stream to the end of a packet, or of the bytes. @returns where that is */
  #cut(bytes: Uint8Array, index: number): number {
    while (index < bytes.byteLength && this.#found === undefined) {
      if (this.#left > 0) {
        const piece = bytes.subarray(index, index + this.#left);
        if (this.#packet === undefined) this.#pass(piece);
        else this.#packet.set(piece, this.#packet.byteLength - this.#left);
        index += piece.byteLength;
        this.#left -= piece.byteLength;
        if (this.#left === 0) this.#end();
        continue;
      }
      const byte = bytes[index++] as number;
      this.#head[this.#headLength++] = byte;
      if (this.#headLength === 1) {
        this.#length = 0;
        // CONNACK, PUBACK, SUBACK, UNSUBACK, PINGRESP: what is none of them may say that it goes on for long.
        const isKnown = byte >> 4 === PUBLISH || [0x20, 0x40, 0x90, 0xb0, 0xd0].includes(byte);
        if (!isKnown) this.#found = new Error("no packet that a broker sends");
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** (this.#headLength - 2);
      if (byte < 0x80) this.#begin();
      else if (this.#headLength > LENGTH_BYTES) this.#found = new Error("malformed remaining length");
    }
    return index;
  }

  /** The head of a packet is there. */
  #begin(): void {
    const first = this.#head[0] as number;
    this.#left = this.#length;
    this.#packet = undefined;
    if (this.#length <= this.#options.maxLength) {
      this.#packet = new Uint8Array(this.#headLength + this.#length);
      this.#packet.set(this.#head.subarray(0, this.#headLength));
      if (this.#length === 0) this.#end();
    } else if (first >> 4 === PUBLISH && (first & 6) <= 2) {
      this.#topicLength = 0;
      this.#packetId = 0;
    } else {
      this.#found = new Error(`packet of more than ${this.#options.maxLength} bytes`);
    }
    this.#headLength = 0;
  }

  /** Passes over a piece of a publish, but for the packet id, which comes behind the topic. */
  #pass(piece: Uint8Array): void {
    const at = this.#length - this.#left;
    for (let index = 0; index < piece.byteLength && at + index < 4 + this.#topicLength; index++) {
      const byte = piece[index] as number;
      if (at + index < 2) this.#topicLength = this.#topicLength * 0x100 + byte;
      else if (at + index >= 2 + this.#topicLength) this.#packetId = this.#packetId * 0x100 + byte;
    }
  }

  #end(): void {
    const first = this.#head[0] as number;
    const packet = this.#packet;
    if (packet === undefined) {
      const packetId = (first & 6) === 0 ? undefined : this.#packetId;
      const least = 2 + this.#topicLength + (packetId === undefined ? 0 : 2);
      const skipped = { type: "skipped", byteLength: this.#length, packetId } as const;
      this.#found = packetId === 0 || this.#length < least ? new Error("malformed publish") : skipped;
      return;
    }
    this.#packet = undefined;
    // The first byte of the length of the topic: that of every topic of the platform fits in the second.
    if (first >> 4 === PUBLISH && (packet[packet.byteLength - this.#length] ?? 0) > 0) {
      this.#found = new Error("topic of more than 255 bytes");
      return;
    }
    try {
      this.#parser.parse(packet);
    } catch (error) {
      this.#found = error instanceof Error ? error : new Error("malformed packet");
    }
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
