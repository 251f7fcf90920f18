import type { Chip, CutPlan } from "../fault/chip.js";
import type { Attack } from "./attack.js";
import { run, type RunOptions } from "./run.js";

/** A power cut that let an attack through, or that the board did not get over. */
export interface Finding {
  readonly operation: number;
  readonly mode: number;
  readonly what: readonly string[];
}

export interface CutOptions extends Pick<RunOptions, "engine" | "native"> {
  readonly attack: Attack;
  readonly makeChip: (options: { factory: Uint8Array; cutPlan: CutPlan }) => Chip;
  /** Ways in which each operation is cut, at most. */
  readonly modes: number;
  /** Each nth operation, from this one on. */
  readonly from?: number;
  readonly every?: number;
}

/** A chip has fewer ways to be cut than this, in any operation. */
const MODES = 7;

/** Plays an attack once for each operation and each way to cut it. @returns how often, and what went wrong */
export function cutEverywhere({ modes, from = 0, every = 1, ...options }: CutOptions): {
  runs: number;
  findings: Finding[];
} {
  const { operations } = run(options);
  const findings: Finding[] = [];
  let runs = 0;
  for (let operation = from; operation < operations; operation += every) {
    for (let count = 0; count < Math.min(modes, MODES); count++) {
      const mode = (operation + count) % MODES;
      runs++;
      const { violations } = run({ ...options, cut: { operation, mode } });
      if (violations.length > 0) findings.push({ operation, mode, what: violations });
    }
  }
  return { runs, findings };
}
