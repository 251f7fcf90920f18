import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TransactionStore } from "../../../../cloud/rollout/work.js";
import { withFolder } from "../../../support/folder.js";
import { RestBed } from "../../../support/rest-bed.js";

const ACTOR = { name: "test", origin: "local" };
/** Two pieces. */
const TASKS = 210;
const PLAN = 1;

interface Run {
  /** Writes that the process has begun. */
  readonly writes: number;
  /** Those of them that were the commands. */
  readonly commands: number;
}

/** A process that ends before its write of this number. Nothing follows, as after kill -9. */
async function ended(folder: string, at: number, body: (bed: RestBed) => Promise<unknown>): Promise<Run> {
  let writes = 0;
  let counts = false;
  const wrap = (store: TransactionStore): TransactionStore => ({
    tables: store.tables,
    enqueue: (work) => store.enqueue(work),
    write: async (work) => {
      if (counts && ++writes >= at) throw new Error("the process has ended");
      return store.write(work);
    },
  });
  const bed = await RestBed.open(folder, { wrap });
  counts = true;
  await body(bed).catch(() => {});
  await bed.core.rollout.idle();
  const { items } = await bed.operator.audit({});
  const commands = items.filter(({ action }) => /^plan-(stop|resume|retry)$/.test(action)).length;
  await bed.core.close();
  return { writes, commands };
}

/** @returns what each task has gone through, in words: all of them the same, or it is an error */
async function historyOf(bed: RestBed): Promise<string> {
  const histories = new Map<number, string[]>();
  for (const { id } of await bed.tasks(PLAN)) histories.set(id, []);
  for (let after = 0; ; ) {
    const page = await bed.tables.events.list({}, { after, limit: 1000, order: "oldest" });
    for (const { taskId, kind } of page) histories.get(taskId ?? 0)?.push(kind);
    after = page.at(-1)?.id ?? after;
    if (page.length < 1000) break;
  }
  const different = new Map<string, number>();
  for (const kinds of histories.values()) {
    different.set(kinds.join(", "), (different.get(kinds.join(", ")) ?? 0) + 1);
  }
  return [...different].map(([history, tasks]) => `${tasks}: ${history}`).join("; ");
}

/** A folder with an active plan of many tasks, and further folders that are like it. */
async function withPlans(body: (next: () => string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const first = join(folder, "first");
    const bed = await RestBed.open(first);
    await bed.devices(TASKS);
    await bed.package();
    assert.equal((await bed.plan()).id, PLAN);
    await bed.operator.activatePlan(PLAN, ACTOR);
    await bed.core.rollout.idle();
    await bed.core.close();
    let number = 0;
    await body(() => {
      const next = join(folder, String(++number));
      cpSync(first, next, { recursive: true });
      return next;
    });
  });
}

async function failAll(bed: RestBed, which: string): Promise<void> {
  await bed.state.store.write(async ({ tasks, taskLists }) => {
    for (const task of await taskLists.ofPlan(PLAN, { limit: TASKS })) {
      if (task.state !== which) continue;
      const { attempt } = task;
      const failed = { state: "failed", reason: "-5", detail: "", open: 0, inFlight: 0 } as const;
      await tasks.update(task.id, { ...failed, attempt: attempt + 1, nextTryAt: null }, task);
    }
  });
}

async function restarted(folder: string, body: (bed: RestBed) => Promise<void>): Promise<void> {
  const bed = await RestBed.open(folder);
  await bed.core.start();
  await bed.core.rollout.idle();
  try {
    assert.equal((await bed.tables.plans.byId(PLAN))?.telling, null);
    await body(bed);
  } finally {
    await bed.core.close();
  }
}

test("wherever the cloud ends in a plan retry, each task is retried once", () =>
  withPlans(async (next) => {
    for (let at = 1; ; at++) {
      const folder = next();
      const prepared = await RestBed.open(folder);
      await failAll(prepared, "waiting");
      await prepared.core.close();
      const { writes, commands } = await ended(folder, at, (bed) => bed.operator.retryPlan(PLAN, {}, ACTOR));
      // Those that were retried before the end have failed again by the time of the restart.
      const between = await RestBed.open(folder);
      await failAll(between, "waiting");
      const again = (await between.tasks(PLAN)).filter(({ attempt }) => attempt === 2).length;
      await between.core.close();
      await restarted(folder, async (bed) => {
        const expected = commands === 0 ? `${TASKS}: ` : `${TASKS}: task-retry-commanded`;
        assert.equal(await historyOf(bed), expected, `ended before write ${at}`);
        const failed = (await bed.tasks(PLAN)).filter(({ state }) => state === "failed").length;
        assert.equal(failed, commands === 0 ? TASKS : again, `ended before write ${at}`);
      });
      if (writes < at) {
        assert.ok(at > 4, "the command, its pieces and a count are looked at");
        return;
      }
    }
  }));

test("wherever the cloud ends while a stop, a resume and a stop are told, each task learns all of them in order", () =>
  withPlans(async (next) => {
    for (let at = 1; ; at++) {
      const folder = next();
      const { writes, commands } = await ended(folder, at, ({ operator }) =>
        Promise.allSettled([
          operator.stopPlan(PLAN, ACTOR),
          operator.resumePlan(PLAN, ACTOR),
          operator.stopPlan(PLAN, ACTOR),
        ]),
      );
      const expected = ["task-cancelled", "task-plan-resumed", "task-cancelled"].slice(0, commands).join(", ");
      await restarted(folder, async (bed) => {
        assert.equal(await historyOf(bed), `${TASKS}: ${expected}`, `ended before write ${at}`);
      });
      if (writes < at) {
        assert.equal(commands, 3);
        return;
      }
    }
  }));

test("no task gets its turn that a stop is still to take back", () =>
  withPlans(async (next) => {
    const bed = await RestBed.open(next());
    await Promise.all([bed.operator.stopPlan(PLAN, ACTOR), bed.operator.resumePlan(PLAN, ACTOR)]);
    await bed.core.rollout.idle();
    const { tables } = bed;
    const { telling } = (await tables.plans.byId(PLAN)) ?? {};
    assert.equal(telling, null);
    const reason = async () => (await bed.operator.tasks({ planId: PLAN }, { limit: 1 })).items[0]?.reason;
    assert.equal(await reason(), "offline");
    await bed.state.store.write(({ plans }) =>
      plans.update(PLAN, { telling: JSON.stringify([{ event: "plan-stopped", told: 0 }]) }),
    );
    assert.equal(await reason(), "plan-halted");
    await bed.core.close();
  }));
