import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { withFolder } from "./folder.js";
import { ROOT } from "./root.js";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The commands that run now: none may outlive the test that started it. */
const alive = new Set<ChildProcess>();

/** A command of this package, as a process of its own. */
export class Running {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;

  constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [join(ROOT, "dist", "node", "cli", `${command}.js`), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    alive.add(this.child);
    this.child.on("close", () => alive.delete(this.child));
    this.child.stdout?.on("data", (bytes: Buffer) => (this.stdout += bytes.toString()));
    this.child.stderr?.on("data", (bytes: Buffer) => (this.stderr += bytes.toString()));
    this.ended = new Promise((resolve) => {
      this.child.on("close", (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  async until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!condition()) {
      if (this.child.exitCode !== null) throw new Error(`ended before ${what}\n${this.stdout}\n${this.stderr}`);
      if (performance.now() > end) throw new Error(`no ${what} within ${timeoutMs} ms\n${this.stdout}\n${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export function runCommand(command: string, args: readonly string[]): Promise<Ended> {
  return new Running(command, args).ended;
}

/** Runs `body` with an empty folder; afterwards removes it, and ends every command that `body` left running. */
export function withCommands(body: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    try {
      await body(folder);
    } finally {
      for (const child of alive) child.kill("SIGKILL");
    }
  });
}
