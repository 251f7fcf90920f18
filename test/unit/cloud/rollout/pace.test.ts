import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ConsoleBed } from "../../../support/console-bed.js";

test("a page that was asked for before the first turn, and is answered after it, makes no room for another turn", () =>
  ConsoleBed.run(async (bed) => {
    await bed.devices(["d1", "d2", "d3"]);
    await bed.package("2.0.0");
    const { id } = await bed.plan({ pace: { maxInFlight: 1, perMinute: 1000, stages: [100] } });
    await bed.core.rollout.idle();
    // A database that is slow to answer what is asked outside of a transaction.
    let answer = (): void => {};
    const gate = new Promise<void>((resolve) => (answer = resolve));
    const { tasks } = bed.tables;
    const countsByState = tasks.countsByState.bind(tasks);
    mock.method(tasks, "countsByState", async (planId: number) => {
      const counts = await countsByState(planId);
      await gate;
      return counts;
    });
    let isAnswered = false;
    const page = bed.operator.tasks({ planId: id }, {}).then(() => (isAnswered = true));
    const states = async (): Promise<string[]> => {
      const stored = await bed.tables.taskLists.ofPlan(id, { limit: 10 });
      return stored.map(({ state }) => state).sort();
    };
    await bed.seconds(1);
    assert.deepEqual(await states(), ["offered", "waiting", "waiting"]);
    assert.equal(isAnswered, false);
    answer();
    await page;
    await bed.seconds(10);
    assert.deepEqual(await states(), ["offered", "waiting", "waiting"]);
  }));

test("tasks get their turn in their order, in whatever order the database gives their devices", () =>
  ConsoleBed.run(async (bed) => {
    await bed.devices(["d1", "d2", "d3"]);
    await bed.package("2.0.0");
    const { devices } = bed.tables;
    const byIds = devices.byIds.bind(devices);
    mock.method(devices, "byIds", async (ids: readonly number[]) => (await byIds(ids)).reverse());
    const { id } = await bed.plan({ pace: { maxInFlight: 1, perMinute: 1000, stages: [100] } });
    await bed.seconds(2);
    const { items } = await bed.operator.tasks({ planId: id }, { order: "oldest" });
    assert.deepEqual(
      items.map(({ deviceName, state }) => `${deviceName} ${state}`),
      ["d1 offered", "d2 waiting", "d3 waiting"],
    );
  }));
