import assert from "node:assert/strict";
import { test } from "node:test";
import type { TransactionStore } from "../../../../cloud/rollout/work.js";
import { RestBed } from "../../../support/rest-bed.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };

test("a device that is removed while a large plan is matched gets no task, and the matching goes on", async () => {
  let beforeWrite = async (): Promise<void> => {};
  const wrap = (store: TransactionStore): TransactionStore => ({
    tables: store.tables,
    enqueue: (work) => store.enqueue(work),
    write: async (work) => {
      await beforeWrite();
      return store.write(work);
    },
  });
  await RestBed.run(
    async (bed) => {
      await bed.devices(1200);
      await bed.package();
      const { id } = await bed.plan();
      const product = await bed.tables.products.find(PRODUCT);
      const known = await bed.tables.devices.list({ productId: product?.id ?? 0 }, { limit: 1000 });
      const gone = known[700];
      assert.ok(gone);
      let writes = 0;
      beforeWrite = async () => {
        // The first write is the activation, the second makes the tasks of the first devices.
        if (++writes === 3) await bed.state.store.write(({ devices }) => devices.remove(gone.id));
      };
      await bed.operator.activatePlan(id, ACTOR);
      await bed.core.rollout.idle();
      const { matchedAt } = (await bed.tables.plans.byId(id)) ?? {};
      assert.notEqual(matchedAt, null, "the matching has ended");
      const tasks = await bed.tasks(id);
      assert.equal(tasks.length, 1199);
      assert.equal(
        tasks.some(({ deviceId }) => deviceId === gone.id),
        false,
      );
    },
    { wrap },
  );
});
