import type { Log } from "../../hal/ports/index.js";

/** Keeps every line, as `level area message`. */
export class CollectedLog {
  readonly lines: string[] = [];
  readonly log: Log = (level, area, message) => {
    this.lines.push(`${level} ${area} ${message()}`);
  };
}

export const NO_LOG: Log = () => {};
