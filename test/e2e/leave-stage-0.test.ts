import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openOperator } from "../../cli/cloud/operator.js";
import type { Operator } from "../../cloud/operator/types.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { skipMosquitto } from "../support/mosquitto.js";
import { skipPostgres } from "../support/postgres.js";
import { addFleet, beginPlan, eventually, ProcessesBed } from "../support/processes-bed.js";

const DEVICES = 40;
/** So many have the update when the cloud moves. */
const FIRST = 10;
const SERVED = /^files +http/m;

/** Starts the command `serve`, and waits until it serves. */
async function serve(...words: string[]): Promise<Running> {
  const ports = ["--http-port", "0", "--mqtt-port", "0", "--console-port", "0"];
  const running = new Running("cloud/main", ["serve", ...words, ...ports]);
  await running.until("start", () => SERVED.test(running.stdout), 60_000);
  return running;
}

async function withOperator<Result>(
  choice: { readonly state: string; readonly database?: string },
  body: (operator: Operator) => Promise<Result>,
): Promise<Result> {
  const { operator } = await openOperator(choice, "test");
  try {
    return await body(operator);
  } finally {
    await operator.close?.();
  }
}

test(
  "a fleet in the middle of a plan goes on when its cloud moves from a folder to a database and two processes",
  { skip: skipPostgres || skipMosquitto },
  () =>
    withCommands(() =>
      ProcessesBed.run(async (bed) => {
        const { folder, url, mosquitto, postgres } = bed;
        const state = join(folder, "state");
        const names = Array.from({ length: DEVICES }, (_, index) => `d${index}`);
        const made = await runCommand("cloud/main", ["product", "set", "--product", "ABCDE12345", "--state", state]);
        assert.equal(made.code, 0, made.stderr);
        const before = await serve("--state", state, "--broker", mosquitto.url);
        const fleet = await bed.fleet();
        // Those that come later wait until the cloud has moved.
        let held: (() => void)[] | undefined = [];
        let begun = 0;
        const seen = new Set<string>();
        fleet.onOffer = (deviceName, { version }) => {
          if (seen.has(deviceName)) return;
          seen.add(deviceName);
          const update = (): void => void fleet.update(deviceName, version);
          if (held === undefined || ++begun <= FIRST) update();
          else held.push(update);
        };
        const planId = await withOperator({ state }, async (operator) => {
          await addFleet({ operator }, names);
          for (const name of names) await fleet.version(name, "1.0.0");
          const { id } = await beginPlan(
            { operator },
            { pace: { maxInFlight: 20, perMinute: 100_000, stages: [100] } },
          );
          await eventually(async () => (await operator.plan(id)).counts.succeeded === FIRST);
          return id;
        });
        assert.equal((await before.kill("SIGTERM")).code, 0);
        // While no cloud runs, devices go on, and the broker keeps their reports for the one that is next.
        for (const update of held) update();
        held = undefined;
        const imported = await runCommand("cloud/main", ["import", "--from", state, "--database", url]);
        assert.equal(imported.code, 0, imported.stderr);
        const after = ["--state", state, "--database", url, "--broker", mosquitto.url];
        const [first] = [await serve(...after), await serve(...after)];
        await withOperator({ state, database: url }, async (operator) => {
          await eventually(async () => (await operator.plan(planId)).state === "finished", 90_000);
          assert.equal((await operator.plan(planId)).counts.succeeded, DEVICES);
        });
        const ends = await postgres.query(
          "select count(*)::int as ends, count(distinct task_id)::int as tasks from event where kind = 'task-succeeded'",
          new URL(url).pathname.slice(1),
        );
        assert.deepEqual(ends, [{ ends: DEVICES, tasks: DEVICES }], "each update ends once");
        assert.match(first.stdout, /process leads/);
        const refused = await runCommand("cloud/main", ["serve", "--state", state]);
        assert.match(refused.stderr, /was taken over by a database: name that by --database/);
      }),
    ),
);
