import assert from "node:assert/strict";
import { test } from "node:test";
import { logRows } from "../../../../cloud/console/pages/log/event-side.js";
import { sectionsOf } from "../../../../cloud/console/pages/log/task-sections.js";
import type { EventView, TaskView } from "../../../../cloud/operator/types.js";

const device = { productId: "ABCDE12345", deviceName: "lamp" };

function history(
  ...entries: readonly (readonly [at: number, kind: string, taskId?: number | undefined, planId?: number])[]
) {
  return entries.map(
    ([at, kind, taskId, planId], index): EventView => ({
      id: index + 1,
      at,
      kind,
      device,
      detail: {},
      ...(taskId === undefined ? {} : { taskId, planId: planId ?? 1 }),
      ...(planId === undefined ? {} : { planId }),
    }),
  );
}

function task(id: number, component = "firmware"): TaskView {
  return { ...device, id, planId: 1, component, state: "waiting", reason: "", version: "2", attempt: 0, updatedAt: 0 };
}

function kindsOf(events: readonly EventView[], tasks: readonly TaskView[]): readonly (readonly string[])[] {
  return sectionsOf(events, tasks).map((section) => section.events.map(({ kind }) => kind));
}

test("a report belongs to the task that the device has an offer of", () => {
  const events = history(
    [1, "version-reported"],
    [2, "task-offered", 7],
    [3, "download-reported"],
    [4, "version-reported"],
    [4, "task-succeeded", 7],
    [5, "version-reported"],
    [6, "task-offered", 8],
    [7, "burn-reported"],
  );
  assert.deepEqual(kindsOf(events, [task(7), task(8, "mcu")]), [
    ["task-offered", "download-reported", "version-reported", "task-succeeded"],
    ["task-offered", "burn-reported"],
  ]);
});

test("a late report belongs to the task that it has changed, and what other plans do belongs to none", () => {
  const events = history(
    [1, "task-offered", 7],
    [2, "task-silent", 7],
    [3, "task-offered", 99, 5],
    [4, "download-reported"],
    [5, "task-cancelled", 99, 5],
    [6, "version-reported"],
    [6, "task-succeeded", 7],
  );
  assert.deepEqual(kindsOf(events, [task(7)]), [["task-offered", "task-silent", "version-reported", "task-succeeded"]]);
});

test("a device that joins a dynamic plan begins the log of its first task, of this plan alone", () => {
  const events = history([1, "task-created", undefined, 5], [2, "task-created", undefined, 1], [3, "task-offered", 7]);
  assert.deepEqual(kindsOf(events, [task(7), task(8)]), [["task-created", "task-offered"], []]);
});

test("a report and what was decided on it share a row; the order stays", () => {
  const rows = logRows(history([1, "task-offered", 7], [2, "download-reported"], [2, "task-downloading", 7], [3, "x"]));
  assert.deepEqual(
    rows.map(({ at, platform, decision, device: reported }) => [at, platform.length, decision.length, reported.length]),
    [
      [1, 1, 0, 0],
      [2, 0, 1, 1],
      [3, 0, 1, 0],
    ],
  );
});
