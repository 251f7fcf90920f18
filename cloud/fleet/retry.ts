import type { RetryRule } from "./types.js";

/** No back-off is longer than a day. */
const LONGEST_DELAY_MS = 86_400_000;

export interface EndedTry {
  readonly rules: readonly RetryRule[];
  /** A result code of the protocol, "reverted" or "silent". */
  readonly code: string;
  /** Tries that were begun, this one included. */
  readonly attempt: number;
  readonly nowMs: number;
}

/**
 * The first rule that fits the code counts: its seconds, doubled for each try that was already repeated, at most a day.
 *
 * @returns when the next try may begin, in epoch milliseconds; `undefined` if the result is final
 */
export function nextTryMs({ rules, code, attempt, nowMs }: EndedTry): number | undefined {
  const rule = rules.find((each) => each.code === code || each.code === "*");
  if (rule === undefined || attempt > rule.times) return undefined;
  return nowMs + Math.min(LONGEST_DELAY_MS, rule.afterSeconds * 1000 * 2 ** Math.max(0, attempt - 1));
}
