import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Instruments } from "./instruments.js";
import type { Built } from "./sdk.js";

/** Exit code of hal/boards/lin/process.c that requests a restart. */
const RESTART = 75;

export interface SimEvent {
  readonly name: string;
  readonly [key: string]: unknown;
}

export interface SimBoardOptions {
  readonly built: Built;
  /** Folder of the board's state. It is the working folder of the process. */
  readonly folder: string;
  onEvent(event: SimEvent): void;
  /** Called with each line of the agent's log. */
  onLog(line: string): void;
  /** Called if the process ended by itself, but not for a restart. */
  onDead(reason: string): void;
}

/** Runs the application in the SDK's Linux target, with one process for each boot. */
export class SimBoard {
  readonly instruments = new Instruments();
  readonly #options: SimBoardOptions;
  #process: ChildProcess | undefined;

  constructor(options: SimBoardOptions) {
    this.#options = options;
  }

  powerOn(): void {
    const { built, folder } = this.#options;
    const child = spawn(built.host, [built.library, folder], { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    let lastWords = "";
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (this.#process !== child || this.instruments.read(line)) return;
      if (line.startsWith("event ")) {
        this.instruments.markLoaded();
        this.#options.onEvent(JSON.parse(line.slice("event ".length)) as SimEvent);
      } else if (line.startsWith("log ")) {
        this.#options.onLog(line.slice("log ".length));
      } else {
        lastWords = line;
        this.#options.onLog(line);
      }
    });
    child.stderr.on("data", (bytes: Buffer) => (lastWords = bytes.toString().trim()));
    child.on("close", (code, signal) => {
      if (this.#process !== child) return;
      this.#process = undefined;
      if (code === RESTART) this.powerOn();
      else this.#options.onDead(`the application ended (${code ?? signal}) ${lastWords}`.trim());
    });
    child.on("error", (error) => this.#options.onDead(error.message));
  }

  /** Kills the process by SIGKILL, so that it can do nothing any more. */
  cutPower(): void {
    const child = this.#process;
    this.#process = undefined;
    child?.kill("SIGKILL");
  }
}
