import { encodeUtf8 } from "../lib/utf8.js";

/**
 * MQTT 3.1.1 §3.10. It is not in the codec: a device without sub-devices never unsubscribes.
 *
 * @param filter one, of at most 123 bytes: the length of the packet fits one byte
 */
export function encodeUnsubscribe(packetId: number, filter: string): Uint8Array {
  const name = encodeUtf8(filter);
  const packet = new Uint8Array(6 + name.byteLength);
  packet.set([0xa2, 4 + name.byteLength, packetId >> 8, packetId & 0xff, 0, name.byteLength]);
  packet.set(name, 6);
  return packet;
}
