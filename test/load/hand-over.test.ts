import assert from "node:assert/strict";
import { test } from "node:test";
import { Running, withCommands } from "../support/command.js";
import { skipMosquitto } from "../support/mosquitto.js";
import { skipPostgres } from "../support/postgres.js";
import { addFleet, beginPlan, eventually, type Fleet, PRODUCT, ProcessesBed } from "../support/processes-bed.js";
import { REPEAT, SeededRandom } from "../support/seed.js";

/** Devices of the run: 1,000 if the environment says nothing else. */
const DEVICES = Number(process.env["OTA_TEST_DEVICES"] ?? 1000);
/** A machine that does much else is slow. */
const MOST_UPDATE_MS = 600_000;
/** Each look costs what some reports do. */
const LOOK_MS = 250;
/** A standby promises to lead by then. */
const MOST_HAND_OVER_MS = 10_000;
/** What befalls the leader: it is killed, or it hangs for a while and finds another one leading. */
const ENDS = ["SIGKILL", "SIGSTOP", "SIGKILL", "SIGTERM"] as const;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A process that may lead. */
function ingest(bed: ProcessesBed): Running {
  return new Running("cloud/main", [
    "serve",
    ...["--role", "ingest", "--state", bed.folder, "--database", bed.url, "--broker", bed.mosquitto.url],
    ...["--http-port", "0", "--mqtt-port", "0"],
  ]);
}

/** @returns the process that leads, if one does */
async function leaderOf(bed: ProcessesBed): Promise<number | undefined> {
  const [row] = await bed.postgres.query("select holder from lease", new URL(bed.url).pathname.slice(1));
  const id = Number(String(row?.["holder"]).split(":").at(-1));
  return id > 0 ? id : undefined;
}

/** @returns each version with its count of devices */
async function versionsOf(bed: ProcessesBed): Promise<string[]> {
  const counted = "select version, count(*)::int as devices from device_component group by version";
  const rows = await bed.postgres.query(counted, new URL(bed.url).pathname.slice(1));
  return rows.map(({ version, devices }) => `${String(version)} ${String(devices)}`);
}

/** The history of the reports of each device, in the order in which they were stored. */
async function historyOf(bed: ProcessesBed): Promise<Map<string, string[]>> {
  const rows = await bed.postgres.query(
    `select device_name, kind, event.detail from event join device on device.id = device_id
     where kind like '%-reported' order by event.id`,
    new URL(bed.url).pathname.slice(1),
  );
  const history = new Map<string, string[]>();
  for (const row of rows) {
    const { version, percent } = JSON.parse(String(row["detail"])) as { version: string; percent?: number };
    const name = String(row["device_name"]);
    const known = history.get(name) ?? [];
    known.push(`${String(row["kind"])} ${version}${percent === undefined ? "" : ` ${percent}`}`);
    history.set(name, known);
  }
  return history;
}

/** @returns what the broker has acknowledged and the history does not have, in its order */
function lostOf(
  acknowledged: ReadonlyMap<string, readonly string[]>,
  history: ReadonlyMap<string, string[]>,
): string[] {
  const lost: string[] = [];
  for (const [name, reports] of acknowledged) {
    let from = 0;
    // A version that is known already is not noted again.
    for (const report of new Set(reports)) {
      const at = (history.get(name) ?? []).indexOf(report, from);
      if (at < 0) lost.push(`${name}: ${report}`);
      else from = at + 1;
    }
  }
  return lost;
}

/**
 * Devices that do what they are offered, once, and repeat their version if they are offered it again, or have been
 * away: an offer that was sent meanwhile is lost.
 */
function obey(fleet: Fleet, names: readonly string[]): void {
  const begun = new Set<string>();
  const done = new Set<string>();
  fleet.onOffer = (deviceName, { version }) => {
    if (done.has(deviceName)) void fleet.version(deviceName, version);
    if (begun.has(deviceName)) return;
    begun.add(deviceName);
    void fleet.update(deviceName, version).then(() => done.add(deviceName));
  };
  fleet.onBack = () => {
    print("the devices were away");
    for (const name of names.filter((each) => !begun.has(each))) void fleet.version(name, "1.0.0");
  };
}

