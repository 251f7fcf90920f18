import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { frameNetstring, NetstringReader } from "./netstring.js";

export interface XsWorkerOptions {
  /** `xsnap-worker`, or another program that speaks its protocol. */
  readonly binary: string;
  readonly args?: readonly string[];
  /** Serves a call of the engine's, which waits meanwhile; what it returns is the answer. It must not throw. */
  onCall(message: Buffer): Uint8Array;
  /** Told, after each command, what the engine counted: a JSON object, for instance with `compute`. */
  onMeter?(json: string, command: Uint8Array): void;
}

/**
 * Evaluate a source, run a module, have `handleCommand` do with a message; and of our own host: seal its heap, and
 * measure it.
 */
type Kind = "e" | "m" | "?" | "L" | "M";

interface Command {
  readonly kind: Kind;
  readonly body: () => Uint8Array | undefined;
  readonly resolve: (reply: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** First byte of what the worker says, and of the answer to a call. */
export const OK = ".".charCodeAt(0);
export const FAILED = "!".charCodeAt(0);
export const CALL = "?".charCodeAt(0);
export const ANSWER = Buffer.from("/");
/** Between the meter and the reply. */
export const SEPARATOR = 1;

/** How much of the worker's own output an error quotes, in characters. */
const OUTPUT_LENGTH = 2000;

/** The worker's exit codes, from its own sources. */
const EXITS: { readonly [code: number]: string } = {
  1: "it does not know its arguments",
  2: "its pipe broke",
  11: "out of memory",
  12: "stack overflow",
  15: "unhandled exception",
  16: "too many names",
  17: "too much computation",
};

/** A command that was under way, or waited, when `kill` was called. */
export class WorkerKilled extends Error {
  override readonly name = "WorkerKilled";

  constructor() {
    super("the XS worker was killed");
  }
}

/** An XS engine in a process of its own: one command at a time, the others wait in order. */
export class XsWorker {
  readonly #options: XsWorkerOptions;
  readonly #child: ChildProcess;
  readonly #toWorker: Duplex;
  readonly #queue: Command[] = [];
  #current: Command | undefined;
  #body: Uint8Array = new Uint8Array(0);
  #over: Error | undefined;
  #output = "";

  constructor(options: XsWorkerOptions) {
    this.#options = options;
    this.#child = spawn(options.binary, options.args ?? [], { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"] });
    const [, stdout, stderr, toWorker, fromWorker] = this.#child.stdio as unknown as Duplex[];
    this.#toWorker = toWorker as Duplex;
    const reader = new NetstringReader({ onMessage: (message) => this.#onMessage(message) });
    fromWorker?.on("data", (bytes: Buffer) => {
      try {
        reader.push(bytes);
      } catch (error) {
        this.#end(new Error(`the XS worker breaks its protocol: ${(error as Error).message}`));
      }
    });
    for (const stream of [stdout, stderr]) stream?.on("data", (bytes: Buffer) => this.#keepOutput(bytes));
    // A broken pipe is the worker's end, which "close" tells with its reason.
    for (const stream of [toWorker, fromWorker, stdout, stderr]) stream?.on("error", () => {});
    this.#child.on("error", (error) => this.#end(new Error(`the XS worker cannot be started: ${error.message}`)));
    this.#child.on("close", (code, signal) => this.#end(this.#exitError(code, signal)));
  }

  /** Runs a program. @returns its value if that is an ArrayBuffer @throws Error what it throws, or the worker's end */
  evaluate(source: string): Promise<Buffer> {
    return this.#enqueue("e", () => Buffer.from(source));
  }

  /** Runs the module in this file, and those that it imports. @throws Error what it throws, or the worker's end */
  async runModule(path: string): Promise<void> {
    await this.#enqueue("m", () => Buffer.from(path));
  }

  /**
   * Hands a message to `handleCommand` once its turn has come; only then the message is made, and `undefined` is none.
   *
   * @returns what `handleCommand` returned
   * @throws Error what it threw, or the worker's end
   */
  command(body: () => Uint8Array | undefined): Promise<Buffer> {
    return this.#enqueue("?", body);
  }

  /** A command of our own host alone: see host/host.c. @throws Error the worker's end */
  control(kind: "L" | "M", argument: string): Promise<Buffer> {
    return this.#enqueue(kind, () => Buffer.from(argument));
  }

  /** At once, whatever is under way: nothing is called after this. */
  kill(): void {
    this.#end(new WorkerKilled());
  }

  #enqueue(kind: Kind, body: Command["body"]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(this.#over);
        return;
      }
      this.#queue.push({ kind, body, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#current === undefined && this.#over === undefined) {
      const command = this.#queue.shift();
      if (command === undefined) return;
      const body = command.body();
      if (body === undefined) {
        command.resolve(Buffer.alloc(0));
        continue;
      }
      this.#current = command;
      this.#body = body;
      this.#toWorker.write(frameNetstring(Buffer.from(command.kind), body));
    }
  }

  #onMessage(message: Buffer): void {
    if (this.#over !== undefined) return;
    const body = message.subarray(1);
    switch (message[0]) {
      case CALL: {
        const answer = this.#options.onCall(body);
        if (this.#over === undefined) this.#toWorker.write(frameNetstring(ANSWER, answer));
        return;
      }
      case OK: {
        const end = body.indexOf(SEPARATOR);
        this.#options.onMeter?.(body.toString("utf8", 0, Math.max(0, end)), this.#body);
        this.#finish((command) => command.resolve(body.subarray(end + 1)));
        return;
      }
      case FAILED:
        this.#finish((command) => command.reject(new Error(body.toString())));
        return;
      default:
        throw new Error(`message of kind ${message[0]}`);
    }
  }

  #finish(settle: (command: Command) => void): void {
    const command = this.#current;
    if (command === undefined) throw new Error("reply to no command");
    this.#current = undefined;
    settle(command);
    this.#next();
  }

  #end(error: Error): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.#child.kill("SIGKILL");
    const waiting = this.#current === undefined ? this.#queue : [this.#current, ...this.#queue];
    for (const { reject } of waiting.splice(0)) reject(error);
    this.#current = undefined;
    this.#queue.length = 0;
  }

  #keepOutput(bytes: Buffer): void {
    this.#output = (this.#output + bytes.toString()).slice(-OUTPUT_LENGTH);
  }

  #exitError(code: number | null, signal: NodeJS.Signals | null): Error {
    const reason =
      code === null ? `killed by ${signal}` : (EXITS[code] ?? (code === 0 ? "it ended" : `exit code ${code}`));
    const output = this.#output.trim();
    return new Error(`the XS worker died: ${reason}${output === "" ? "" : `\n${output}`}`);
  }
}
