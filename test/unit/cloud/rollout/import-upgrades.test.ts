import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Core, openAtRest } from "../../../../cloud/core.js";
import { IMPORTED_UPGRADES } from "../../../../cloud/store/json-import.js";
import { withFolder } from "../../../support/folder.js";

const PRODUCT = "ABCDE12345";

const device = (deviceName: string, version = "1.0.0") => ({
  productId: PRODUCT,
  deviceName,
  deviceSecret: "c2VjcmV0",
  version,
});
const firmware = (version: string, manifest?: object) => ({
  productId: PRODUCT,
  version,
  size: 5,
  md5: version.replace(/\W/g, "").padStart(32, "0"),
  ...(manifest === undefined ? {} : { manifest }),
});
const task = (deviceName: string, version: string, state: string, more: object = {}) => ({
  productId: PRODUCT,
  deviceName,
  version,
  state,
  ...more,
});
const rule = (version: string, ...fromVersions: string[]) => ({ productId: PRODUCT, version, fromVersions });

const STATE = {
  devices: [],
  firmwares: [firmware("1.0.0"), firmware("2.0.0"), firmware("3.0.0")],
  tasks: [],
  rules: [],
  signingKey: "ab",
};

/** Runs `body` with a cloud at rest that has taken this state over. */
function imported(state: object, body: (core: Core, folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    writeFileSync(join(folder, "cloud.json"), JSON.stringify({ ...STATE, ...state }));
    const core = await openAtRest(folder);
    try {
      await body(core, folder);
    } finally {
      await core.close();
    }
  });
}

/** The plans in the order of their activation, each with its tasks. */
async function plansOf({ state, rollout }: Core) {
  const { tables } = state.transactions;
  const plans = (await tables.plans.list()).toReversed();
  const views = plans.map(async (plan) => {
    const { settings } = await rollout.terms.of(tables, plan.id);
    const tasks = (await tables.taskLists.ofPlan(plan.id)).map(
      async ({ deviceId, state: name, percent, reason, detail }) => {
        const { deviceName } = (await tables.devices.byId(deviceId)) ?? {};
        return [deviceName, name, ...(percent === null ? [] : [percent]), ...(reason === null ? [] : [reason]), detail];
      },
    );
    return { plan, settings, tasks: await Promise.all(tasks) };
  });
  return Promise.all(views);
}

test("tasks become a plan of the devices that they name, each in its state", () =>
  imported(
    {
      devices: ["a", "b", "c", "d", "e", "f"].map((name) => device(name)),
      tasks: [
        task("a", "2.0.0", "to-push"),
        task("b", "2.0.0", "pushed"),
        task("c", "2.0.0", "downloading", { percent: 40 }),
        task("d", "2.0.0", "burning"),
        task("e", "2.0.0", "success"),
        task("f", "2.0.0", "failed", { resultCode: "-4", resultMessage: "md5" }),
      ],
    },
    async (core) => {
      const [only, ...others] = await plansOf(core);
      assert.ok(only !== undefined && others.length === 0);
      const { state, command, dynamic, matchedAt, endedAt } = only.plan;
      assert.deepEqual([state, command, dynamic, endedAt], ["active", "upgrade", 0, null]);
      assert.ok(matchedAt !== null, "its devices have their tasks");
      assert.deepEqual(only.settings.selection.deviceNames, ["a", "b", "c", "d", "e", "f"]);
      assert.deepEqual([only.settings.conflict, only.settings.retry], ["replace", []]);
      assert.deepEqual(only.tasks, [
        ["a", "waiting", "new", ""],
        ["b", "offered", null],
        ["c", "downloading", 40, null],
        ["d", "burning", null],
        ["e", "succeeded", "done-reported", null],
        ["f", "failed", "-4", "md5"],
      ]);
      const { tables } = core.state.transactions;
      assert.equal((await tables.tasks.countsByState(only.plan.id))["waiting"], 1);
      const open = await tables.taskLists.ofPlan(only.plan.id, {}, { open: 1 });
      assert.deepEqual(
        open.map(({ inFlight, deadlineAt }) => [inFlight, deadlineAt !== null]),
        [
          [0, false],
          [1, true],
          [1, true],
          [1, true],
        ],
      );
    },
  ));

test("tasks that have all ended are history: a finished plan", () =>
  imported({ devices: [device("a")], tasks: [task("a", "2.0.0", "failed")] }, async (core) => {
    const [only] = await plansOf(core);
    assert.deepEqual([only?.plan.state, only?.tasks], ["finished", [["a", "failed", "", ""]]]);
    assert.ok(only?.plan.endedAt !== null);
  }));

test("a rule becomes an active plan for later devices, and has the tasks that it has made", () =>
  imported(
    {
      devices: [device("a"), device("b", "0.9.0"), device("c", "2.0.0")],
      tasks: [task("a", "2.0.0", "to-push"), task("b", "2.0.0", "to-push"), task("c", "2.0.0", "success")],
      rules: [rule("2.0.0", "1.0.0")],
    },
    async (core) => {
      const [byRule, byName, ...others] = await plansOf(core);
      assert.ok(byRule !== undefined && byName !== undefined && others.length === 0);
      assert.deepEqual([byRule.plan.state, byRule.plan.dynamic, byRule.plan.matchedAt], ["active", 1, null]);
      assert.deepEqual(byRule.settings.selection.fromVersions, ["1.0.0"]);
      assert.deepEqual(
        byRule.tasks.map(([name, state]) => [name, state]),
        [
          ["a", "waiting"],
          ["c", "succeeded"],
        ],
      );
      // It runs no version of the rule: by the rule's plan it would never get its turn.
      assert.deepEqual(byName.settings.selection.deviceNames, ["b"]);
    },
  ));

test("the rules for one version are one plan, and the newest rule is the last plan, which replaces the others", () =>
  imported(
    { devices: [device("a")], rules: [rule("3.0.0", "1.0.0"), rule("2.0.0", "1.0.0"), rule("3.0.0", "2.0.0")] },
    async (core) => {
      const plans = await plansOf(core);
      assert.deepEqual(
        plans.map(({ plan, settings }) => [plan.name, settings.selection.fromVersions]),
        [
          ["upgrade to 2.0.0", ["1.0.0"]],
          ["upgrade to 3.0.0", ["1.0.0", "2.0.0"]],
        ],
      );
    },
  ));

test("a component's task finds its package by the version on the wire", () =>
  imported(
    {
      devices: [device("a")],
      firmwares: [firmware("motor_2.0.0", { component: "motor", kind: "mcu" })],
      tasks: [task("a", "motor_2.0.0", "downloading")],
    },
    async (core) => {
      const [only] = await plansOf(core);
      assert.deepEqual(only?.settings.packages, [{ component: "motor", version: "2.0.0" }]);
      assert.deepEqual(only?.tasks, [["a", "downloading", 0, null]]);
    },
  ));

test("what could never be offered is left out", () =>
  imported(
    {
      devices: [device("a")],
      tasks: [task("a", "9.9.9", "to-push"), task("gone", "2.0.0", "pushed"), task("a", "2.0.0", "odd")],
      rules: [rule("9.9.9", "1.0.0")],
    },
    async (core) => assert.deepEqual(await plansOf(core), []),
  ));

test("it is done once", () =>
  imported({ devices: [device("a")], tasks: [task("a", "2.0.0", "to-push")] }, async (core, folder) => {
    assert.equal(await core.state.transactions.tables.settings.get(IMPORTED_UPGRADES), undefined);
    await core.close();
    const again = await openAtRest(folder);
    assert.equal((await plansOf(again)).length, 1);
    await again.close();
  }));
