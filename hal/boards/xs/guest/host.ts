import { ANSWER, encodeMessage, type Field, MessageReader } from "./messages.js";

/**
 * The engine's process provides this function. It sends a message and waits for the host's answer. Our own process also
 * takes `from` and `into`: the bytes of `from` follow the message, and an answer of bytes is put into `into`, in which
 * case their count is returned. xsnap's process knows neither.
 */
declare function issueCommand(message: ArrayBuffer, from?: Uint8Array, into?: Uint8Array): ArrayBuffer | number;

/**
 * Only our own process provides this function. It returns what the engine has counted. A `count` sets the counts back
 * to what they were when this function returned it; a negative `count` sets them back to the arrival of the last
 * message.
 */
declare const meter: ((count?: number) => number) | undefined;

/**
 * The board's modules are C on a chip. Here they are JavaScript; this function takes their bytecodes and slots out of
 * the counts.
 */
export const counted: (count?: number) => number = meter ?? (() => 0);

/**
 * Whether bytes move in place, as in the SDK's modules, which are C. If they do, the engine neither copies nor counts
 * them.
 */
const IN_PLACE = issueCommand.length === 3;

/** Called with each message of the host about one timer, socket or look-up. */
export type Listener = (message: MessageReader) => void;

const NONE = new Uint8Array(0);

/** The host as seen from the engine: calls to the host, and the listeners that the host may call back. */
export class Host {
  readonly #listeners = new Map<number, Listener>();
  #lastId = 0;

  /** @returns the result's fields @throws Error with the message of what the host's module threw */
  call(code: number, ...fields: readonly Field[]): MessageReader {
    const before = counted();
    const answer = returned(issueCommand(encodeMessage(code, ...fields).buffer));
    counted(before);
    return answer;
  }

  /** A call whose last field is bytes. */
  write(code: number, bytes: Uint8Array, ...fields: readonly Field[]): MessageReader {
    if (!IN_PLACE) return this.call(code, ...fields, bytes);
    const before = counted();
    const head = encodeMessage(code, ...fields, NONE);
    new DataView(head.buffer).setUint32(head.byteLength - 4, bytes.byteLength, true);
    const answer = returned(issueCommand(head.buffer, bytes));
    counted(before);
    return answer;
  }

  /** A call whose result is bytes. @returns how many were put into `into` */
  read(code: number, into: Uint8Array, ...fields: readonly Field[]): number {
    const before = counted();
    const message = encodeMessage(code, ...fields).buffer;
    const answer = IN_PLACE ? issueCommand(message, undefined, into) : issueCommand(message);
    if (typeof answer === "number") {
      counted(before);
      return answer;
    }
    const bytes = returned(answer).bytes();
    into.set(bytes);
    return bytes.byteLength;
  }

  /** @returns the id under which the host calls back */
  listen(listener: Listener): number {
    const id = ++this.#lastId;
    this.#listeners.set(id, listener);
    return id;
  }

  forget(id: number): void {
    this.#listeners.delete(id);
  }

  /** To be called before a call into the agent: the code that led to it is C on a chip, so it is not counted. */
  leave(): void {
    counted(-1);
  }

  /** Handles a callback of the host, whose first field is the id. One that comes too late has no listener any more. */
  dispatch(message: MessageReader): void {
    this.#listeners.get(message.number())?.(message);
  }
}

function returned(bytes: ArrayBuffer | number): MessageReader {
  const answer = new MessageReader(new Uint8Array(bytes as ArrayBuffer));
  if (answer.code === ANSWER.thrown) throw new Error(answer.text());
  return answer;
}
