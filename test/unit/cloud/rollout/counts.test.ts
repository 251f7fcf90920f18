import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Refusal } from "../../../../cloud/operator/types.js";
import { RestBed } from "../../../support/rest-bed.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };
const COMPONENTS = ["firmware", "mcu", "motor"];
const VERSIONS = ["2.0.0", "3.0.0"];
const DEVICES = 4;
const ROUNDS = 3;
const STEPS = 80;
const NOW = 1_800_000_000_000;

const random = new SeededRandom();

function one<Item>(items: readonly Item[]): Item {
  return items[random.integer(0, items.length)] as Item;
}

async function filled(bed: RestBed): Promise<void> {
  await bed.devices(DEVICES);
  await bed.state.store.write(async ({ components }) => {
    for (let device = 1; device <= DEVICES; device++) {
      for (const component of COMPONENTS) await components.set(device, component, "1.0.0", 1);
    }
  });
  for (const component of COMPONENTS) {
    for (const version of VERSIONS) {
      const content = Readable.from([Buffer.from(`${component} ${version}`)]);
      const request = { productId: PRODUCT, version, component, fileName: "image.bin" };
      await bed.operator.addPackage(request, content, ACTOR);
    }
  }
}

/** @returns the id of an active plan; nothing if nobody matches */
async function plan(bed: RestBed): Promise<number[]> {
  const version = one(VERSIONS);
  const packages = COMPONENTS.slice(random.integer(0, COMPONENTS.length)).map((component) => ({ component, version }));
  const { id } = await bed.operator.createPlan(
    {
      name: "plan",
      product: PRODUCT,
      packages,
      override: "a test",
      dynamic: one([true, false]),
      conflict: one(["wait", "replace"]),
      ...one([{ all: true }, { from: ["1.0.0", "2.0.0"] }]),
    },
    ACTOR,
  );
  try {
    await bed.operator.activatePlan(id, ACTOR);
    return [id];
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return [];
  }
}

/** A report of a device, whether it makes sense now or not. */
function report(bed: RestBed, deviceName: string): Promise<unknown> {
  const wire = (component: string, version: string): string =>
    component === "firmware" ? version : `${component}_${version}`;
  const state = one(["version", "downloading", "burning", "done", "fail"]);
  const progress = {
    state,
    percent: "10",
    result_code: state === "fail" ? one(["-1", "-4", "-5"]) : "0",
    result_msg: "",
  };
  const message =
    state === "version"
      ? { type: "report_version", report: { version: wire(one(COMPONENTS), one(["1.0.0", "1.5.0", ...VERSIONS])) } }
      : { type: "report_progress", report: { progress, version: wire(one(COMPONENTS), one(VERSIONS)) } };
  return bed.core.platform.onMessage(`$ota/report/${PRODUCT}/${deviceName}`, JSON.stringify(message));
}

async function command(bed: RestBed, planId: number): Promise<unknown> {
  const { operator } = bed;
  const task = one(await bed.tasks(planId)) as { readonly id: number } | undefined;
  const commands = [
    () => operator.pausePlan(planId, ACTOR),
    () => operator.resumePlan(planId, ACTOR),
    () => operator.stopPlan(planId, ACTOR),
    () => operator.cancelPlan(planId, ACTOR),
    () => operator.retryPlan(planId, task === undefined ? {} : { tasks: [task.id] }, ACTOR),
    () => (task === undefined ? Promise.resolve() : operator.cancelTask(task.id, ACTOR)),
    () => operator.removeDevice({ productId: PRODUCT, deviceName: `d${1 + random.integer(0, DEVICES)}` }, ACTOR),
  ];
  return one(commands)().catch((error: unknown) => assert.ok(error instanceof Refusal, String(error)));
}

test(`the counts of tasks are those of the tasks, whatever reports and commands come; ${REPEAT}`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    let nowMs = NOW;
    const body = async (bed: RestBed): Promise<void> => {
      await filled(bed);
      const plans: number[] = [];
      for (let step = 0; step < STEPS; step++) {
        const kind = one(["plan", "tick", "tick", "report", "report", "report", "report", "command"]);
        if (kind === "plan" && plans.length < 10) plans.push(...(await plan(bed)));
        if (kind === "tick") {
          nowMs += one([1000, 10_000, 130_000, 700_000, 4_000_000]);
          await bed.core.rollout.tick();
        }
        if (kind === "report") await report(bed, `d${1 + random.integer(0, DEVICES)}`);
        if (kind === "command" && plans.length > 0) await command(bed, one(plans));
        await bed.core.rollout.idle();
        for (const id of plans) {
          const counts: Record<string, number> = {};
          for (const { state } of await bed.tasks(id)) counts[state] = (counts[state] ?? 0) + 1;
          assert.deepEqual(await bed.tables.tasks.countsByState(id), counts, `${kind}, plan ${id}; ${REPEAT}`);
        }
      }
    };
    await RestBed.run(body, { nowMs: () => nowMs, isOnline: () => true });
  }
});
