import { ANSWER, encodeMessage, type Field, MessageReader } from "./messages.js";

/** Given by the engine's process: waits for the host's answer. */
declare function issueCommand(message: ArrayBuffer): ArrayBuffer;

/** Told of what the host says about one timer, socket or look-up. */
export type Listener = (message: MessageReader) => void;

/** The host as seen from the engine: calls to it, and the things here that it may call back. */
export class Host {
  readonly #listeners = new Map<number, Listener>();
  #lastId = 0;

  /** @returns the result's fields @throws Error with the message of what the host's module threw */
  call(code: number, ...fields: readonly Field[]): MessageReader {
    const answer = new MessageReader(new Uint8Array(issueCommand(encodeMessage(code, ...fields).buffer)));
    if (answer.code === ANSWER.thrown) throw new Error(answer.text());
    return answer;
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

  /** A callback of the host's: its first field is the id. One that comes too late has no listener any more. */
  dispatch(message: MessageReader): void {
    this.#listeners.get(message.number())?.(message);
  }
}
