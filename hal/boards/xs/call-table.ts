import type { Field, MessageReader } from "./guest/messages.js";

/** Hands a message to the engine in its turn; made only then, and dropped if it is `undefined`. */
export type Post = (message: () => Uint8Array | undefined) => void;

/** What to do for each call. @returns the fields of its result */
export interface CallTable {
  readonly [code: number]: (call: MessageReader) => readonly Field[] | void;
}
