import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../../../cloud/operator/types.js";
import { ACTOR, ConsoleBed, NOW, PRODUCT } from "../../../support/console-bed.js";

const DAY_MS = 86_400_000;
const OTHER = "OTHER12345";

test("an empty cloud has an overview", () =>
  ConsoleBed.run(async (bed) => {
    const packages = { uploaded: 0, verifying: 0, verified: 0, rejected: 0, withdrawn: 0 };
    const empty = { devices: 0, online: 0, versions: [], packages, plans: [], failures: [], attention: [] };
    assert.deepEqual(await bed.operator.overview({}), { at: NOW, ...empty });
    await assert.rejects(
      bed.operator.overview({ productId: PRODUCT }),
      (error) => error instanceof Refusal && error.code === "not-found",
    );
  }));

test("devices, versions and packages are counted, of all products or of one", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.package("7", "motor");
    await bed.package("1.0.0", "firmware", OTHER);
    await bed.devices(["a", "b", "c"]);
    await bed.devices(["d"], "1.0.0", OTHER);
    await bed.operator.addDevices([{ productId: PRODUCT, deviceName: "never" }], ACTOR);
    await bed.version("c", "2.0.0");
    await bed.version("a", "motor_7");
    const { items } = await bed.operator.packages(OTHER, {});
    await bed.operator.withdrawPackage(items[0]?.id ?? 0, ACTOR);
    const all = await bed.operator.overview({});
    assert.deepEqual([all.devices, all.online], [5, 4]);
    assert.deepEqual(all.versions, [
      { component: "firmware", version: "1.0.0", devices: 3 },
      { component: "firmware", version: "2.0.0", devices: 1 },
      { component: "motor", version: "7", devices: 1 },
    ]);
    assert.deepEqual([all.packages.uploaded, all.packages.withdrawn], [2, 1]);
    const one = await bed.operator.overview({ productId: OTHER });
    assert.deepEqual(
      [one.devices, one.online, one.versions, one.packages.withdrawn],
      [1, 1, [{ component: "firmware", version: "1.0.0", devices: 1 }], 1],
    );
    await bed.operator.removeDevice({ productId: PRODUCT, deviceName: "c" }, ACTOR);
    const then = await bed.operator.overview({ productId: PRODUCT });
    assert.deepEqual([then.devices, then.online, then.versions.length], [3, 2, 2]);
  }));

test("the plans that run are as they are listed, but name no devices; what failed is counted by reason", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.devices(["a", "b", "c", "d"]);
    await bed.operator.createPlan({ name: "draft", product: PRODUCT, version: "2.0.0", all: true }, ACTOR);
    const { id } = await bed.plan({ deny: ["d"], silentAfterSeconds: 60 });
    await bed.seconds(1);
    await bed.fail("a", "-2");
    await bed.fail("b", "-2");
    await bed.seconds(1);
    const { plans, failures, attention } = await bed.operator.overview({});
    const { settings, ...listed } = await bed.operator.plan(id);
    assert.deepEqual(settings["deny"], ["d"]);
    const { deny: _deny, ...others } = settings as { deny: unknown };
    assert.deepEqual(plans, [{ ...listed, settings: others }]);
    assert.deepEqual(failures, [{ planId: id, state: "failed", reason: "-2", tasks: 2 }]);
    assert.deepEqual(attention, []);
    await bed.seconds(400);
    assert.equal((await bed.operator.plan(id)).state, "finished");
    const ended = await bed.operator.overview({ productId: PRODUCT });
    const silent = { planId: id, state: "silent", reason: "offered", tasks: 1 };
    assert.deepEqual([ended.plans, ended.failures], [[], [failures[0], silent]]);
    await bed.devices(["e"], "1.0.0", OTHER);
    assert.deepEqual((await bed.operator.overview({ productId: OTHER })).failures, []);
    bed.nowMs += 31 * DAY_MS;
    assert.deepEqual((await bed.operator.overview({})).failures, []);
  }));

