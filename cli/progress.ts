import { Presets, SingleBar } from "cli-progress";

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
