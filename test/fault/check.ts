import fc from "fast-check";
import { assess, type Schedule, schedule } from "./schedules.js";

/** The first schedule that broke a rule, shrunk to the smallest one that does. */
export interface Finding {
  readonly schedule: Schedule;
  readonly what: readonly string[];
  /** Path that finds it again from the same seed. */
  readonly path: string;
}

export interface CheckOptions {
  readonly seed: number;
  readonly runs: number;
  readonly path?: string | undefined;
}

/** Runs random schedules. @returns how many were run, and what was found */
export function check({ seed, runs, path }: CheckOptions): { runs: number; finding: Finding | undefined } {
  const property = fc.property(schedule, (each) => assess(each).length === 0);
  const details = fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) });
  const found = details.counterexample?.[0];
  if (found === undefined) return { runs: details.numRuns, finding: undefined };
  return {
    runs: details.numRuns,
    finding: { schedule: found, what: assess(found), path: details.counterexamplePath ?? "" },
  };
}
