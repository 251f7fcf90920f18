/** Types of packets by the upper half of the first byte: MQTT 3.1.1, 2.2.1. */
const TYPES = [
  "",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
];

/** Names the packets in a stream of MQTT, each when its last byte has come; a PUBLISH by its message's type. */
export class MqttNames {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Uint8Array): string[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const names: string[] = [];
    for (let end = endOf(this.#rest); end !== undefined; end = endOf(this.#rest)) {
      names.push(nameOf(this.#rest.subarray(0, end)));
      this.#rest = this.#rest.subarray(end);
    }
    return names;
  }
}

/** @returns the end of the first packet, `undefined` if it has not come whole */
function endOf(bytes: Buffer): number | undefined {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    const byte = bytes[at] as number;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return at + 1 + length <= bytes.length ? at + 1 + length : undefined;
  }
  return undefined;
}

function nameOf(packet: Buffer): string {
  const type = TYPES[(packet[0] as number) >> 4] ?? "?";
  if (type !== "PUBLISH") return type;
  const text = packet.toString("latin1");
  return /"type":\s*"([a-z_]+)"/.exec(text)?.[1] ?? "PUBLISH";
}
