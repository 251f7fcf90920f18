import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Refusal } from "../../../../cloud/operator/types.js";
import { PRODUCT } from "../../../support/fake-operator.js";
import { withServedOperator } from "../../../support/served-operator.js";

const PLAN = { name: "spring", product: PRODUCT, version: "2.0.0", from: ["1.0.0"], window: { from: 2, to: 4 } };

test("plan create prints the id first, and sends the file as it is", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const file = join(folder, "plan.json");
    writeFileSync(file, JSON.stringify(PLAN));
    const plain = await run("plan", "create", "--file", file);
    assert.deepEqual([plain.code, plain.stderr], [0, ""]);
    assert.equal(plain.stdout.split("\n")[0], String(operator.planList[0]?.id));
    assert.deepEqual(operator.planList[0]?.settings, PLAN);
    const json = await run("plan", "create", "--file", file, "--json");
    assert.match(json.stdout, /^{"id":[0-9]+,"name":"spring","state":"draft"/);
    assert.equal(operator.auditList[0]?.actor, "plan create");
  });
});

test("plan edit puts a file in the place of a draft's settings", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const { id } = await operator.createPlan(PLAN, { name: "test", origin: "local" });
    const file = join(folder, "plan.json");
    writeFileSync(file, JSON.stringify({ ...PLAN, name: "summer" }));
    const { code, stdout } = await run("plan", "edit", String(id), "--file", file);
    assert.equal(code, 0);
    assert.match(stdout, /^plan [0-9]+ summer: draft;/);
    assert.deepEqual(operator.planList[0]?.settings, { ...PLAN, name: "summer" });
    assert.equal(operator.auditList.at(-1)?.actor, "plan edit");
    await operator.activatePlan(id, { name: "test", origin: "local" });
    assert.match((await run("plan", "edit", String(id), "--file", file)).stderr, /plan [0-9]+ is active/);
  });
});

test("plan show --json has the keys that scripts rely on", async () => {
  await withServedOperator(async ({ operator, run }) => {
    const { id } = await operator.createPlan(PLAN, { name: "test", origin: "local" });
    operator.task(id, { state: "downloading", percent: 40, attempt: 2 });
    operator.task(id, { state: "trial", deviceName: "light_02", reason: "it restarts" });
    const counts = { ...operator.planList[0]!.counts, downloading: 1, trial: 1, burning: 1, superseded: 1 };
    operator.changePlan(id, { state: "active", counts });
    const { code, stdout } = await run("plan", "show", String(id), "--json");
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      id,
      name: "spring",
      state: "active",
      reason: "",
      counts: {
        waiting: 0,
        offered: 0,
        downloading: 1,
        burning: 2,
        succeeded: 0,
        failed: 0,
        declined: 0,
        silent: 0,
        cancelled: 1,
      },
      tasks: [
        {
          productId: PRODUCT,
          deviceName: "light_01",
          component: "firmware",
          state: "downloading",
          reason: "",
          version: "2.0.0",
          percent: 40,
          attempt: 2,
        },
        {
          productId: PRODUCT,
          deviceName: "light_02",
          component: "firmware",
          state: "trial",
          reason: "it restarts",
          version: "2.0.0",
          percent: 100,
          attempt: 1,
        },
      ],
    });
    const plain = await run("plan", "show", String(id));
    assert.match(plain.stdout, new RegExp(`^plan ${id} spring: active; downloading 1, burning 2, cancelled 1\\n`));
    assert.match(plain.stdout, /ABCDE12345\/light_01 {2}firmware {2}2\.0\.0 {2}downloading {2}40 % {2}try 2/);
  });
});

test("the percent of a task is 100 once its device has the whole file, and 0 if nothing was reported", async () => {
  await withServedOperator(async ({ operator, run }) => {
    const { id } = await operator.createPlan(PLAN, { name: "test", origin: "local" });
    const states = ["burning", "trial", "succeeded", "waiting", "failed"] as const;
    for (const state of states) operator.task(id, { state });
    operator.task(id, { state: "failed", percent: 40 });
    const { tasks } = JSON.parse((await run("plan", "show", String(id), "--json")).stdout) as {
      tasks: { percent: number }[];
    };
    assert.deepEqual(
      tasks.map(({ percent }) => percent),
      [100, 100, 100, 0, 0, 40],
    );
  });
});

