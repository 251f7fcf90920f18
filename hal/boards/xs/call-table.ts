import type { Field, MessageReader } from "./guest/messages.js";

/**
 * Hands a message to the engine once its turn has come. The message is made only then, and nothing is sent if it is
 * `undefined`.
 */
export type Post = (message: () => Uint8Array | undefined) => void;

/** The function that serves each call, by the call's code. @returns the fields of the result */
export interface CallTable {
  readonly [code: number]: (call: MessageReader) => readonly Field[] | void;
}
