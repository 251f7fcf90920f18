import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { mock, test } from "node:test";
import type { Operator, PlanInput, PlanView } from "../../../../cloud/operator/types.js";
import { Plans } from "../../../../cloud/store/tables/plans.js";
import { withRestingCloud } from "../../../support/resting-cloud.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "anna", origin: "10.0.0.5" };
const PLAN = { name: "spring", product: PRODUCT, version: "2.0.0", override: "a test" };

/** Adds devices that run these versions, `-` for one that has reported none, and the package of version 2.0.0. */
async function filled(operator: Operator & { context: unknown }, versions: readonly string[]): Promise<void> {
  const names = versions.map((_version, index) => ({ productId: PRODUCT, deviceName: `d${index}` }));
  await operator.addDevices(names, ACTOR);
  await addPackage(operator, "2.0.0");
}

function addPackage(operator: Operator, version: string, sourceVersion?: string) {
  const request = { productId: PRODUCT, version, fileName: "image.bin" };
  return operator.addPackage(
    { ...request, ...(sourceVersion === undefined ? {} : { requirements: { sourceVersion } }) },
    Readable.from([Buffer.from(`${version} from ${sourceVersion ?? "any"}`)]),
    ACTOR,
  );
}

/** Runs a body with devices that run these versions, and the package of version 2.0.0. */
function withFleet(versions: readonly string[], body: (operator: Operator) => Promise<void>): Promise<void> {
  return withRestingCloud(async ({ operator, write }) => {
    await filled(operator, versions);
    await write(async (tables) => {
      const [product] = await tables.products.list();
      for (const [index, version] of versions.entries()) {
        const device = await tables.devices.find(product!.id, `d${index}`);
        if (version !== "-") await tables.components.set(device!.id, "firmware", version, 1);
      }
    });
    await body(operator);
  });
}

const VERSIONS = ["1.0.0", "2.0.0", "1.0.0", "-", "0.9.0", "2.0.0", "1.0.0"];
const FROM_1: PlanInput = { ...PLAN, from: ["1.0.0"] };
const COUNTS = { matches: 3, left: 4, byReason: { "runs-target": 2, "version-unknown": 1, "version-not-selected": 1 } };

test("a preview counts all devices and reasons, and lists no more than asked for, of a plan and of a file", () =>
  withFleet(VERSIONS, async (operator) => {
    const { id } = await operator.createPlan(FROM_1, ACTOR);
    for (const plan of [id, FROM_1]) {
      const whole = await operator.preview(plan);
      assert.deepEqual([whole.matches.length, whole.left.length, whole.counts], [3, 4, COUNTS]);
      assert.deepEqual(await operator.preview(plan, { limit: 0 }), { matches: [], left: [], counts: COUNTS });
      assert.deepEqual(await operator.preview(plan, { limit: 2 }), {
        matches: ["d0", "d2"].map((deviceName) => ({ productId: PRODUCT, deviceName })),
        left: [
          { productId: PRODUCT, deviceName: "d1", reason: "runs-target" },
          { productId: PRODUCT, deviceName: "d3", reason: "version-unknown" },
        ],
        counts: COUNTS,
      });
      const some = await operator.preview(plan, { limit: 1, reason: "version-not-selected" });
      assert.deepEqual(some.left, [{ productId: PRODUCT, deviceName: "d4", reason: "version-not-selected" }]);
      assert.deepEqual([some.matches.length, some.counts], [1, COUNTS]);
      assert.deepEqual((await operator.preview(plan, { reason: "denied" })).left, []);
    }
  }));

test("names that no device has are counted among those that are left out", () =>
  withFleet(["1.0.0"], async (operator) => {
    const { left, counts } = await operator.preview({ ...PLAN, devices: ["d0", "x", "y"] }, { limit: 1 });
    assert.deepEqual(left, [{ productId: PRODUCT, deviceName: "x", reason: "no-such-device" }]);
    assert.deepEqual(counts, { matches: 1, left: 2, byReason: { "no-such-device": 2 } });
  }));

