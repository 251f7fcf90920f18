import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { RestBed, type RestOptions } from "../../../support/rest-bed.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };
const COMPONENTS = ["firmware", "mcu", "motor"];

/** Two devices with three components each, and an active plan for all of them. */
function withPlan(body: (bed: RestBed, planId: number) => Promise<void>, options: RestOptions = {}): Promise<void> {
  return RestBed.run(async (bed) => {
    await bed.devices(2);
    for (const component of COMPONENTS) {
      const content = Readable.from([Buffer.from(`image of ${component}`)]);
      await bed.operator.addPackage(
        { productId: PRODUCT, version: "2.0.0", component, fileName: "image.bin" },
        content,
        ACTOR,
      );
    }
    for (const device of [1, 2]) for (const component of COMPONENTS) await runs(bed, device, component, "1.0.0");
    const packages = COMPONENTS.map((component) => ({ component, version: "2.0.0" }));
    const input = { name: "p", product: PRODUCT, from: ["1.0.0"], packages, override: "a test" };
    const { id } = await bed.operator.createPlan(input, ACTOR);
    await bed.operator.activatePlan(id, ACTOR);
    await body(bed, id);
  }, options);
}

function runs(bed: RestBed, device: number, component: string, version: string): Promise<void> {
  return bed.state.store.write(({ components }) => components.set(device, component, version, 1));
}

/** @returns the tasks of a device, in the order of their components */
async function statesOf(bed: RestBed, planId: number, device: number): Promise<string[]> {
  const tasks = (await bed.tasks(planId)).filter(({ deviceId }) => deviceId === device);
  return tasks.sort((one, other) => one.position - other.position).map(({ state, reason }) => `${state} ${reason}`);
}

async function assertCounted(bed: RestBed, planId: number): Promise<void> {
  const counts: Record<string, number> = {};
  for (const { state } of await bed.tasks(planId)) counts[state] = (counts[state] ?? 0) + 1;
  assert.deepEqual(await bed.tables.tasks.countsByState(planId), counts);
}

test("a component that is cancelled ends the later ones, each once", () =>
  withPlan(async (bed, id) => {
    const [first] = await bed.tasks(id);
    assert.ok(first !== undefined);
    await bed.operator.cancelTask(first.id, ACTOR);
    assert.deepEqual(await statesOf(bed, id, first.deviceId), [
      "cancelled by-operator",
      "cancelled earlier-component",
      "cancelled earlier-component",
    ]);
    await assertCounted(bed, id);
    const { items } = await bed.operator.events({ kind: "task-cancelled" }, {});
    assert.equal(items.length, COMPONENTS.length);
  }));

test("a plan goes on with its other devices when one that has tasks for several components is removed", () =>
  withPlan(async (bed, id) => {
    await bed.operator.removeDevice({ productId: PRODUCT, deviceName: "d1" }, ACTOR);
    await bed.core.rollout.tick();
    await assertCounted(bed, id);
    assert.deepEqual(await statesOf(bed, id, 2), ["waiting new", "waiting new", "waiting new"]);
    assert.equal((await bed.operator.plan(id)).state, "active");
  }));

test("a device that the plan does not fit any more gets no later component either", () => {
  let online = false;
  return withPlan(
    async (bed, id) => {
      await runs(bed, 1, "firmware", "1.5.0");
      online = true;
      await bed.core.rollout.tick();
      assert.deepEqual(await statesOf(bed, id, 1), [
        "cancelled no-match",
        "cancelled earlier-component",
        "cancelled earlier-component",
      ]);
      await assertCounted(bed, id);
    },
    { isOnline: ({ deviceName }) => online && deviceName === "d1" },
  );
});