test(
  `leaders end at random moments amid ${DEVICES} updates: each ends once, and nothing acknowledged is lost`,
  { skip: skipPostgres || skipMosquitto },
  () =>
    withCommands(() =>
      ProcessesBed.run(async (bed) => {
        print(REPEAT);
        const random = new SeededRandom();
        const api = await bed.start({ role: "api" });
        const running = new Map<number, Running>();
        const begin = (): void => {
          const one = ingest(bed);
          running.set(one.child.pid ?? 0, one);
        };
        begin();
        begin();
        // A process that starts removes the unfinished files of a shared folder.
        for (const one of running.values()) await one.until("start", () => /^files /m.test(one.stdout), 60_000);
        await eventually(async () => (await leaderOf(bed)) !== undefined);
        const names = Array.from({ length: DEVICES }, (_, index) => `d${index}`);
        await addFleet(api, names);
        const fleet = await bed.fleet();
        obey(fleet, names);
        await Promise.all(names.map((name) => fleet.version(name, "1.0.0")));
        // What the broker has acknowledged, the leader may still have to store: no request waits behind all of it.
        await eventually(async () => (await versionsOf(bed)).join() === `1.0.0 ${DEVICES}`, MOST_UPDATE_MS, LOOK_MS);
        const { id } = await beginPlan(api, { pace: { maxInFlight: 100, perMinute: 100_000, stages: [100] } });
        const succeeded = async (): Promise<number> => (await api.operator.plan(id)).counts.succeeded;
        const tookMs: number[] = [];
        const moments: string[] = [];
        for (const [index, signal] of ENDS.entries()) {
          const from = Math.floor(((index + random.fraction()) / (ENDS.length + 1)) * DEVICES);
          const laterMs = random.integer(0, 300);
          await eventually(async () => (await succeeded()) >= from, MOST_UPDATE_MS, LOOK_MS);
          await new Promise((resolve) => setTimeout(resolve, laterMs));
          moments.push(`${signal} ${laterMs} ms after ${from} have succeeded`);
          let leader = 0;
          await eventually(async () => (leader = (await leaderOf(bed)) ?? 0) > 0, 2 * MOST_HAND_OVER_MS, 100);
          assert.ok(running.has(leader), `process ${leader} leads, which is none of these`);
          running.get(leader)?.child.kill(signal);
          const endedAt = performance.now();
          await eventually(async () => ![undefined, leader].includes(await leaderOf(bed)), 2 * MOST_HAND_OVER_MS, 100);
          tookMs.push(Math.round(performance.now() - endedAt));
          if (signal === "SIGSTOP") running.get(leader)?.child.kill("SIGCONT");
          else {
            running.delete(leader);
            begin();
          }
        }
        for (const [at, moment] of moments.entries()) print(`${moment}: another one leads after ${tookMs[at]} ms`);
        const isFinished = async (): Promise<boolean> => (await api.operator.plan(id)).state === "finished";
        await eventually(isFinished, MOST_UPDATE_MS, LOOK_MS).catch(async (error: unknown) => {
          print(`not finished: ${JSON.stringify((await api.operator.plan(id)).counts)}; ${REPEAT}`);
          throw error;
        });
        assert.equal(await succeeded(), DEVICES, REPEAT);
        const name = new URL(bed.url).pathname.slice(1);
        const ends = await bed.postgres.query(
          `select count(*)::int as ends, count(distinct task_id)::int as tasks from event
           where kind = 'task-succeeded' and plan_id = ${id}`,
          name,
        );
        assert.deepEqual(ends, [{ ends: DEVICES, tasks: DEVICES }], `each task ends once; ${REPEAT}`);
        assert.deepEqual(
          lostOf(fleet.acknowledged, await historyOf(bed)),
          [],
          `nothing acknowledged is lost; ${REPEAT}`,
        );
        assert.deepEqual(await versionsOf(bed), [`2.0.0 ${DEVICES}`], REPEAT);
        assert.equal(
          (await api.operator.devices({ productId: PRODUCT, version: "2.0.0" }, { limit: 1 })).items.length,
          1,
        );
        for (const took of tookMs) assert.ok(took <= MOST_HAND_OVER_MS, `${tookMs.join(", ")} ms; ${REPEAT}`);
      }),
    ),
);
