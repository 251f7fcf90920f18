import assert from "node:assert/strict";
import { test } from "node:test";
import { named } from "../../../../cloud/rollout/named-device.js";
import { withRestingCloud } from "../../../support/resting-cloud.js";
import { taskOf } from "../store/open-store.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };

test("whoever follows the cloud learns that devices come and go, but not what changes nothing", () =>
  withRestingCloud(async ({ core, operator, fleet }) => {
    await fleet(2);
    let presences = 0;
    const stop = operator.follow(({ kind }) => void (kind === "presence" && presences++));
    const changed = (): boolean => {
      const before = presences;
      presences = 0;
      return before > 0;
    };
    const [gateway, subDevice] = ["d0", "d1"].map((deviceName) => ({ productId: PRODUCT, deviceName })) as [
      { productId: string; deviceName: string },
      { productId: string; deviceName: string },
    ];
    const first = core.sessions.begin(gateway, [subDevice]);
    assert.ok(changed());
    core.sessions.setOnline(subDevice, gateway, true);
    assert.ok(changed());
    core.sessions.setOnline(subDevice, gateway, true);
    assert.ok(!changed());
    core.sessions.setOnline(subDevice, gateway, false);
    assert.ok(changed());
    core.sessions.setOnline(subDevice, gateway, false);
    assert.ok(!changed());
    const second = core.sessions.begin(gateway, []);
    assert.ok(changed());
    core.sessions.end(first);
    assert.ok(!changed());
    core.sessions.end(second);
    assert.ok(changed());
    await operator.addDevices([{ productId: PRODUCT, deviceName: "new" }], ACTOR);
    assert.ok(changed());
    await operator.addDevices([{ productId: PRODUCT, deviceName: "new" }], ACTOR);
    assert.ok(!changed());
    await operator.removeDevice({ productId: PRODUCT, deviceName: "new" }, ACTOR);
    assert.ok(changed());
    stop();
    await operator.addDevices([{ productId: PRODUCT, deviceName: "later" }], ACTOR);
    assert.ok(!changed());
  }));

test("an event of a plan comes with the product of the plan, and one of a device with that of the device", () =>
  withRestingCloud(async ({ core, operator, fleet }) => {
    await fleet(1);
    const { id } = await operator.createPlan({ name: "a", product: PRODUCT, version: "2.0.0", all: true }, ACTOR);
    const seen = new Set<string>();
    operator.follow((change) => {
      if (change.kind === "event") seen.add(`${change.event.kind} ${change.productId}`);
    });
    await operator.activatePlan(id, ACTOR);
    await core.rollout.idle();
    await operator.stopPlan(id, ACTOR);
    await core.rollout.idle();
    assert.deepEqual([...seen].sort(), [
      `plan-activated ${PRODUCT}`,
      `plan-matched ${PRODUCT}`,
      `plan-stopped ${PRODUCT}`,
      `task-cancelled ${PRODUCT}`,
    ]);
  }));

test("a task that changes is a change of its plan, with the product; so is each change of the plan itself", () =>
  withRestingCloud(async ({ core, operator, write, fleet }) => {
    const all = await fleet(1);
    const [task] = await write((tables) =>
      tables.tasks.insertMany([taskOf(all, all.devices[0]!, { reason: "new", detail: "", nextTryAt: 0 })]),
    );
    const changes: object[] = [];
    operator.follow((change) => {
      if (change.kind === "plan" || change.kind === "package") changes.push(change);
    });
    await operator.cancelTask(task!.id, ACTOR);
    assert.deepEqual(changes.splice(0), [{ kind: "plan", planId: all.plan.id, productId: PRODUCT, tasksOnly: true }]);
    assert.equal((await named(core.state.transactions.tables, [all.devices[0]!.id])).length, 1);
    const { id } = await operator.createPlan({ name: "a", product: PRODUCT, version: "2.0.0", all: true }, ACTOR);
    assert.deepEqual(changes.splice(0), [{ kind: "plan", planId: id, productId: PRODUCT }]);
    await operator.withdrawPackage(all.target.id, ACTOR);
    await core.rollout.idle();
    assert.deepEqual(
      changes.filter((change) => "packageId" in change),
      [{ kind: "package", packageId: all.target.id, productId: PRODUCT }],
    );
  }));
