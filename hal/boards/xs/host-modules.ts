import type { BoardModules } from "../../ecma419/modules.js";
import type { CallTable, Post } from "./call-table.js";
import { ANSWER, encodeMessage, MessageReader } from "./guest/messages.js";
import { platformCalls } from "./platform-calls.js";
import { socketCalls } from "./socket-calls.js";
import { storageCalls } from "./storage-calls.js";

export interface HostModulesOptions {
  /** Modules of the board that the engine runs on. */
  readonly modules: BoardModules;
  readonly post: Post;
  /** Calls that do not go to a module of the board. */
  readonly calls?: CallTable;
}

/** Serves the modules of a board to an engine in another process. */
export class HostModules {
  readonly #calls: CallTable;

  constructor({ modules, post, calls }: HostModulesOptions) {
    this.#calls = {
      ...storageCalls(modules),
      ...platformCalls(modules, post),
      ...socketCalls(modules, post),
      ...calls,
    };
  }

  /** Never throws: if a module throws, the answer carries the exception's message. */
  answer(message: Uint8Array): Uint8Array {
    try {
      const call = new MessageReader(message);
      const handler = this.#calls[call.code];
      if (handler === undefined) throw new Error(`no call ${call.code}`);
      return encodeMessage(ANSWER.returned, ...(handler(call) ?? []));
    } catch (error) {
      return encodeMessage(ANSWER.thrown, error instanceof Error ? error.message : String(error));
    }
  }
}
