import type { TaskStateName } from "../../../operator/types.js";

interface Chip {
  readonly state: TaskStateName;
  readonly reason: string;
  readonly tasks: number;
}

/** States whose reasons matter unless the reader has chosen another. */
const BAD: readonly TaskStateName[] = ["failed", "silent", "cancelled"];

/** @returns the reasons to choose from, the most frequent first: those of the chosen state, or of what went wrong */
export function chipsOf(items: readonly Chip[], state: string): readonly Chip[] {
  return items
    .filter((item) => item.reason !== "" && item.tasks > 0)
    .filter((item) => (state === "" ? BAD.includes(item.state) : item.state === state))
    .toSorted((a, b) => b.tasks - a.tasks);
}

/** @returns how many tasks fit a filter by state and reason; undefined as long as that is not known */
export function filteredTotal(
  counts: { readonly [state: string]: number },
  reasons: readonly Chip[] | undefined,
  state: string,
  reason: string,
): number | undefined {
  if (reason !== "") return reasons?.find((item) => item.state === state && item.reason === reason)?.tasks;
  if (state !== "") return counts[state];
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
