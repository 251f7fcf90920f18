import assert from "node:assert/strict";
import { test } from "node:test";
import { RestBed } from "../../../support/rest-bed.js";

const ACTOR = { name: "test", origin: "local" };

test("plans 999 and 1000, activated in the same millisecond, have a device in the order of their ids", () =>
  RestBed.run(
    async (bed) => {
      await bed.devices(1);
      await bed.package();
      const { id } = await bed.plan();
      const [template] = await bed.tables.plans.list();
      assert.ok(template);
      // The database gives the ids that follow.
      await bed.state.transactions.run(({ tables }) => tables.plans.insert({ ...template, id: 998 }));
      await bed.operator.deletePlan(id, ACTOR);
      const [earlier, later] = [await bed.plan(), await bed.plan()];
      assert.deepEqual([earlier.id, later.id], [999, 1000]);
      for (const plan of [later, earlier]) await bed.operator.activatePlan(plan.id, ACTOR);
      const reasons = async (planId: number) => {
        const { items } = await bed.operator.tasks({ planId }, {});
        return items.map(({ reason }) => reason);
      };
      assert.deepEqual([await reasons(999), await reasons(1000)], [["offline"], ["other-plan 999"]]);
    },
    { nowMs: () => 1_800_000_000_000 },
  ));
