import assert from "node:assert/strict";
import { test } from "node:test";
import { withServedOperator } from "../../../support/served-operator.js";

const SAVING = "a delta or a compressed image is offered if it is 10% smaller than the whole file\n";

test("settings shows for how many days the history is kept, and changes it", async () => {
  await withServedOperator(async ({ operator, run }) => {
    assert.equal((await run("settings")).stdout, `the history is kept for 90 days\n${SAVING}`);
    assert.equal((await run("settings", "--keep-events", "1")).stdout, `the history is kept for 1 day\n${SAVING}`);
    assert.deepEqual(operator.settingsNow, { keepEventsDays: 1, leastSavingPercent: 10 });
    assert.equal((await run("settings", "--json")).stdout, '{"keepEventsDays":1,"leastSavingPercent":10}\n');
    for (const days of ["0", "x", "36501"]) {
      const { code, stderr } = await run("settings", "--keep-events", days);
      assert.equal(code, 2, stderr);
    }
  });
});
