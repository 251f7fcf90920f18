import assert from "node:assert/strict";
import { test } from "node:test";
import { chipsOf, filteredTotal } from "../../../../cloud/console/pages/plans/chips.js";
import { commandsOf, type PlanCommand } from "../../../../cloud/console/pages/plans/commands.js";
import { leftFile, leftGroups } from "../../../../cloud/console/pages/plans/left-out.js";
import { loadUpdates } from "../../../../cloud/console/pages/plans/load-updates.js";
import { type Counts, mayRetry, planReason, sumsOf } from "../../../../cloud/console/pages/plans/plan-counts.js";
import { hourOf, spanOf, targetsOf } from "../../../../cloud/console/pages/plans/settings-of.js";
import { taskReason } from "../../../../cloud/console/pages/plans/task-reason.js";
import { timelineOf } from "../../../../cloud/console/pages/plans/timeline.js";
import { PLAN_STATES } from "../../../../cloud/fleet/plan-types.js";
import { TASK_STATES } from "../../../../cloud/fleet/task-types.js";
import type { PlanView } from "../../../../cloud/operator/types.js";
import { MACHINES } from "../../../machine/fleet-moves.js";

function countsOf(counts: Partial<Counts> = {}): Counts {
  return { ...(Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as unknown as Counts), ...counts };
}

/** Which event of the plan's machine a button of the page causes. */
const EVENTS: { readonly [command in Exclude<PlanCommand, "copy">]: string } = {
  activate: "activation-commanded",
  edit: "edit-commanded",
  remove: "deletion-commanded",
  pause: "pause-commanded",
  resume: "resume-commanded",
  cancel: "cancel-commanded",
  stop: "stop-commanded",
  retry: "retry-commanded",
};

test("a plan's page has a button for each command that its machine takes, and for none that it refuses", () => {
  const moves = MACHINES.find(({ name }) => name === "plan")?.moves ?? [];
  let compared = 0;
  for (const state of PLAN_STATES) {
    for (const [command, type] of Object.entries(EVENTS)) {
      for (const move of moves.filter((each) => each.from === state && each.type === type)) {
        const { reason = "" } = move.state as { readonly reason?: string };
        const counts = countsOf({ failed: 1, downloading: 1 });
        const commands: readonly string[] = commandsOf({ state, reason, counts, purpose: "update" });
        const { kind, because } = move.run().answer;
        // What is wrong with a draft is told when somebody activates it.
        if (because === "cannot-be-activated") continue;
        assert.equal(commands.includes(command), kind !== "refused", `${command} of ${state} ${reason}`);
        compared += 1;
      }
    }
  }
  assert.ok(compared >= PLAN_STATES.length * Object.keys(EVENTS).length, `only ${compared} were compared`);
});

test("nothing to retry, nothing to stop and no copy of a verification: no button for it", () => {
  const of = (state: PlanView["state"], purpose: PlanView["purpose"] = "update") =>
    commandsOf({ state, reason: "", counts: countsOf({ succeeded: 3 }), purpose });
  assert.deepEqual(of("finished"), ["copy"]);
  assert.deepEqual(of("cancelled"), ["copy"]);
  assert.deepEqual(of("active", "verification"), ["pause", "cancel", "stop"]);
});

test("a plan's counts are summed by what an operator decides about", () => {
  const counts = countsOf({ waiting: 4, trial: 1, succeeded: 10, failed: 2, silent: 3, declined: 1 });
  assert.deepEqual(sumsOf(counts), { total: 21, open: 5, ended: 16, bad: 5 });
  assert.deepEqual(planReason("threshold: 5 of 50 failed or are silent"), {
    code: "threshold",
    detail: "5 of 50 failed or are silent",
  });
  assert.deepEqual(planReason("stopped: token: ana"), { code: "stopped", detail: "token: ana" });
  assert.deepEqual(planReason(""), { code: "", detail: "" });
});

test("a task that ended without success can be tried again, unless its device is gone", () => {
  const retried = TASK_STATES.filter((state) => mayRetry({ state, reason: "" }));
  assert.deepEqual(retried.toSorted(), ["cancelled", "declined", "failed", "silent"]);
  assert.equal(mayRetry({ state: "cancelled", reason: "device-removed" }), false);
});

