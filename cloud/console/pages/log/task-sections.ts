import type { EventView, TaskView } from "../../../operator/types.js";
import { sideOf } from "./event-side.js";

/** The log of one task: of one component of a device. */
export interface LogSection {
  readonly task: TaskView;
  readonly events: readonly EventView[];
}

/** After these the device has no offer of the task any more. */
const ENDS = new Set([
  "task-succeeded",
  "task-failed",
  "task-declined",
  "task-silent",
  "task-cancelled",
  "task-superseded",
  "task-deferred",
  "task-not-delivered",
]);

/**
 * Divides the history of a device among its tasks. A report names no task: it belongs to the one on which something
 * was decided by it, and otherwise to the one that the device has an offer of.
 *
 * @param events of the device, the oldest first
 * @param tasks of the device in one plan
 */
export function sectionsOf(events: readonly EventView[], tasks: readonly TaskView[]): readonly LogSection[] {
  const found = new Map<number, EventView[]>(tasks.map(({ id }) => [id, []]));
  const decidedAt = new Map<number, number>();
  for (const { at, taskId } of events) if (taskId !== undefined) decidedAt.set(at, taskId);
  const planId = tasks[0]?.planId;
  let current: number | undefined;
  for (const event of events) {
    const { at, kind, taskId } = event;
    const isReport = taskId === undefined && sideOf(kind) === "device";
    const isJoining = taskId === undefined && kind === "task-created" && event.planId === planId;
    const owner = taskId ?? (isReport ? (decidedAt.get(at) ?? current) : isJoining ? tasks[0]?.id : undefined);
    if (owner !== undefined) found.get(owner)?.push(event);
    if (taskId === undefined) continue;
    if (!ENDS.has(kind)) current = taskId;
    else if (current === taskId) current = undefined;
  }
  return tasks.map((task) => ({ task, events: found.get(task.id) ?? [] }));
}
