/**
 * A message between the engine and its host: one byte with its code, then fields in the order that the tables below
 * give. Both sides share this file, so it uses nothing of Node.
 *
 * | field | bytes |
 * |---|---|
 * | number | 8, IEEE 754 double, little endian |
 * | text | 4, count of UTF-16 code units as above in 32 bits; then 2 for each unit |
 * | bytes | 4, their count; then themselves |
 *
 * A field that may be missing, written `x?`, is the last one. `id` is a number that the engine chose, `handle` one that
 * the host chose.
 */
export type Field = number | string | Uint8Array;

/** Calls from the engine, which waits for the answer: `arguments -> result`. */
export const CALL = Object.freeze({
  /** text path, text mode -> number handle */
  flashOpen: 1,
  /** number handle -> number size, number blockLength, number blocks */
  flashStatus: 2,
  /** number handle, number byteLength, number byteOffset -> bytes */
  flashRead: 3,
  /** number handle, number byteOffset, bytes */
  flashWrite: 4,
  /** number handle, number start, number end */
  flashEraseBlock: 5,
  /** number handle */
  flashClose: 6,
  /** text path, text mode -> number handle */
  keyValueOpen: 7,
  /** number handle, text key -> bytes? */
  keyValueRead: 8,
  /** number handle, text key, bytes */
  keyValueWrite: 9,
  /** number handle, text key */
  keyValueDelete: 10,
  /** number handle */
  keyValueClose: 11,
  /** text algorithm -> number handle */
  digestOpen: 12,
  /** number handle, bytes */
  digestWrite: 13,
  /** number handle -> bytes */
  digestClose: 14,
  /** number id, number delayMs */
  timerSet: 15,
  /** number id */
  timerClear: 16,
  /** -> number ticks */
  ticks: 17,
  /** number id, text address, number port, number nodelay (0 or 1) */
  tcpOpen: 18,
  /**
   * number id, text address, number port, number nodelay, text host, bytes authority, bytes clientKey, bytes
   * clientCertificate; empty bytes are none
   */
  tlsOpen: 19,
  /** number id, number byteLength -> bytes */
  socketRead: 20,
  /** number id, bytes -> number room? */
  socketWrite: 21,
  /** number id */
  socketClose: 22,
  /** -> text slot */
  runningSlot: 23,
  /** -> text slot */
  targetSlot: 24,
  /** text slot -> text state? */
  imageState: 25,
  /** text slot -> text version? */
  imageVersion: 26,
  /** -> number */
  chipId: 27,
  forgetTarget: 28,
  setPending: 29,
  confirm: 30,
  revert: 31,
  /** This call has no answer, because the engine ends. */
  restart: 32,
  /** number id, text host */
  resolve: 33,
  /** number byteLength -> bytes */
  randomFill: 34,
  /** -> number seconds? */
  unixTime: 35,
  /** text level, text area, text message */
  log: 36,
  /** text name, text JSON of an event of the agent's */
  agentEvent: 37,
  /** number index of a sub-device -> text version? */
  subDeviceVersion: 38,
  /** number index, text md5, number byteOffset, bytes -> number taken (0 or 1) */
  subDeviceWrite: 39,
  /** number index, text version, text md5, number size -> text reason? */
  subDeviceFinish: 40,
  /** -> number? */
  batteryPercent: 41,
  /** -> number? */
  signalDbm: 42,
  /** number id */
  selfTest: 43,
  /** number id of the message, number done (0 or 1) */
  published: 44,
  /** text filter, text topic, bytes payload */
  applicationMessage: 45,
  /** number id, number count, text error: a `bind` or `describe` is settled; an error's code, or empty */
  settled: 46,
  /** text deviceSecret, text error: the board has registered itself, or could not; one of them is empty */
  registered: 47,
  /** text slot -> number? */
  secureVersion: 48,
  /** bytes publicKey, bytes message, bytes signature -> number (0 or 1) */
  verifyP256: 49,
});

/** The host's answer to a call. */
export const ANSWER = Object.freeze({
  /** the fields of the result */
  returned: 0,
  /** text message of the exception */
  thrown: 1,
});

