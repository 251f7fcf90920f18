import { readFileSync } from "node:fs";

/** What a process has cost until now, as Linux counts it. */
export interface ProcessCost {
  readonly cpuMs: number;
  /** Sent to the disk. */
  readonly writtenBytes: number;
  /** In memory now. */
  readonly residentBytes: number;
}

/** Ticks of /proc: 100 a second on every architecture of today. */
const TICK_MS = 10;

/** @returns the CPU of a process and of its children, in milliseconds */
export function familyCpuMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return [pid, ...children.map(Number)].reduce((sum, each) => {
    try {
      return sum + costOf(each).cpuMs;
    } catch {
      // It has ended meanwhile.
      return sum;
    }
  }, 0);
}

export function costOf(pid: number): ProcessCost {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return {
    cpuMs: (userTicks + systemTicks) * TICK_MS,
    writtenBytes: Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? Number.NaN),
    residentBytes: Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024,
  };
}
