import { ANSWER, encodeMessage, type Field, MessageReader } from "./messages.js";

/**
 * Given by the engine's process: waits for the host's answer. Our own process takes `from` as the end of the message,
 * and puts an answer of bytes into `into`; then it returns their count. xsnap's knows neither.
 */
declare function issueCommand(message: ArrayBuffer, from?: Uint8Array, into?: Uint8Array): ArrayBuffer | number;

/**
 * Of our own process too: what the engine has counted; with a count, it goes back to that, with a negative one to what
 * it was when the last message came.
 */
declare const meter: ((count?: number) => number) | undefined;

/**
 * The board's modules are C on a chip. What they cost as JavaScript here, bytecodes and slots, is taken out of the
 * counts by this.
 */
export const counted: (count?: number) => number = meter ?? (() => 0);

/**
 * Whether bytes move in place, as in the SDK's modules, which are C: then the engine neither copies nor counts them.
 */
const IN_PLACE = issueCommand.length === 3;

/** Told of what the host says about one timer, socket or look-up. */
export type Listener = (message: MessageReader) => void;

const NONE = new Uint8Array(0);

/** The host as seen from the engine: calls to it, and the things here that it may call back. */
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

  /** The next call is one of the agent's: what led to it is C on a chip. */
  leave(): void {
    counted(-1);
  }

  /** A callback of the host's: its first field is the id. One that comes too late has no listener any more. */
  dispatch(message: MessageReader): void {
    this.#listeners.get(message.number())?.(message);
  }
}

function returned(bytes: ArrayBuffer | number): MessageReader {
  const answer = new MessageReader(new Uint8Array(bytes as ArrayBuffer));
  if (answer.code === ANSWER.thrown) throw new Error(answer.text());
  return answer;
}
