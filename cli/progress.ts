import { MultiBar, Presets, SingleBar } from "cli-progress";

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
  return {
    update(bytes, size) {
      if (running === undefined) {
        running = new SingleBar({ format: "download {bar} {percentage} % | {value} of {total} bytes", hideCursor: true }, Presets.shades_classic);
        running.start(size, 0);
      }
      running.update(bytes);
    },
    stop() {
      running?.stop();
      running = undefined;
    },
  };
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
  const all = new MultiBar({ format: "{name}{bar} {percentage} % {state}", hideCursor: true }, Presets.shades_classic);
  const one = new Map(names.map((name) => [name, all.create(100, 0, { name: name.padEnd(width), state: "" })]));
  return {
    state: (name, state) => one.get(name)?.update({ state }),
    update: (name, bytes, size) => one.get(name)?.update(Math.floor((bytes * 100) / size)),
    say: (line) => all.log(`${line}\n`),
    stop: () => all.stop(),
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