/**
 * Commands from the host, one at a time: `arguments -> reply`. Every reply is empty or one text, the name of the
 * agent's state.
 */
export const COMMAND = Object.freeze({
  /** text JSON of `Setup` with its bytes taken out, then those bytes in order -> text state */
  create: 1,
  /** -> text state */
  start: 2,
  /** -> text state */
  stop: 3,
  /** number id */
  timerFired: 4,
  /** number id, text host, text address? */
  resolved: 5,
  /** number id, number count */
  readable: 6,
  /** number id, number count */
  writable: 7,
  /** number id: `onError` */
  ended: 8,
  /** number id, text message: TLS threw inside a callback of its TCP */
  threw: 9,
  /** text productId, text deviceName: the sub-device was removed */
  removeSubDevice: 10,
  /** -> text state */
  listenToPlans: 11,
  /** number id, text answer (accept, decline, defer), number seconds, text reason -> text state */
  answerPlan: 12,
  /** -> text state */
  checkForUpdate: 13,
  /** number id, number holds (0 or 1) */
  selfTested: 14,
  /** number id, number qos, text topic, bytes payload -> text state */
  publish: 15,
  /** text filter -> text state */
  subscribe: 16,
  /** number id, text name of a method, or property, of `OtaAgent.control`, text JSON of its arguments -> text state */
  control: 17,
  /**
   * number index of its wire, text productId, text deviceName, number sealed (0 or 1): as an application adds one,
   * before `start`
   */
  addSubDevice: 18,
  /** number id, text productId, text deviceName, text deviceSecret; answered by `CALL.settled` */
  bind: 19,
  /** number id; answered by `CALL.settled` with how many devices are bound */
  describe: 20,
  /** as `create`, before it; answered by `CALL.registered` */
  register: 21,
});

export function encodeMessage(code: number, ...fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  let byteLength = 1;
  for (const field of fields) {
    byteLength +=
      typeof field === "number" ? 8 : 4 + (typeof field === "string" ? unitsOf(field) * 2 : field.byteLength);
  }
  const bytes = new Uint8Array(byteLength);
  const view = new DataView(bytes.buffer);
  bytes[0] = code;
  let at = 1;
  for (const field of fields) {
    if (typeof field === "number") {
      view.setFloat64(at, field, true);
      at += 8;
      continue;
    }
    view.setUint32(at, typeof field === "string" ? unitsOf(field) : field.byteLength, true);
    at += 4;
    if (typeof field === "string") {
      for (let index = 0; index < field.length; index++, at += 2) {
        const code = field.charCodeAt(index);
        if (code > 0xffff) {
          view.setUint16(at, 0xd7c0 + (code >> 10), true);
          at += 2;
        }
        view.setUint16(at, code > 0xffff ? 0xdc00 | (code & 0x3ff) : code, true);
      }
    } else {
      bytes.set(field, at);
      at += field.byteLength;
    }
  }
  return bytes;
}

/** XS of xsnap counts code points, so that one of its characters may take two code units. */
function unitsOf(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xffff) count++;
  return count;
}

/** Code units that one call turns into text. Each is an argument, and arguments take stack. */
const TEXT_PIECE = 32;

/** The fields of one message, in order. Each method throws a RangeError if the message has ended. */
export class MessageReader {
  readonly code: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.code = this.#view.getUint8(0);
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  number(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  text(): string {
    const length = this.#length();
    const start = this.#advance(length * 2);
    let text = "";
    for (let done = 0; done < length; done += TEXT_PIECE) {
      const units: number[] = [];
      for (let index = done; index < Math.min(length, done + TEXT_PIECE); index++) {
        units.push(this.#view.getUint16(start + index * 2, true));
      }
      text += String.fromCharCode(...units);
    }
    return text;
  }

  /** A view into the message. */
  bytes(): Uint8Array {
    const byteLength = this.#length();
    const start = this.#advance(byteLength);
    return this.#bytes.subarray(start, start + byteLength);
  }

  #length(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  #advance(byteLength: number): number {
    const start = this.#at;
    if (start + byteLength > this.#bytes.byteLength) throw new RangeError("message ends within a field");
    this.#at = start + byteLength;
    return start;
  }
}
