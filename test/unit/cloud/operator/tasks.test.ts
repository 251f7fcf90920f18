import assert from "node:assert/strict";
import { test } from "node:test";
import { type RestingCloud, withRestingCloud } from "../../../support/resting-cloud.js";
import { NOW, type SmallFleet, taskOf } from "../store/open-store.js";

const STATES = [
  { state: "failed", reason: "-1", detail: "no room" },
  { state: "failed", reason: "-1", detail: "no power" },
  { state: "failed", reason: "-4" },
  { state: "silent", reason: "burning" },
  { state: "cancelled", reason: "plan-cancelled", detail: "anna" },
  { state: "declined", reason: null, detail: "not now" },
  { state: "succeeded", reason: "reported" },
  { state: "waiting", reason: "new", detail: "", nextTryAt: 0 },
  { state: "waiting", reason: "retry", detail: "", nextTryAt: NOW },
  { state: "waiting", reason: "new", detail: "", nextTryAt: NOW + 1 },
  { state: "trial", reason: "done", deadlineAt: NOW },
  { state: "downloading", percent: 5, deadlineAt: NOW },
] as const;

/** Gives each device of a fleet a task in one of the states. */
async function filled(cloud: RestingCloud): Promise<SmallFleet> {
  const fleet = await cloud.fleet(STATES.length);
  await cloud.write((tables) =>
    tables.tasks.insertMany(
      STATES.map((each, index) => {
        const open = ["waiting", "trial", "downloading"].includes(each.state) ? 1 : 0;
        return taskOf(fleet, fleet.devices[index]!, { ...each, open });
      }),
    ),
  );
  return fleet;
}

test("the tasks of a plan are counted by state and reason, most tasks first in a state", () =>
  withRestingCloud(async (cloud) => {
    const { plan } = await filled(cloud);
    const counts = async () =>
      (await cloud.operator.planReasons(plan.id)).map(({ state, reason, tasks }) => `${state} ${reason} ${tasks}`);
    const expected = [
      "waiting new 2",
      "waiting retry 1",
      "downloading  1",
      "trial  1",
      "succeeded reported 1",
      "failed -1 2",
      "failed -4 1",
      "declined  1",
      "silent burning 1",
      "cancelled plan-cancelled 1",
    ];
    assert.deepEqual(await counts(), expected);
    const [task] = (await cloud.operator.tasks({ planId: plan.id, state: "failed", reason: "-4" }, {})).items;
    await cloud.write((tables) =>
      tables.tasks.update(task!.id, { state: "waiting", open: 1, reason: "retry", nextTryAt: 5 }),
    );
    assert.deepEqual((await counts()).slice(0, 2), ["waiting new 2", "waiting retry 2"]);
    assert.ok(!(await counts()).includes("failed -4 1"));
    const other = await cloud.write((tables) => tables.plans.insert({ ...row(plan), name: "none" }));
    assert.deepEqual(await cloud.operator.planReasons(other.id), []);
    await assert.rejects(cloud.operator.planReasons(other.id + 1), { code: "not-found" });
  }));

function row<Row extends { readonly id: number }>({ id: _id, ...rest }: Row): Omit<Row, "id"> {
  return rest;
}

test("each reason that a count names finds as many tasks, in both orders and page by page", () =>
  withRestingCloud(async (cloud) => {
    const { plan } = await filled(cloud);
    const { operator } = cloud;
    const counts = await operator.planReasons(plan.id);
    for (const { state, reason, tasks } of counts) {
      // Tasks in flight have a reason of their own that is not counted.
      const filter = { planId: plan.id, state, ...(state === "trial" ? {} : { reason }) };
      const oldest = (await operator.tasks(filter, {})).items.map(({ id }) => id);
      assert.equal(oldest.length, tasks, `${state} ${reason}`);
      const newest: number[] = [];
      for (let after: number | undefined; ; ) {
        const page = await operator.tasks(filter, {
          limit: 1,
          order: "newest",
          ...(after === undefined ? {} : { after }),
        });
        newest.push(...page.items.map(({ id }) => id));
        after = page.next;
        if (after === undefined) break;
      }
      assert.deepEqual(newest, oldest.toReversed());
    }
    assert.deepEqual((await operator.tasks({ planId: plan.id, state: "failed", reason: "-9" }, {})).items, []);
    assert.equal((await operator.tasks({ reason: "-1" }, {})).items.length, 2);
  }));

test("tasks are found by the product of their plan", () =>
  withRestingCloud(async (cloud) => {
    await filled(cloud);
    const { operator } = cloud;
    await operator.setProduct({ productId: "OTHER12345" }, { name: "test", origin: "local" });
    assert.equal((await operator.tasks({ productId: "ABCDE12345" }, {})).items.length, STATES.length);
    assert.equal((await operator.tasks({ productId: "ABCDE12345", state: "failed" }, {})).items.length, 3);
    assert.deepEqual((await operator.tasks({ productId: "OTHER12345" }, {})).items, []);
    await assert.rejects(operator.tasks({ productId: "NONE123456" }, {}), { code: "not-found" });
  }));
