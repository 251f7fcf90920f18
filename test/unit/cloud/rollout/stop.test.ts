import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Core } from "../../../../cloud/core.js";
import { openState } from "../../../../cloud/state.js";
import { withFolder } from "../../../support/folder.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };
const ORDINARY = { name: "plan", product: PRODUCT, version: "2.0.0", override: "a test" };

test("a stop ends its downloads while the tasks of another, large plan are made", async () => {
  await withFolder(async (folder) => {
    const state = await openState(folder);
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const core = new Core({
      state,
      urlLifetimeSec: 60,
      fileBase: () => undefined,
      publish: () => {},
      isOnline: () => false,
      endDownloads: () => end(),
    });
    const { operator } = core;
    await operator.addDeviceCount({ productId: PRODUCT, prefix: "d", count: 3000 }, ACTOR);
    await operator.addPackage(
      { productId: PRODUCT, version: "2.0.0", fileName: "image.bin" },
      Readable.from([Buffer.from("image")]),
      ACTOR,
    );
    const small = await operator.createPlan({ ...ORDINARY, devices: ["d0001"] }, ACTOR);
    const large = await operator.createPlan({ ...ORDINARY, all: true }, ACTOR);
    await operator.activatePlan(small.id, ACTOR);
    const isMatched = async () => (await state.transactions.tables.plans.byId(large.id))?.matchedAt !== null;
    const activated = operator.activatePlan(large.id, ACTOR);
    while ((await operator.plan(large.id)).state === "draft") await new Promise((resolve) => setTimeout(resolve, 1));
    const stopped = operator.stopPlan(small.id, ACTOR);
    await ended;
    assert.equal(await isMatched(), false);
    await Promise.all([activated, stopped]);
    await core.rollout.idle();
    await core.close();
  });
});
