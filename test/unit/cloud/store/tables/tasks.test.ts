import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device, NewPlan, Task } from "../../../../../cloud/store/schema.js";
import { statementsOf, withEngine } from "../../../../support/query-plan.js";
import { addFleet, NOW, type SmallFleet, taskOf, withStore } from "../open-store.js";

function laterPlan({ product }: SmallFleet): NewPlan {
  return {
    productId: product.id,
    name: "later",
    purpose: "update",
    state: "active",
    data: '{"name":"active"}',
    settings: "{}",
    dynamic: 0,
    createdAt: NOW,
  };
}

const ids = (tasks: readonly Task[]): number[] => tasks.map(({ id }) => id);

test("a plan gives a device one task for each component, once; of all plans one of a component is in flight", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 1));
    const device = fleet.devices[0]!;
    const insert = (more: object): Promise<Task[]> =>
      store.write((tables) => tables.tasks.insertMany([taskOf(fleet, device, more)]));
    const [first] = await insert({});
    assert.deepEqual(await insert({}), []);
    const [motor] = await insert({ component: "motor" });
    assert.deepEqual(ids(await store.tables.tasks.openOfDevice(device.id)), [first!.id, motor!.id]);
    await store.write((tables) => tables.tasks.update(first!.id, { state: "succeeded", open: 0 }));
    assert.deepEqual(await insert({}), [], "also after it has ended");
    const { id: planId } = await store.write((tables) => tables.plans.insert(laterPlan(fleet)));
    const [second] = await insert({ planId, inFlight: 1 });
    assert.equal((await store.tables.tasks.openOf(device.id, "firmware"))?.id, second!.id);
    assert.deepEqual(ids(await store.tables.taskLists.ofDevice(device.id)), [second!.id, motor!.id, first!.id]);
    assert.deepEqual(ids(await store.tables.taskLists.ofDevice(device.id, { after: motor!.id })), [first!.id]);
    assert.deepEqual(ids(await store.tables.tasks.openOfDevices([device.id])), [motor!.id, second!.id]);
    assert.deepEqual(ids(await store.tables.taskLists.ofDeviceLately(device.id, 2)), [second!.id, motor!.id]);
    assert.deepEqual(await store.tables.tasks.countsByState(fleet.plan.id), { succeeded: 1, waiting: 1 });
    await assert.rejects(
      store.write((tables) => tables.tasks.update(first!.id, { inFlight: 1 })),
      /unique/i,
    );
    await store.write((tables) => tables.tasks.update(motor!.id, { inFlight: 1 }));
  }));

test("one task stands for a device: an open one if there is any, and of those the one of the latest plan", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 3));
    const [first, second, none] = fleet.devices as [Device, Device, Device];
    const { id: planId } = await store.write((tables) => tables.plans.insert(laterPlan(fleet)));
    const [ofLater, ofEarlier, other] = await store.write((tables) =>
      tables.tasks.insertMany([
        taskOf(fleet, first, { planId }),
        taskOf(fleet, first),
        taskOf(fleet, second, { state: "failed", open: 0 }),
      ]),
    );
    const latest = async (): Promise<number[]> =>
      ids(await store.tables.taskLists.latestOf([first.id, second.id, none.id])).sort((one, two) => one - two);
    assert.deepEqual(await latest(), [ofLater!.id, other!.id]);
    await store.write((tables) => tables.tasks.update(ofLater!.id, { state: "succeeded", open: 0 }));
    assert.deepEqual(await latest(), [ofEarlier!.id, other!.id]);
    await store.write((tables) => tables.tasks.update(ofEarlier!.id, { state: "cancelled", open: 0 }));
    assert.deepEqual(await latest(), [ofLater!.id, other!.id]);
  }));

test("the counts of states follow each change, and are taken back with a work that fails", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 1203));
    const added = await store.write((tables) =>
      tables.tasks.insertMany(fleet.devices.map((device) => taskOf(fleet, device))),
    );
    assert.equal(added.length, 1203);
    const states = ["offered", "asked", "downloading", "burning", "trial", "succeeded", "failed"] as const;
    await store.write(async (tables) => {
      for (const [index, state] of states.entries()) await tables.tasks.update(added[index]!.id, { state });
      await tables.tasks.update(added[0]!.id, { state: "offered", percent: 3 });
      await tables.tasks.update(added[1]!.id, { percent: 3 });
    });
    await assert.rejects(
      store.write(async (tables) => {
        await tables.tasks.update(added[0]!.id, { state: "failed" });
        throw new Error("no");
      }),
    );
    const counts = await store.tables.tasks.countsByState(fleet.plan.id);
    assert.deepEqual(counts, { ...Object.fromEntries(states.map((state) => [state, 1])), waiting: 1196 });
    assert.deepEqual(await store.tables.tasks.countsOfActivePlans(), counts);
    await store.write((tables) => tables.plans.update(fleet.plan.id, { state: "paused" }));
    assert.deepEqual(await store.tables.tasks.countsOfActivePlans(), {});
  }));

