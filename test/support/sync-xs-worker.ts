import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frameNetstring, NetstringReader } from "../../hal/boards/xs/netstring.js";
import { ANSWER, CALL, FAILED, OK, SEPARATOR, WorkerKilled } from "../../hal/boards/xs/worker.js";

const READ_LENGTH = 65_536;
/** Seconds of computing: a hundred times what the longest boot takes. */
const COMPUTE_LIMIT_S = 60;

/**
 * An XS engine in a process of its own, for which this process waits: a command has ended when the call returns, so
 * that virtual time stands still meanwhile. libuv's pipes do not block; named ones, opened as files, do.
 *
 * Nothing can interrupt this process while it waits: the kernel ends an engine that never answers. An engine that was
 * not killed does not keep this process from ending, which closes its pipes and so ends the engine too.
 */
export class SyncXsWorker {
  readonly #onCall: (message: Buffer) => Uint8Array;
  readonly #child: ChildProcess;
  readonly #toWorker: number;
  readonly #fromWorker: number;
  readonly #messages: Buffer[] = [];
  readonly #reader = new NetstringReader({ onMessage: (message) => this.#messages.push(message) });
  readonly #buffer = new Uint8Array(READ_LENGTH);
  #over = false;

  /**
   * @param options.onCall serves a call of the engine's; it must not throw, and may kill the worker
   * @param options.computeLimitS seconds of computing, whole ones, after which the engine is ended
   */
  constructor(options: { binary: string; onCall(message: Buffer): Uint8Array; computeLimitS?: number }) {
    const { binary, onCall, computeLimitS = COMPUTE_LIMIT_S } = options;
    this.#onCall = onCall;
    const folder = mkdtempSync(join(tmpdir(), "xs-"));
    try {
      const names = ["to", "from"].map((name) => join(folder, name));
      execFileSync("mkfifo", names);
      const [to, from] = names.map(openPipe) as [Pipe, Pipe];
      const limited = ["-c", `ulimit -t ${computeLimitS} && exec "$0"`, binary];
      this.#child = spawn("sh", limited, { stdio: ["ignore", "ignore", "ignore", to.reader, from.writer] });
      this.#child.unref();
      // If it cannot be started, the first read finds the end.
      this.#child.on("error", () => {});
      for (const end of [to.reader, from.writer]) closeSync(end);
      this.#toWorker = to.writer;
      this.#fromWorker = from.reader;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Runs a program. @throws Error what it throws, or the worker's end */
  evaluate(source: string): Buffer {
    return this.#exchange("e", Buffer.from(source));
  }

  /** Hands a message to `handleCommand`. @returns its reply @throws Error what it throws, or the worker's end */
  command(message: Uint8Array): Buffer {
    return this.#exchange("?", message);
  }

  /** Kills it at once: a command that is under way throws `WorkerKilled`. Idempotent. */
  kill(): void {
    if (this.#over) return;
    this.#over = true;
    this.#child.kill("SIGKILL");
    closeSync(this.#toWorker);
    closeSync(this.#fromWorker);
  }

  #exchange(kind: "e" | "?", body: Uint8Array): Buffer {
    this.#write(frameNetstring(Buffer.from(kind), body));
    for (;;) {
      const message = this.#next();
      const rest = message.subarray(1);
      switch (message[0]) {
        case CALL:
          this.#write(frameNetstring(ANSWER, this.#onCall(rest)));
          continue;
        case OK:
          return rest.subarray(rest.indexOf(SEPARATOR) + 1);
        case FAILED:
          throw new Error(rest.toString());
        default:
          throw new Error(`message of kind ${message[0]}`);
      }
    }
  }

  #next(): Buffer {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      const count = readSync(this.#fromWorker, this.#buffer);
      if (count === 0) throw new Error("the XS worker died");
      this.#reader.push(this.#buffer.subarray(0, count));
    }
  }

  #write(bytes: Buffer): void {
    if (this.#over) throw new WorkerKilled();
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(this.#toWorker, bytes, at);
  }
}

interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/**
 * Both ends of a named pipe, blocking. Each end waits for the other to be opened, except a reader that does not block.
 */
function openPipe(path: string): Pipe {
  const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, "w");
  const reader = openSync(path, "r");
  closeSync(first);
  return { reader, writer };
}