test("a draft is changed: its settings, lists, texts and packages, and the preview follows", () =>
  withFleet(VERSIONS, async (operator) => {
    await addPackage(operator, "3.0.0");
    const texts = { zh: { title: "t", body: "b" }, en: { title: "t", body: "b" } };
    const { id, createdAt } = await operator.createPlan({ ...FROM_1, mode: "confirm", texts, deny: ["d0"] }, ACTOR);
    assert.equal((await operator.preview(id)).counts.matches, 2);
    const changed = await operator.editPlan(
      id,
      { ...PLAN, name: "summer", version: "3.0.0", all: true, dynamic: true },
      ACTOR,
    );
    const fresh = await operator.createPlan(
      { ...PLAN, name: "summer", version: "3.0.0", all: true, dynamic: true },
      ACTOR,
    );
    const what = ({ id: _id, createdAt: _createdAt, ...view }: PlanView) => view;
    assert.deepEqual(what(changed), what(fresh));
    assert.deepEqual([changed.id, changed.createdAt, changed.state], [id, createdAt, "draft"]);
    assert.equal((await operator.preview(id)).counts.matches, 7);
    const [entry] = (await operator.audit({ limit: 2, order: "newest" })).items.slice(1);
    assert.deepEqual([entry?.actor, entry?.action, entry?.subject], ["anna", "plan-edit", String(id)]);
    await operator.activatePlan(id, ACTOR);
    assert.equal((await operator.tasks({ planId: id }, {})).items.length, 7);
  }));

test("the devices that an active plan names are read once, however often plans are listed; others' each time", () =>
  withFleet(["1.0.0", "1.0.0"], async (operator) => {
    const devices = ["d0", "d1"];
    const draft = await operator.createPlan({ ...PLAN, devices }, ACTOR);
    const begun = await operator.createPlan({ ...PLAN, devices }, ACTOR);
    await operator.cancelPlan((await operator.activatePlan(begun.id, ACTOR)).id, ACTOR);
    const active = await operator.activatePlan((await operator.createPlan({ ...PLAN, devices }, ACTOR)).id, ACTOR);
    const whole = mock.method(Plans.prototype, "whole");
    try {
      for (const state of ["active", "draft", "cancelled"] as const) {
        for (let time = 0; time < 2; time++) {
          const { items } = await operator.plans({ state }, {});
          assert.deepEqual(
            items.map(({ settings }) => settings["devices"]),
            [devices],
          );
          if (state === "active") assert.deepEqual(items, [await operator.plan(active.id)]);
        }
      }
      // What is over is not kept in memory: there may be very much of it.
      assert.deepEqual(
        whole.mock.calls.map(({ arguments: [id] }) => id),
        [draft.id, draft.id, begun.id, begun.id],
      );
    } finally {
      whole.mock.restore();
    }
  }));

test("a draft may go over to another product", () =>
  withFleet(["1.0.0"], async (operator) => {
    await operator.setProduct({ productId: "OTHER12345" }, ACTOR);
    const { id } = await operator.createPlan(FROM_1, ACTOR);
    assert.equal(
      (await operator.editPlan(id, { ...PLAN, product: "OTHER12345", all: true }, ACTOR)).productId,
      "OTHER12345",
    );
    assert.deepEqual((await operator.plans({ productId: PRODUCT }, {})).items, []);
  }));

test("a delta package goes to devices of its source version alone, and beside the full one", () =>
  withFleet(["1.0.0", "1.5.0", "-", "3.0.0"], async (operator) => {
    const delta = await addPackage(operator, "3.0.0", "1.0.0");
    assert.deepEqual([delta.form, delta.sourceVersion, delta.version], ["delta", "1.0.0", "3.0.0"]);
    const plan = { ...PLAN, version: "3.0.0", all: true };
    const only = await operator.preview(plan);
    assert.deepEqual(only.matches, [{ productId: PRODUCT, deviceName: "d0" }]);
    assert.deepEqual(
      only.left.map(({ deviceName, reason }) => `${deviceName} ${reason}`),
      ["d1 delta-source-differs", "d2 version-unknown", "d3 runs-target"],
    );
    const { items } = await operator.packages(PRODUCT, { order: "newest", limit: 1 });
    assert.deepEqual(items[0], delta);
    assert.equal((await addPackage(operator, "3.0.0")).form, "full");
    assert.equal((await operator.preview(plan)).counts.matches, 3);
    await assert.rejects(addPackage(operator, "3.0.0", "3.0.0"), { code: "invalid" });
  }));

test("a plan that was activated, or is wrong, is not changed", () =>
  withFleet(["1.0.0"], async (operator) => {
    const { id } = await operator.createPlan(FROM_1, ACTOR);
    await assert.rejects(operator.editPlan(id, { ...FROM_1, halt: 5 }, ACTOR), { code: "invalid" });
    await assert.rejects(operator.editPlan(id, { ...FROM_1, product: "NONE123456" }, ACTOR), { code: "not-found" });
    await assert.rejects(operator.editPlan(id + 1, FROM_1, ACTOR), { code: "not-found" });
    assert.deepEqual((await operator.plan(id)).name, "spring");
    const before = await operator.activatePlan(id, ACTOR);
    await assert.rejects(operator.editPlan(id, { ...FROM_1, name: "summer" }, ACTOR), {
      code: "conflict",
      message: `plan ${id} is active, and only a draft can be changed: create another plan`,
    });
    assert.deepEqual((await operator.plan(id)).settings, before.settings);
  }));