test("a task's reason is divided into its code and what belongs to it", () => {
  const of = (state: Parameters<typeof taskReason>[0]["state"], reason: string, nextTryAt?: number): object =>
    taskReason({ state, reason, ...(nextTryAt === undefined ? {} : { nextTryAt }) });
  assert.deepEqual(of("waiting", "retry-at", 5), { code: "retry-at", untilMs: 5 });
  assert.deepEqual(of("waiting", "offline", 5), { code: "offline" });
  assert.deepEqual(of("waiting", "other-plan 12"), { code: "other-plan", planId: 12 });
  assert.deepEqual(of("waiting", "earlier-component mcu"), { code: "earlier-component", component: "mcu" });
  assert.deepEqual(of("failed", "-5 flash is worn"), { code: "-5" });
  assert.deepEqual(of("cancelled", "no-match denied"), { code: "no-match", match: "denied" });
  assert.deepEqual(of("superseded", "12"), { planId: 12 });
  assert.deepEqual(of("declined", "not now"), { quote: "not now" });
  assert.deepEqual(of("declined", "declined: battery at 12 %"), { quote: "battery at 12 %" });
  assert.deepEqual(of("declined", "declined"), { code: "declined" });
  assert.deepEqual(of("waiting", ""), {});
});

test("chips are the reasons of what went wrong, or of the chosen state; the total follows the filter", () => {
  const items = [
    { state: "waiting", reason: "new", tasks: 50 },
    { state: "failed", reason: "-4", tasks: 2 },
    { state: "failed", reason: "-1", tasks: 7 },
    { state: "succeeded", reason: "late", tasks: 1 },
  ] as const;
  assert.deepEqual(
    chipsOf(items, "").map(({ reason }) => reason),
    ["-1", "-4"],
  );
  assert.deepEqual(
    chipsOf(items, "waiting").map(({ reason }) => reason),
    ["new"],
  );
  const counts = countsOf({ waiting: 50, failed: 9, succeeded: 1 });
  assert.equal(filteredTotal(counts, items, "", ""), 60);
  assert.equal(filteredTotal(counts, items, "failed", ""), 9);
  assert.equal(filteredTotal(counts, items, "failed", "-4"), 2);
  assert.equal(filteredTotal(counts, undefined, "failed", "-4"), undefined);
});

test("the lines of a plan's chart sum states of one meaning, and end with what is now", () => {
  const points = [
    { at: 1, counts: { waiting: 3 } },
    { at: 2, counts: { waiting: 1, offered: 1, burning: 1 } },
  ];
  assert.deepEqual(timelineOf(points, { at: 3, counts: countsOf({ succeeded: 3 }) }), {
    times: [1, 2, 3],
    lines: [
      { name: "succeeded", color: "--succeeded", values: [0, 0, 3] },
      { name: "running", color: "--running", values: [0, 2, 0] },
      { name: "waiting", color: "--waiting", values: [3, 1, 0] },
    ],
  });
  assert.deepEqual(timelineOf(points, { at: 2, counts: {} }).times, [1, 2]);
});

test("devices that are in the plan are not among those that it leaves out", () => {
  assert.deepEqual(leftGroups({ denied: 2, "open-task-of-plan": 90, "runs-target": 5, "wrong-chip": 0 }), [
    ["runs-target", 5],
    ["denied", 2],
  ]);
  const left = ["denied", "open-task-of-plan"].map((reason) => ({
    productId: "P",
    deviceName: `=a,"${reason}`,
    reason,
  }));
  assert.equal(leftFile(left), `productId,deviceName,reason\r\nP,"'=a,""denied",denied\r\n`);
});

test("the settings of a plan are told with whole units and target versions", () => {
  assert.equal(hourOf(7), "07:00");
  assert.deepEqual(
    [3600, 5400, 86_400, 604_800, 45].map((seconds) => spanOf(seconds, "en")),
    ["1 hour", "90 minutes", "1 day", "7 days", "45 seconds"],
  );
  const packages = [
    { component: "firmware", version: "2.0.0" },
    { component: "mcu", version: "7" },
  ];
  assert.deepEqual(targetsOf({ packages }), ["2.0.0", "mcu 7"]);
});

test("a list that is mostly verifications is loaded on until there is something to show", async () => {
  const all = Array.from({ length: 500 }, (_, index) => ({
    id: 500 - index,
    purpose: index % 100 === 0 ? "update" : "verification",
  })) as unknown as readonly PlanView[];
  const asked: (number | undefined)[] = [];
  const load = async (after: number | undefined) => {
    asked.push(after);
    const rest = all.filter(({ id }) => after === undefined || id < after);
    const items = rest.slice(0, 100);
    return { items, ...(rest.length > 100 ? { next: items.at(-1)?.id ?? 0 } : {}) };
  };
  const found = await loadUpdates(load, undefined, false);
  assert.deepEqual(
    found.items.map(({ id }) => id),
    [500, 400, 300, 200, 100],
  );
  assert.equal(found.next, undefined);
  assert.equal(asked.length, 5);
  assert.equal((await loadUpdates(load, undefined, true)).next, 401);
});
