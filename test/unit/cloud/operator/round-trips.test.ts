import assert from "node:assert/strict";
import { mock, test } from "node:test";
import pg from "pg";
import { sharedServer } from "../../../support/engine-choice.js";
import { skipPostgres } from "../../../support/postgres.js";
import { withRestingCloud } from "../../../support/resting-cloud.js";
import { taskOf } from "../store/open-store.js";

const TASKS = 200;
const NEW = { reason: "new", detail: "", nextTryAt: 0 };

test(
  "on a server, a list asks no more of the database for many waiting tasks than for one",
  {
    skip: skipPostgres,
  },
  async () =>
    withRestingCloud(
      async ({ fleet, operator, write }) => {
        const made = await fleet(TASKS);
        await write((tables) => tables.tasks.insertMany(made.devices.map((device) => taskOf(made, device, NEW))));
        const filter = { planId: made.plan.id };
        const statements = mock.method(pg.Client.prototype, "query");
        const statementsOf = async (limit: number): Promise<number> => {
          statements.mock.resetCalls();
          const { items } = await operator.tasks(filter, { limit });
          assert.deepEqual(new Set(items.map(({ reason }) => reason)), new Set(["offline"]));
          assert.equal(items.length, limit);
          return statements.mock.callCount();
        };
        // The first list reads what is kept from then on.
        await statementsOf(1);
        assert.equal(await statementsOf(TASKS), await statementsOf(1));
      },
      await (await sharedServer()).database(),
    ),
);
