import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output and standard error as they came. */
  readonly all: string;
}

/** Time for processes to end after SIGTERM, in milliseconds. */
const GRACE_MS = 2_000;
const LOOK_MS = 100;

/** One block in a bash of its own, with everything that it starts. */
export class Shell {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #stdout = "";
  #all = "";
  #ended = false;
  /** When this program ends, for any reason, what it started ends too. */
  readonly #onExit = (): void => this.#signal("SIGKILL");

  constructor(script: string, folder: string, env: NodeJS.ProcessEnv) {
    this.#process = spawn("bash", ["-euo", "pipefail", "-c", script], {
      cwd: folder,
      env,
      // A group of its own, so that all of it can be ended.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process.stdout?.on("data", (bytes: Buffer) => {
      this.#stdout += bytes.toString();
      this.#all += bytes.toString();
    });
    this.#process.stderr?.on("data", (bytes: Buffer) => (this.#all += bytes.toString()));
    process.prependOnceListener("exit", this.#onExit);
    this.#closed = once(this.#process, "close").then(() => (this.#ended = true));
  }

  get all(): string {
    return this.#all;
  }

  /** @returns its end, or `undefined` if that did not come in time */
  async end(timeoutMs: number): Promise<Ended | undefined> {
    await within(timeoutMs, this.#closed);
    return this.#ended ? { code: this.#process.exitCode, stdout: this.#stdout, all: this.#all } : undefined;
  }

  /** @returns false if it ended without these words, or they did not come in time */
  async prints(words: string, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#all.includes(words)) {
      if (this.#ended || Date.now() > deadline) return false;
      await within(LOOK_MS, this.#closed);
    }
    return true;
  }

  async kill(): Promise<void> {
    this.#signal("SIGTERM");
    await within(GRACE_MS, this.#closed);
    this.#signal("SIGKILL");
    await within(GRACE_MS, this.#closed);
    process.off("exit", this.#onExit);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#process.pid !== undefined) process.kill(-this.#process.pid, signal);
    } catch {
      // Nothing of the group is left.
    }
  }
}

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