test("plan preview --json has the matches and what was left, for a plan and for a file", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const { id } = await operator.createPlan(PLAN, { name: "test", origin: "local" });
    const file = join(folder, "plan.json");
    writeFileSync(file, JSON.stringify(PLAN));
    for (const args of [[String(id)], ["--file", file]]) {
      const { code, stdout } = await run("plan", "preview", ...args, "--json");
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout), {
        matches: [{ productId: PRODUCT, deviceName: "light_01" }],
        left: [
          { productId: PRODUCT, deviceName: "light_02", reason: "runs-target" },
          { productId: PRODUCT, deviceName: "light_03", reason: "denied" },
        ],
        counts: { matches: 1, left: 2, byReason: { "runs-target": 1, denied: 1 } },
      });
    }
    const { stdout } = await run("plan", "preview", String(id));
    assert.match(
      stdout,
      /^1 device would be updated, 2 would not\n {2}ABCDE12345\/light_01\nleft out: 1 runs-target, 1 denied\n/,
    );
    const { stdout: some } = await run("plan", "preview", String(id), "--limit", "0", "--reason", "denied");
    assert.equal(
      some,
      "1 device would be updated, 2 would not\n  and 1 more: --json shows all\nleft out: 1 runs-target, 1 denied\n  and 1 more: --json shows all\n",
    );
    assert.equal((await run("plan", "preview", String(id), "--limit", "1001")).code, 2);
    assert.equal((await run("plan", "preview")).code, 2);
  });
});

test("a plan goes through its states, one command each", async () => {
  await withServedOperator(async ({ operator, run }) => {
    const { id } = await operator.createPlan(PLAN, { name: "test", origin: "local" });
    const states = { activate: "active", pause: "paused", resume: "active", stop: "halted", cancel: "cancelled" };
    for (const [action, state] of Object.entries(states)) {
      const { stdout } = await run("plan", action, String(id), "--json");
      assert.equal((JSON.parse(stdout) as { state: string }).state, state, action);
    }
    assert.equal((await run("plan", "retry", String(id), "--task", "3,5")).code, 0);
    assert.equal(operator.auditList.at(-1)?.subject, "3,5");
    const list = JSON.parse((await run("plan", "list", "--json")).stdout) as { id: number }[];
    assert.deepEqual(
      list.map((plan) => plan.id),
      [id],
    );
  });
});

test("a refusal is one line, and the exit code is 2", async () => {
  await withServedOperator(async ({ operator, run }) => {
    const { id } = await operator.createPlan(PLAN, { name: "test", origin: "local" });
    operator.changePlan(id, { state: "active" });
    const refused = await run("plan", "delete", String(id));
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.equal(refused.stderr, `ota-cloud: plan ${id} is active: cancel it instead\n`);
    assert.equal((await run("plan", "show", "999")).stderr, "ota-cloud: there is no plan 999\n");
    assert.equal((await run("plan", "show", "many")).code, 2);
    operator.activatePlan = () => Promise.reject(new Refusal("storage", "the disk is full: make room"));
    const full = await run("plan", "activate", String(id));
    assert.deepEqual([full.code, full.stderr], [1, "ota-cloud: the disk is full: make room\n"]);
  });
});

test("each wrong field of plan.json has a line", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const file = join(folder, "plan.json");
    writeFileSync(file, JSON.stringify({ ...PLAN, pace: { perMinute: -1 } }));
    operator.createPlan = () =>
      Promise.reject(
        new Refusal("invalid", "pace.perMinute: 1 or more", [
          { field: "pace.perMinute", message: "1 or more" },
          { field: "mode", message: "silent or confirm" },
        ]),
      );
    const { code, stderr } = await run("plan", "create", "--file", file);
    assert.equal(code, 2);
    assert.match(stderr, /^ota-cloud: pace\.perMinute: 1 or more\nota-cloud: mode: silent or confirm\n/);
    writeFileSync(file, "[]");
    assert.match((await run("plan", "create", "--file", file)).stderr, /plan\.json: a plan is a JSON object/);
  });
});

test("verify --wait ends with 0 if the package is verified, and with 1 if it is rejected", async () => {
  const args = ["verify", "--product", PRODUCT, "--version", "2.0.0", "--device", "light_01"];
  for (const [state, code, result] of [
    ["succeeded", 0, "verified"],
    ["failed", 1, "rejected"],
  ] as const) {
    await withServedOperator(async ({ operator, run }) => {
      const verify = operator.verify.bind(operator);
      operator.verify = async (...request) => {
        const plan = await verify(...request);
        const [task] = operator.taskList;
        setTimeout(() => {
          operator.changeTask(task!.id, { state, resultMessage: "md5 differs" });
          operator.change({ kind: "plan", planId: plan.id, productId: PRODUCT });
        }, 50);
        return plan;
      };
      const ended = await run(...args, "--wait", "--json");
      assert.deepEqual([ended.code, ended.stderr], [code, ""]);
      const answer = JSON.parse(ended.stdout) as { result: string; reason: string };
      assert.deepEqual([answer.result, answer.reason], [result, "md5 differs"]);
    });
  }
  await withServedOperator(async ({ run }) => {
    const { code, stdout } = await run(...args);
    assert.equal(code, 0);
    assert.match(stdout, /^ABCDE12345 2\.0\.0 is being verified on light_01: ota-cloud plan show [0-9]+\n$/);
  });
});
