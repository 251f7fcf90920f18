import { type GenericFormatter, MultiBar, SingleBar } from "cli-progress";
import { progressLine } from "./progress-line.js";

/** On a terminal that does not say how wide it is. */
const DEFAULT_COLUMNS = 80;
/** Standard output, which was asked whether it is a terminal. Signals are for `atEnd`. */
const ON_TERMINAL = { stream: process.stdout, hideCursor: true, gracefulExit: false };
/** What a shell says of a process that such a signal ended. */
const EXIT_INTERRUPTED = 130;
const EXIT_TERMINATED = 143;

/** Shows how far a download is: a bar on a terminal, a line for each tenth otherwise. */
export interface Progress {
  update(bytes: number, size: number): void;
  /** Ends the bar, so that lines can follow. */
  stop(): void;
}

export function createProgress(): Progress {
  return process.stdout.isTTY ? bar() : lines();
}

function bar(): Progress {
  let running: SingleBar | undefined;
  let release = (): void => {};
  const stop = (): void => {
    running?.stop();
    running = undefined;
    release();
  };
  return {
    update(bytes, size) {
      if (running === undefined) {
        running = new SingleBar({ format: downloadLine, ...ON_TERMINAL });
        running.start(size, 0);
        release = atEnd(stop);
      }
      running.update(bytes);
    },
    stop,
  };
}

const downloadLine: GenericFormatter = (_options, { progress, value, total }) =>
  progressLine({ name: "download", share: progress, tail: `| ${value} of ${total} bytes`, columns: columns() });

function columns(): number {
  return process.stdout.columns || DEFAULT_COLUMNS;
}

/**
 * Has the terminal as it was, with its cursor and its wrapping of lines, however the process ends: a signal becomes an
 * exit.
 *
 * @returns what takes that back
 */
function atEnd(stop: () => void): () => void {
  const interrupted = (): never => process.exit(EXIT_INTERRUPTED);
  const terminated = (): never => process.exit(EXIT_TERMINATED);
  process.once("exit", stop).once("SIGINT", interrupted).once("SIGTERM", terminated);
  return () => void process.off("exit", stop).off("SIGINT", interrupted).off("SIGTERM", terminated);
}

function lines(): Progress {
  let last = -1;
  return {
    update(bytes, size) {
      const tenth = Math.floor((bytes * 10) / size);
      if (tenth <= last) return;
      last = tenth;
      process.stdout.write(`download ${Math.floor((bytes * 100) / size)} %\n`);
    },
    stop() {},
  };
}

/** Shows how far several are at once: a bar for each on a terminal, lines with their names otherwise. */
export interface ProgressOf {
  state(name: string, state: string): void;
  update(name: string, bytes: number, size: number): void;
  /** A line besides. */
  say(line: string): void;
  stop(): void;
}

export function createProgressOf(names: readonly string[]): ProgressOf {
  const width = Math.max(...names.map((name) => name.length)) + 2;
  return process.stdout.isTTY ? bars(names, width) : namedLines(width);
}

function bars(names: readonly string[], width: number): ProgressOf {
  const format: GenericFormatter = (_options, { progress }, { name, state }: { name: string; state: string }) =>
    progressLine({ name, share: progress, tail: state, columns: columns() });
  const all = new MultiBar({ format, ...ON_TERMINAL });
  const one = new Map(names.map((name) => [name, all.create(100, 0, { name: name.padEnd(width - 1), state: "" })]));
  const stop = (): void => {
    all.stop();
    release();
  };
  const release = atEnd(stop);
  return {
    state: (name, state) => one.get(name)?.update({ state }),
    update: (name, bytes, size) => one.get(name)?.update(Math.floor((bytes * 100) / size)),
    say: (line) => all.log(`${line}\n`),
    stop,
  };
}

function namedLines(width: number): ProgressOf {
  const last = new Map<string, number>();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  return {
    state(name, state) {
      last.delete(name);
      say(`${name.padEnd(width)}${state}`);
    },
    update(name, bytes, size) {
      const quarter = Math.floor((bytes * 4) / size);
      if (quarter <= (last.get(name) ?? 0)) return;
      last.set(name, quarter);
      say(`${name.padEnd(width)}${Math.floor((bytes * 100) / size)} %`);
    },
    say,
    stop() {},
  };
}
