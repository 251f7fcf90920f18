/** MQTT 3.1.1 packets as a broker sends them, put together by hand and not by the library that is under test. */

export function packet(firstByte: number, body: readonly number[] | Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = body.length;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    length.push(rest > 0 ? digit | 0x80 : digit);
  } while (rest > 0);
  return Uint8Array.from([firstByte, ...length, ...body]);
}

export function connack(returnCode = 0): Uint8Array {
  return packet(0x20, [0, returnCode]);
}

export function suback(packetId: number, ...granted: number[]): Uint8Array {
  return packet(0x90, [packetId >> 8, packetId & 0xff, ...granted]);
}

export function puback(packetId: number): Uint8Array {
  return packet(0x40, [packetId >> 8, packetId & 0xff]);
}

export function unsuback(packetId: number): Uint8Array {
  return packet(0xb0, [packetId >> 8, packetId & 0xff]);
}

/** @param packetId absent: QoS 0 */
export function publish(topic: string, payload: string | Uint8Array, packetId?: number): Uint8Array {
  const name = Buffer.from(topic);
  const id = packetId === undefined ? [] : [packetId >> 8, packetId & 0xff];
  const body = [name.byteLength >> 8, name.byteLength & 0xff, ...name, ...id, ...Buffer.from(payload)];
  return packet(packetId === undefined ? 0x30 : 0x32, body);
}

export const PINGRESP = Uint8Array.of(0xd0, 0);

/** A packet that a client sent, decoded. */
export interface Sent {
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

/** Decodes a client's bytes. @throws Error if they do not end with a packet */
export function sentPackets(bytes: Uint8Array): Sent[] {
  const packets: Sent[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const first = bytes[at++] as number;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const digit = bytes[at++];
      if (digit === undefined || shift > 21) throw new Error("no whole packet");
      length |= (digit & 0x7f) << shift;
      if (digit < 0x80) break;
    }
    if (at + length > bytes.byteLength) throw new Error("no whole packet");
    packets.push({ type: first >> 4, flags: first & 15, body: bytes.slice(at, at + length) });
    at += length;
  }
  return packets;
}

export function joined(...packets: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(packets));
}
