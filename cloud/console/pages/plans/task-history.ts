import type { EventView, TaskView } from "../../../operator/types.js";
import { events, tasks } from "../../api/cloud.js";
import { type LogSection, sectionsOf } from "../log/task-sections.js";

export interface TaskHistory {
  readonly task: TaskView;
  /** One for each component of the plan, in their order. */
  readonly sections: readonly LogSection[];
  /** Whether the device's history goes on behind what was loaded. */
  readonly isCut: boolean;
}

const PAGE_EVENTS = 1000;
/** Most pages that are loaded: a log of more lines is read nowhere but in a file. */
const MOST_PAGES = 3;
/** Reports of a device that come so long after the last change of its tasks are not theirs. */
const AFTER_MS = 60_000;

/** @returns what was said between the platform and a device in a plan; undefined if the plan has no such task */
export async function loadTaskHistory(
  planId: number,
  taskId: number,
  signal: AbortSignal,
): Promise<TaskHistory | undefined> {
  const [task] = (await tasks.list({ plan: planId, after: taskId - 1, limit: 1, order: "oldest" }, signal)).items;
  if (task?.id !== taskId) return undefined;
  const about = { product: task.productId, device: task.deviceName };
  const ofDevice = (await tasks.list({ ...about, plan: planId, limit: 50, order: "oldest" }, signal)).items;
  const { found, isCut } = await eventsOf(about, ofDevice, signal);
  return { task, sections: sectionsOf(found, ofDevice), isCut };
}

async function eventsOf(
  about: { readonly product: string; readonly device: string },
  ofDevice: readonly TaskView[],
  signal: AbortSignal,
): Promise<{ readonly found: readonly EventView[]; readonly isCut: boolean }> {
  const firsts = await Promise.all(
    ofDevice.map(({ id }) => events.list({ task: id, limit: 1, order: "oldest" }, signal)),
  );
  const first = Math.min(...firsts.flatMap(({ items }) => items.map(({ id }) => id)));
  const found: EventView[] = [];
  if (!Number.isFinite(first)) return { found, isCut: false };
  const lastMs = Math.max(...ofDevice.map(({ updatedAt }) => updatedAt)) + AFTER_MS;
  let after = first - 1;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = await events.list({ ...about, after, limit: PAGE_EVENTS, order: "oldest" }, signal);
    found.push(...items);
    if (next === undefined || (items.at(-1)?.at ?? 0) > lastMs) return { found, isCut: false };
    after = next;
  }
  return { found, isCut: true };
}
