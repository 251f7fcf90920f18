import type { TaskStateName } from "./task-types.js";

/** An open task of another plan for the same component of the same device. */
export interface OtherTask {
  readonly taskId: string;
  readonly planId: string;
  /** Order of activation: the plan that was activated earlier has the lower one. */
  readonly planRank: number;
  readonly state: TaskStateName;
}

export type Conflict =
  | { readonly do: "go" }
  /** Until that plan's task has ended. */
  | { readonly do: "wait"; readonly forPlan: string }
  /** Dispatch `replaced` to these tasks, then go. */
  | { readonly do: "replace"; readonly tasks: readonly OtherTask[] };

const REPLACEABLE: readonly TaskStateName[] = Object.freeze(["waiting", "offered", "asked", "downloading"]);

/**
 * Which of several plans has a device's component now. The earlier plan goes first, unless the later one replaces; an
 * installation is waited for by everyone. A plan never replaces a later one, so that two plans do not take turns.
 *
 * @param others open tasks of other plans for the same component of the device
 */
export function conflictOf(
  mine: { readonly planRank: number; readonly conflict: "wait" | "replace" },
  others: readonly OtherTask[],
): Conflict {
  // A later plan's task that waits will wait for this one.
  const before = others.filter(({ planRank, state }) => planRank < mine.planRank || state !== "waiting");
  const stays = before.find(
    ({ planRank, state }) => mine.conflict === "wait" || planRank > mine.planRank || !REPLACEABLE.includes(state),
  );
  if (stays !== undefined) return { do: "wait", forPlan: stays.planId };
  return before.length === 0 ? { do: "go" } : { do: "replace", tasks: before };
}
