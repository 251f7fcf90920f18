import { type GenericFormatter, MultiBar, SingleBar } from "cli-progress";
import { progressLine } from "./progress-line.js";
import { describeRate, Rate } from "./rate.js";

/** Columns of a terminal that does not report its width. */
const DEFAULT_COLUMNS = 80;
/** Standard output, because that one is tested for a terminal. `atEnd` handles the signals. */
const ON_TERMINAL = { stream: process.stdout, hideCursor: true, gracefulExit: false };
/** Exit codes that a shell reports for a process that SIGINT or SIGTERM ended. */
const EXIT_INTERRUPTED = 130;
const EXIT_TERMINATED = 143;

/** Shows the progress of a download and its rate: a bar on a terminal, otherwise a line for each tenth. */
export interface Progress {
  update(bytes: number, size: number): void;
  /** Ends the bar, so that other lines can follow. */
  stop(): void;
}

export function createProgress(): Progress {
  return process.stdout.isTTY ? bar() : lines();
}

function bar(): Progress {
  let running: SingleBar | undefined;
  let rate = new Rate();
  let release = (): void => {};
  const stop = (): void => {
    running?.stop();
    running = undefined;
    rate = new Rate();
    release();
  };
  return {
    update(bytes, size) {
      if (running === undefined) {
        running = new SingleBar({ format: downloadLine, ...ON_TERMINAL });
        running.start(size, 0, { rate: "" });
        release = atEnd(stop);
      }
      running.update(bytes, { rate: describeRate(rate.update(bytes, performance.now())) });
    },
    stop,
  };
}

const downloadLine: GenericFormatter = (_options, { progress, value, total }, { rate }: { rate: string }) =>
  progressLine({
    name: "download",
    share: progress,
    tail: `| ${value} of ${total} bytes${rate === "" ? "" : `, ${rate}`}`,
    columns: columns(),
  });

function columns(): number {
  return process.stdout.columns || DEFAULT_COLUMNS;
}

/**
 * Makes sure that the terminal gets its cursor and its wrapping of lines back when the process ends. For that, a signal
 * becomes an exit.
 *
 * @returns a function that undoes this
 */
function atEnd(stop: () => void): () => void {
  const interrupted = (): never => process.exit(EXIT_INTERRUPTED);
  const terminated = (): never => process.exit(EXIT_TERMINATED);
  process.once("exit", stop).once("SIGINT", interrupted).once("SIGTERM", terminated);
  return () => void process.off("exit", stop).off("SIGINT", interrupted).off("SIGTERM", terminated);
}

function lines(): Progress {
  let last = -1;
  let rate = new Rate();
  return {
    update(bytes, size) {
      const current = describeRate(rate.update(bytes, performance.now()));
      const tenth = Math.floor((bytes * 10) / size);
      if (tenth <= last) return;
      last = tenth;
      process.stdout.write(`download ${tenth * 10} %${current === "" ? "" : `  ${current}`}\n`);
    },
    stop() {
      rate = new Rate();
    },
  };
}

/** Shows the progress of several downloads at once: a bar for each on a terminal, otherwise lines with their names. */
export interface ProgressOf {
  state(name: string, state: string): void;
  update(name: string, bytes: number, size: number): void;
  /** Shows another line. */
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