test("what wants attention is named: halted plans with the reason, then silent devices, then paused plans", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.package("1.0.0", "firmware", OTHER);
    await bed.devices(["a", "b"]);
    await bed.devices(["c"], "0.9.0", OTHER);
    const first = await bed.plan({ devices: ["a"], all: undefined });
    const second = await bed.plan({ product: OTHER, version: "1.0.0" });
    await bed.operator.pausePlan(second.id, ACTOR);
    await bed.seconds(10);
    await bed.operator.stopPlan(first.id, { name: "anna", origin: "local" });
    const halted = { kind: "plan-halted", planId: first.id, code: "stopped", message: "anna" };
    const paused = { kind: "plan-paused", planId: second.id };
    assert.deepEqual((await bed.operator.overview({})).attention, [halted, paused]);
    // A device that is away keeps the plan going.
    await bed.operator.addDevices([{ productId: PRODUCT, deviceName: "away" }], ACTOR);
    const third = await bed.plan({ devices: ["b", "away"], all: undefined, silentAfterSeconds: 60 });
    await bed.seconds(400);
    const silent = { kind: "plan-silent", planId: third.id, count: 1 };
    assert.deepEqual((await bed.operator.overview({})).attention, [halted, silent, paused]);
    assert.deepEqual((await bed.operator.overview({ productId: OTHER })).attention, [paused]);
    assert.deepEqual((await bed.operator.overview({ productId: PRODUCT })).attention, [halted, silent]);
  }));

test("a fleet that refuses an image by its seal is shown, halts nothing, and wants attention until it is withdrawn", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.devices(["a", "b", "c"]);
    const { id } = await bed.plan({
      halt: { percent: 1, atLeast: 1 },
      retry: [{ code: "*", times: 3, afterSeconds: 1 }],
    });
    await bed.seconds(1);
    await bed.fail("a", "-5", "key-unknown: no signature by a trusted key");
    await bed.fail("b", "-5", "key-unknown: no signature by a trusted key");
    await bed.fail("c", "-5", "declined: not now");
    await bed.seconds(5);
    assert.equal((await bed.operator.plan(id)).state, "finished");
    const { failures, attention } = await bed.operator.overview({});
    assert.deepEqual(failures, [{ planId: id, state: "declined", reason: "key-unknown", tasks: 2 }]);
    assert.deepEqual(attention, [{ kind: "plan-refused", planId: id, count: 2 }]);
    const [task] = (await bed.operator.tasks({ planId: id, state: "declined", reason: "key-unknown" }, {})).items;
    assert.equal(task?.reason, "key-unknown: no signature by a trusted key");
    assert.deepEqual([task?.resultCode, task?.resultMessage, task?.attempt], ["-5", task?.reason, 1]);
    const { items } = await bed.operator.packages(PRODUCT, {});
    await bed.operator.withdrawPackage(items[0]?.id ?? 0, ACTOR);
    assert.deepEqual((await bed.operator.overview({})).attention, []);
  }));

test("at most 50 plans are in the overview, and the oldest halted one still wants attention", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.devices(["a"]);
    const { id } = await bed.plan();
    await bed.operator.stopPlan(id, ACTOR);
    const state = { state: "active", data: '{"name":"active","seen":{"ended":0,"bad":0}}' };
    await bed.core.state.transactions.run(async ({ tables }) => {
      const plan = (await tables.plans.byId(id))!;
      const { id: _id, ...row } = plan;
      for (let count = 0; count < 60; count++) await tables.plans.insert({ ...row, ...state, reason: null });
    });
    const { plans, attention } = await bed.operator.overview({});
    assert.deepEqual([plans.length, plans[0]?.id], [50, id + 60]);
    assert.deepEqual(
      attention.map(({ planId }) => planId),
      [id],
    );
  }));
