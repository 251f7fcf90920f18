import assert from "node:assert/strict";
import { test } from "node:test";
import { openAtRest } from "../../../../cloud/core.js";
import { withFolder } from "../../../support/folder.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };

test("a plan whose tasks were not all made when it was paused gets the others at the next start", async () => {
  await withFolder(async (folder) => {
    const first = await openAtRest(folder);
    const add = (deviceName: string) => first.operator.addDevices([{ productId: PRODUCT, deviceName }], ACTOR);
    await add("d1");
    const { id } = await first.operator.createPlan(
      { name: "plan", product: PRODUCT, version: "2.0.0", all: true, override: "a test" },
      ACTOR,
    );
    // As a process leaves it that ends between two pieces of the matching.
    await first.state.transactions.run(async ({ tables }) => {
      const seen = { ended: 0, bad: 0 };
      await tables.plans.update(id, {
        state: "paused",
        data: JSON.stringify({ name: "paused", seen }),
        activatedAt: 1,
      });
      const product = await tables.products.find(PRODUCT);
      const package_ = await tables.packages.insert(
        {
          productId: product?.id ?? 0,
          component: "firmware",
          kind: "module",
          form: "full",
          sourceVersion: "",
          version: "2.0.0",
          name: "",
          remark: "",
          requirements: null,
          state: "uploaded",
          data: '{"name":"uploaded"}',
          createdAt: 1,
        },
        [],
      );
      await tables.plans.replaceParts(id, {
        texts: [],
        devices: [],
        components: [{ position: 0, component: "firmware", version: "2.0.0", packageId: package_.id }],
      });
    });
    await first.close();
    const second = await openAtRest(folder);
    await second.start();
    await second.rollout.idle();
    await second.operator.resumePlan(id, ACTOR);
    assert.equal((await second.operator.plan(id)).counts.waiting, 1);
    await second.close();
  });
});
