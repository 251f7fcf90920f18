/** Control packet type of SUBSCRIBE (MQTT 3.1.1 §2.2.1). */
const SUBSCRIBE = 8;

/** Most bytes of a SUBSCRIBE that are kept to count its filters: two filters of the longest topic fit. */
const SUBSCRIBE_KEPT = 1024;

export type PacketFault =
  /** A client that is not authenticated has sent more than it may. */
  | "unproven"
  /** A packet is longer than the platform accepts. */
  | "too-long"
  /** A SUBSCRIBE has more than one filter. */
  | "many-filters"
  /** The remaining length has more than four bytes [MQTT-2.2.3]. */
  | "malformed";

export interface PacketLimits {
  /** Bytes that a client may send before its CONNECT was accepted. */
  readonly unprovenBytes: number;
  /** Bytes of a packet behind its fixed header. */
  readonly packetBytes: number;
}

/**
 * Looks at the bytes of one connection before the broker does. It follows the packets by their fixed headers and keeps
 * nothing of them, but for the SUBSCRIBE whose filters it counts: the broker asks about one filter at a time.
 */
export class PacketGate {
  readonly #limits: PacketLimits;
  #proven = false;
  #received = 0;
  /** Where the gate is: in a fixed header's first byte, in its length, or in the rest of the packet. */
  #at: "type" | "length" | "rest" = "type";
  #type = 0;
  #length = 0;
  #shift = 0;
  #left = 0;
  #subscribe: number[] = [];

  constructor(limits: PacketLimits) {
    this.#limits = limits;
  }

  /** The client's CONNECT was accepted. */
  prove(): void {
    this.#proven = true;
  }

  /** @returns what is wrong, if anything is: the connection must end then */
  take(bytes: Uint8Array): PacketFault | undefined {
    this.#received += bytes.byteLength;
    if (!this.#proven && this.#received > this.#limits.unprovenBytes) return "unproven";
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.#at === "rest") {
        const count = Math.min(this.#left, bytes.byteLength - at);
        if (this.#type === SUBSCRIBE) this.#keep(bytes.subarray(at, at + count));
        at += count;
        this.#left -= count;
      } else {
        const fault = this.#header(bytes[at] as number);
        if (fault !== undefined) return fault;
        at++;
      }
      if (this.#at === "rest" && this.#left === 0) {
        if (this.#type === SUBSCRIBE && countFilters(this.#subscribe) > 1) return "many-filters";
        this.#at = "type";
      }
    }
    return undefined;
  }

  #header(byte: number): PacketFault | undefined {
    if (this.#at === "type") {
      this.#type = byte >> 4;
      this.#length = 0;
      this.#shift = 0;
      this.#subscribe = [];
      this.#at = "length";
      return undefined;
    }
    this.#length += (byte & 0x7f) << this.#shift;
    this.#shift += 7;
    if (byte < 0x80) {
      this.#left = this.#length;
      this.#at = "rest";
      return this.#length > this.#limits.packetBytes ? "too-long" : undefined;
    }
    return this.#shift > 21 ? "malformed" : undefined;
  }

  #keep(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#subscribe.length === SUBSCRIBE_KEPT) return;
      this.#subscribe.push(byte);
    }
  }
}

/** @param rest what follows the fixed header of a SUBSCRIBE: packet id, then filters with their QoS (§3.8.3) */
function countFilters(rest: readonly number[]): number {
  let count = 0;
  for (let at = 2; at + 2 <= rest.length; count++) {
    at += 2 + (((rest[at] as number) << 8) | (rest[at + 1] as number)) + 1;
  }
  return count;
}