test("a new state of a task is two statements: the task, and the counts of both states at once", () =>
  withStore((store, folder, url) =>
    withEngine({ folder, url }, async (engine) => {
      const [task] = await store.write(async (tables) => {
        const fleet = await addFleet(tables, 1);
        return tables.tasks.insertMany(fleet.devices.map((device) => taskOf(fleet, device)));
      });
      assert.ok(task !== undefined);
      const states = ["offered", "offered", "burning"];
      const counts: number[] = [];
      for (const state of states) {
        counts.push(await statementsOf(engine, (tables) => tables.tasks.update(task.id, { state }, task)));
        task.state = state;
      }
      assert.deepEqual(counts, [2, 1, 2]);
      assert.deepEqual(await store.tables.tasks.countsByState(task.planId), { burning: 1 });
    }),
  ));

test("an open task is due at its deadline, the earliest first; one that was moved or has ended is not", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 5));
    const at = [NOW + 700_000, NOW + 5, NOW + 6, NOW + 7, null];
    const added = await store.write((tables) =>
      tables.tasks.insertMany(fleet.devices.map((device, index) => taskOf(fleet, device, { deadlineAt: at[index]! }))),
    );
    const [late, first, second, ended] = added as [Task, Task, Task, Task];
    await store.write((tables) => tables.tasks.update(ended.id, { open: 0 }));
    const due = async (now: number, limit = 10): Promise<number[]> => ids(await store.tables.tasks.due(now, limit));
    assert.deepEqual(await due(NOW + 4), []);
    assert.deepEqual(await due(NOW + 5), [first.id]);
    assert.deepEqual(await due(NOW + 699_999), [first.id, second.id]);
    assert.deepEqual(await due(NOW + 700_000), [first.id, second.id, late.id]);
    assert.deepEqual(await due(NOW + 700_000, 1), [first.id]);
    await store.write(async (tables) => {
      await tables.tasks.update(first.id, { deadlineAt: NOW + 900_000 });
      await tables.tasks.update(second.id, { deadlineAt: null });
      await tables.tasks.update(late.id, { deadlineAt: NOW - 900_000 });
    });
    assert.deepEqual(await due(NOW), [late.id]);
    assert.deepEqual(await due(NOW + 900_000), [late.id, first.id]);
  }));

test("of the waiting tasks those whose time has come are given, the earliest first, from one on", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 5));
    const more = [
      { nextTryAt: NOW + 2 },
      { nextTryAt: 0 },
      { nextTryAt: NOW + 1 },
      { state: "offered", nextTryAt: 0 },
      { nextTryAt: NOW + 3 },
    ];
    const added = await store.write((tables) =>
      tables.tasks.insertMany(fleet.devices.map((device, index) => taskOf(fleet, device, more[index]))),
    );
    const [two, atOnce, one] = added as [Task, Task, Task];
    const due = async (limit: number, after?: Task): Promise<number[]> => {
      const last = after === undefined ? undefined : { nextTryAt: after.nextTryAt ?? 0, id: after.id };
      return ids(await store.tables.tasks.waitingDue(fleet.plan.id, NOW + 2, limit, last));
    };
    assert.deepEqual(await due(10), [atOnce.id, one.id, two.id]);
    assert.deepEqual(await due(2), [atOnce.id, one.id]);
    assert.deepEqual(await due(10, atOnce), [one.id, two.id]);
    assert.deepEqual(await due(10, two), []);
  }));

test("a task is untried as long as it waits for its first try", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 4));
    const more = [{ attempt: 0 }, { attempt: 1 }, { state: "offered", attempt: 1 }, { attempt: 0 }];
    await store.write((tables) =>
      tables.tasks.insertMany(fleet.devices.map((device, index) => taskOf(fleet, device, more[index]))),
    );
    assert.equal(await store.tables.tasks.untried(fleet.plan.id), 2);
  }));

test("tasks of a plan come in pages, by state and component; offers from a time on", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 3));
    const more = [{ offeredAt: NOW, state: "offered" }, { offeredAt: NOW + 10, state: "failed", open: 0 as const }, {}];
    const added = await store.write((tables) =>
      tables.tasks.insertMany(fleet.devices.map((device, index) => taskOf(fleet, device, more[index]))),
    );
    const [a, b, c] = added as [Task, Task, Task];
    const { tasks, taskLists } = store.tables;
    const plan = fleet.plan.id;
    assert.deepEqual(ids(await taskLists.ofPlan(plan, { limit: 2 })), [a.id, b.id]);
    assert.deepEqual(ids(await taskLists.ofPlan(plan, { after: b.id })), [c.id]);
    assert.deepEqual(ids(await taskLists.ofPlan(plan, {}, { states: ["failed", "waiting"] })), [b.id, c.id]);
    assert.deepEqual(ids(await taskLists.ofPlan(plan, {}, { open: 0 })), [b.id]);
    assert.deepEqual(ids(await taskLists.ofPlan(plan, {}, { component: "motor" })), []);
    const [first, second] = fleet.devices as [Device, Device];
    assert.deepEqual(ids(await taskLists.ofPlanAndDevices(plan, [second.id, first.id])), [a.id, b.id]);
    assert.deepEqual(await tasks.offersSince(plan, NOW), [NOW, NOW + 10]);
    assert.deepEqual(await tasks.offersSince(plan, NOW + 1), [NOW + 10]);
    assert.deepEqual(ids(await taskLists.list({ planId: plan }, { after: a.id, limit: 1 })), [b.id]);
    assert.deepEqual(ids(await taskLists.list({ deviceId: first.id })), [a.id]);
    assert.deepEqual(ids(await taskLists.list({ state: "failed" })), [b.id]);
    assert.equal((await tasks.byId(c.id))?.state, "waiting");
  }));
