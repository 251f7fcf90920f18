import type { Log, LogLevel } from "../hal/ports/index.js";

export const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/**
 * Makes a log of lines `time level area message` on standard error, from `level` upwards.
 *
 * @param around calls its argument to write a line; it can clear the terminal before that and restore it afterwards
 */
export function createLog(level: LogLevel, around: (write: () => void) => void = (write) => write()): Log {
  const limit = LOG_LEVELS.indexOf(level);
  return (at, area, message) => {
    if (LOG_LEVELS.indexOf(at) > limit) return;
    const time = new Date().toISOString().slice(11, 23);
    const line = `${time} ${at.padEnd(5)} ${area.padEnd(6)} ${message()}\n`;
    around(() => process.stderr.write(line));
  };
}
