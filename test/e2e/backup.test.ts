import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FleetBed, PRODUCT, RawDevice } from "../support/fleet-bed.js";
import { Cloud } from "../../cloud/cloud.js";
import { temporaryFolder, withFolder } from "../support/folder.js";
import { ObjectStore } from "../support/object-store/object-store.js";
import { Postgres, skipPostgres } from "../support/postgres.js";

const NAMES = ["d1", "d2", "d3", "d4"];

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  assert.equal(status, 0, `${program}: ${error?.message ?? stderr}`);
}

/** A fleet amid its update: two devices have it, one has its offer, and one is away. */
async function amid(bed: FleetBed): Promise<{ readonly planId: number; readonly md5: string }> {
  const { files } = await bed.package("2.0.0");
  const devices = await bed.devices(NAMES);
  await devices[3]?.away();
  await bed.until("d4 to be away", async () => {
    const { items } = await bed.cloud.operator.devices({ productId: PRODUCT }, {});
    return items.some(({ deviceName, online }) => deviceName === "d4" && online !== true);
  });
  const { id: planId } = await bed.plan({ all: true });
  await bed.offered(devices.slice(0, 3));
  for (const device of devices.slice(0, 2)) await device.update();
  await bed.until(
    "two ends",
    async () => (await bed.states(planId)).slice(0, 2).join() === "d1:succeeded,d2:succeeded",
  );
  return { planId, md5: files[0]?.md5 ?? "" };
}

/** The fleet meets the restored cloud: secrets, versions, history and plan are there, and the plan comes to its end. */
async function comesBack(cloud: Cloud, before: FleetBed, { planId, md5 }: Awaited<ReturnType<typeof amid>>) {
  const { operator } = cloud;
  const { items } = await operator.tasks({ planId }, {});
  const state = (name: string) => items.find(({ deviceName }) => deviceName === name)?.state;
  assert.deepEqual([state("d1"), state("d2")], ["succeeded", "succeeded"]);
  assert.ok((await operator.events({ planId }, {})).items.length > 0);
  const late: RawDevice[] = [];
  for (const name of NAMES) {
    const device = await RawDevice.connect({ cloud, secrets: before.secrets }, name);
    await device.version(["d1", "d2"].includes(name) ? "2.0.0" : "1.0.0");
    late.push(device);
  }
  try {
    for (const device of late.slice(2)) {
      await before.until("its offer", () => device.offers.length > 0);
      const { url, md5sum } = device.newest();
      assert.equal(md5sum, md5);
      assert.equal((await fetch(url)).status, 200, "its file is there");
      await device.update();
    }
    await before.until("end of the plan", async () => (await operator.plan(planId)).state === "finished");
    assert.deepEqual([late[0]?.offers.length, late[1]?.offers.length], [0, 0], "who has it gets it no more");
  } finally {
    for (const device of late) await device.away();
  }
}

test(
  "stage 0: a copy of the state, taken while the cloud runs, brings the fleet back",
  {
    skip: spawnSync("sqlite3", ["--version"]).status === 0 ? false : "it needs sqlite3",
  },
  () =>
    withFolder((folder) =>
      FleetBed.run(async (bed) => {
        const known = await amid(bed);
        const { state } = bed;
        const copy = join(folder, "copy");
        mkdirSync(copy);
        // The order of docs/deployment.md: a file is stored before the database knows it.
        run("sqlite3", [join(state, "cloud.db"), `.backup '${join(copy, "cloud.db")}'`]);
        cpSync(join(state, "firmware"), join(copy, "firmware"), { recursive: true });
        const restored = await Cloud.start({ folder: copy });
        try {
          await comesBack(restored, bed, known);
        } finally {
          await restored.stop();
        }
      }),
    ),
);

test("stage 1: a dump of the database, taken while the cloud runs, brings the fleet back", { skip: skipPostgres }, () =>
  ObjectStore.run(async (store) => {
    const data = temporaryFolder();
    const postgres = await Postgres.start(data.path);
    try {
      await withFolder(async (folder) => {
        const files = store.settings(folder);
        const database = await postgres.database();
        const dump = join(folder, "fleet.dump");
        await FleetBed.run(
          async (bed) => {
            const known = await amid(bed);
            run("pg_dump", ["--format=custom", `--file=${dump}`, database]);
            assert.ok(readFileSync(dump).byteLength > 0);
            const empty = await postgres.database();
            run("pg_restore", ["--exit-on-error", "--no-owner", `--dbname=${empty}`, dump]);
            const restored = await Cloud.start({ folder: join(folder, "restored"), database: empty, files });
            try {
              await comesBack(restored, bed, known);
            } finally {
              await restored.stop();
            }
          },
          { database, files },
        );
      });
    } finally {
      await postgres.end();
      data.remove();
    }
  }),
);
