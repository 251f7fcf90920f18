import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { frameNetstring, NetstringReader } from "./netstring.js";

export interface XsWorkerOptions {
  /** `xsnap-worker`, or another program that speaks its protocol. */
  readonly binary: string;
  readonly args?: readonly string[];
  /** Serves a call of the engine, which waits meanwhile. The result is the answer. It must not throw. */
  onCall(message: Buffer): Uint8Array;
  /** Called after each command with what the engine counted: a JSON object, for instance with `compute`. */
  onMeter?(json: string, command: Uint8Array): void;
}

/**
 * `e` evaluates a source, `m` runs a module and `?` hands a message to `handleCommand`. Our own host also knows `L`,
 * which seals its heap, and `M`, which measures it.
 */
type Kind = "e" | "m" | "?" | "L" | "M";

interface Command {
  readonly kind: Kind;
  readonly body: () => Uint8Array | undefined;
  readonly resolve: (reply: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** First byte of each message of the worker, and of the answer to a call. */
export const OK = ".".charCodeAt(0);
export const FAILED = "!".charCodeAt(0);
export const CALL = "?".charCodeAt(0);
export const ANSWER = Buffer.from("/");
/** The byte between the counts and the reply. */
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

/**
 * The engine could not go on: no memory, no stack, or an exception that nobody caught. On a chip the board would
 * restart.
 */
export class XsPanic extends Error {
  override readonly name = "XsPanic";
  /** One line. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason.replace(/\s*\n\s*/g, " ");
  }
}

/** Exit codes from here on are panics. */
const FIRST_PANIC = 11;

/** A command that was under way, or waited, when `kill` was called. */
export class WorkerKilled extends Error {
  override readonly name = "WorkerKilled";

  constructor() {
    super("the XS worker was killed");
  }
}

/** An XS engine in a process of its own. It takes one command at a time; the others wait in order. */
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
    // A broken pipe means that the worker has ended; "close" reports that with its reason.
    for (const stream of [toWorker, fromWorker, stdout, stderr]) stream?.on("error", () => {});
    this.#child.on("error", (error) => this.#end(new Error(`the XS worker cannot be started: ${error.message}`)));
    this.#child.on("close", (code, signal) => this.#end(this.#exitError(code, signal)));
  }

  /**
   * Runs a program.
   *
   * @returns the program's value if that is an ArrayBuffer
   * @throws Error with the message of what the program throws, or if the worker has ended
   */
  evaluate(source: string): Promise<Buffer> {
    return this.#enqueue("e", () => Buffer.from(source));
  }

  /**
   * Runs the module in this file, with those that it imports.
   *
   * @throws Error with the message of what it throws, or if the worker has ended
   */
  async runModule(path: string): Promise<void> {
    await this.#enqueue("m", () => Buffer.from(path));
  }

  /**
   * Hands a message to `handleCommand` once its turn has come. The message is made only then; if it is `undefined`,
   * none is sent.
   *
   * @returns what `handleCommand` returned
   * @throws Error with the message of what it threw, or if the worker has ended
   */
  command(body: () => Uint8Array | undefined): Promise<Buffer> {
    return this.#enqueue("?", body);
  }

  /** Sends a command that only our own host knows: see host/host.c. @throws Error if the worker has ended */
  control(kind: "L" | "M", argument: string): Promise<Buffer> {
    return this.#enqueue(kind, () => Buffer.from(argument));
  }

  /** Ends the engine at once, even if a command is under way. Nothing is called after this. */
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
        this.#finish((command) =>
          command.reject(new XsPanic(body.toString(), `unhandled exception: ${body.toString()}`)),
        );
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
    const message = `the XS worker died: ${reason}${output === "" ? "" : `\n${output}`}`;
    // The engine's last line says more than its exit code.
    return code !== null && code >= FIRST_PANIC
      ? new XsPanic(message, /^xs: (.*)$/m.exec(output)?.[1] ?? reason)
      : new Error(message);
  }
}
