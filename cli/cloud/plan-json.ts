import type { PlanView, TaskStateName, TaskView } from "../../cloud/operator/types.js";

/** The states that scripts count by. */
const COUNTED = [
  "waiting",
  "offered",
  "downloading",
  "burning",
  "succeeded",
  "failed",
  "declined",
  "silent",
  "cancelled",
] as const;
export type CountedState = (typeof COUNTED)[number];

/** The further states, and what they count as. */
const COUNTED_AS: { readonly [state in Exclude<TaskStateName, CountedState>]: CountedState } = {
  asked: "offered",
  trial: "burning",
  superseded: "cancelled",
};

/** The states of a device that has the whole file. It reports no percent any more. */
const DOWNLOADED: readonly TaskStateName[] = ["burning", "trial", "succeeded"];

/** A plan as `--json` shows it. Scripts rely on these keys. */
export function planJson({ id, name, state, reason, counts, urlsLiveUntil }: PlanView) {
  const live = urlsLiveUntil === undefined ? {} : { urlsLiveUntil };
  return { id, name, state, reason, counts: countsOf(counts), ...live };
}

/** A plan with its tasks, as `plan show --json` shows it. */
export function planWithTasksJson(plan: PlanView, tasks: readonly TaskView[]) {
  return { ...planJson(plan), tasks: tasks.map(taskJson) };
}

export function taskJson(task: TaskView) {
  const { productId, deviceName, component, state, reason, version, attempt } = task;
  const percent = DOWNLOADED.includes(state) ? 100 : (task.percent ?? 0);
  return { productId, deviceName, component, state, reason, version, percent, attempt };
}

export function countsOf(counts: PlanView["counts"]): { readonly [state in CountedState]: number } {
  const sums = Object.fromEntries(COUNTED.map((state) => [state, counts[state] ?? 0])) as {
    [state in CountedState]: number;
  };
  for (const [state, as] of Object.entries(COUNTED_AS)) sums[as] += counts[state as keyof typeof COUNTED_AS] ?? 0;
  return sums;
}

/** `waiting 3, succeeded 5` */
export function countsText(counts: PlanView["counts"]): string {
  const parts = Object.entries(countsOf(counts)).filter(([, count]) => count > 0);
  return parts.length === 0 ? "no tasks" : parts.map(([state, count]) => `${state} ${count}`).join(", ");
}
