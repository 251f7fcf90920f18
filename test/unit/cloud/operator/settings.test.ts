import assert from "node:assert/strict";
import { test } from "node:test";
import { Cloud } from "../../../../cloud/cloud.js";
import { openAtRest } from "../../../../cloud/core.js";
import { Refusal } from "../../../../cloud/operator/types.js";
import { withFolder } from "../../../support/folder.js";

const ANNA = { name: "anna", origin: "10.0.0.5" };

test("the history is kept for 90 days until an operator sets it, which the audit shows once and a restart keeps", () =>
  withFolder(async (folder) => {
    const { operator } = await openAtRest(folder);
    assert.deepEqual(await operator.settings(), { keepEventsDays: 90, leastSavingPercent: 10 });
    assert.deepEqual(await operator.changeSettings({}, ANNA), { keepEventsDays: 90, leastSavingPercent: 10 });
    for (const _twice of [1, 2]) {
      const changed = await operator.changeSettings({ keepEventsDays: 30 }, ANNA);
      assert.deepEqual(changed, { keepEventsDays: 30, leastSavingPercent: 10 });
    }
    for (const keepEventsDays of [0, 1.5, 36_501, Number.NaN]) {
      await assert.rejects(
        operator.changeSettings({ keepEventsDays }, ANNA),
        (error) => error instanceof Refusal && error.code === "invalid",
      );
    }
    const { items } = await operator.audit({});
    assert.deepEqual(
      items.map(({ actor, action, detail }) => [actor, action, detail]),
      [["anna", "settings-change", { keepEventsDays: 30, before: 90 }]],
    );
    await operator.close();
    const again = await openAtRest(folder);
    assert.deepEqual(await again.operator.settings(), { keepEventsDays: 30, leastSavingPercent: 10 });
    await again.operator.close();
  }));

test("what a cloud is started with is stored, and holds for one that is started without it", () =>
  withFolder(async (folder) => {
    for (const [given, then] of [
      [undefined, 90],
      [7, 7],
      [undefined, 7],
    ] as const) {
      const cloud = await Cloud.start({ folder, keepEventsDays: given });
      assert.deepEqual(await cloud.operator.settings(), { keepEventsDays: then, leastSavingPercent: 10 });
      await cloud.stop();
    }
  }));
