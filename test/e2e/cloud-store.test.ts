import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Cloud } from "../../cloud/cloud.js";
import { CloudError } from "../../cloud/types.js";
import { openAtRest } from "../../cloud/core.js";
import { updateWith } from "../support/faulty-cloud.js";
import { ACTOR, FleetBed, PRODUCT } from "../support/fleet-bed.js";
import { withFolder } from "../support/folder.js";
import { ObjectStore, type StoreFault } from "../support/object-store/object-store.js";
import { until } from "../support/running-broker.js";

const DONE = "version 0.1.0, burning, done, version 0.2.0";

interface Row {
  readonly name: string;
  readonly faults: readonly StoreFault[];
  /** Status of each request of the board for the file. */
  readonly statuses: readonly number[];
  /** What the board says but for `downloading`. Default: that of an update without a word. */
  readonly words?: string;
  /** How many URLs it gets. Default: 1. */
  readonly urls?: number;
}

/** What an ordinary board does with firmware in a store, and with what stores do. */
const ROWS: readonly Row[] = [
  { name: "it is fetched in one request", faults: [], statuses: [200] },
  {
    name: "a connection that ends: it resumes by the same URL, and names the object that it had",
    faults: [{ method: "GET", cutAfter: 100_000 }],
    statuses: [200, 206],
  },
  {
    name: "503 SlowDown: it waits as long as the store asks for",
    faults: [{ method: "GET", status: 503, code: "SlowDown", headers: { "Retry-After": "1" }, times: 2 }],
    statuses: [503, 503, 200],
  },
  {
    name: "the URL expires amid the download: the board asks for another one, and goes on where it was",
    faults: [
      { method: "GET", cutAfter: 100_000 },
      { method: "GET", status: 403, code: "AccessDenied", delayMs: 1100 },
    ],
    statuses: [200, 403, 206],
    words: `version 0.1.0, ${DONE}`,
    urls: 2,
  },
];

describe("an update from a store", () => {
  for (const { name, faults, statuses, words = DONE, urls = 1 } of ROWS) {
    test(name, () =>
      ObjectStore.run(async (store) => {
        for (const fault of faults) store.fault({ target: "X-Amz-Signature", ...fault });
        const update = await updateWith([], { store });
        assert.equal(update.words.join(", "), words);
        const gets = store.requests.filter(({ target }) => target.includes("X-Amz-Signature"));
        const ofFile = gets.filter(({ target }) => !target.includes(".json?"));
        assert.deepEqual(
          ofFile.map(({ status }) => status),
          statuses,
        );
        assert.equal(new Set(ofFile.map(({ target }) => target)).size, urls);
        assert.deepEqual(update.statuses, [], "the cloud itself serves no file");
      }),
    );
  }
});

test("an offer from a store has a URL of a quarter of an hour, another one each time, and says what it demands", () =>
  ObjectStore.run((store) =>
    withFolder((folder) =>
      FleetBed.run(
        async (bed) => {
          const { md5sum } = await packageWith(bed, { minSignalDbm: -100, space: 5000 });
          const [device] = await bed.devices(["d1"]);
          assert.ok(device);
          const retry = [{ code: "-3", times: 1, afterSeconds: 1 }];
          await bed.plan({ all: true, retry, strategy: { minBatteryPercent: 30 } });
          await bed.offered([device]);
          await device.fail("-3", "signature expired");
          await bed.offered([device], 2);
          const [first, second] = device.offers as unknown as readonly { readonly url: string }[];
          assert.ok(first && second);
          assert.notEqual(first.url, second.url);
          for (const { url, ...rest } of [first, second]) {
            assert.equal(new URL(url).searchParams.get("X-Amz-Expires"), "900");
            assert.ok(url.startsWith(store.endpoint));
            assert.equal((await fetch(url)).status, 200);
            const demands = { minBatteryPercent: 30, minSignalDbm: -100, space: 5000 };
            const known = { file_size: 5, md5sum, type: "update_firmware", version: "2.0.0" };
            assert.deepEqual(rest, { ...known, ...demands });
          }
        },
        { files: store.settings(folder) },
      ),
    ),
  ));

test("a store that refuses is a problem of health and a metric, but the cloud stays ready; it is told when it is over", () =>
  ObjectStore.run((store) =>
    withFolder(async (folder) => {
      const lines: string[] = [];
      const settings = store.settings(folder);
      store.fault({ target: "/probe.bin", status: 503, code: "SlowDown", times: Infinity });
      const onTrouble = (line: string): void => void lines.push(line);
      const cloud = await Cloud.start({ folder: join(folder, "cloud"), files: settings, onTrouble });
      try {
        const metric = async (): Promise<unknown> =>
          (await cloud.operator.metrics()).find(({ name }) => name === "files_up")?.values[0]?.value;
        await until(async () => !(await cloud.operator.health()).ok);
        const { problems } = await cloud.operator.health();
        const message = "the store of the files is busy (SlowDown): try again later";
        assert.deepEqual(
          problems.map(({ sinceMs, ...rest }) => ({ ...rest, isLately: Date.now() - sinceMs < 60_000 })),
          [{ code: "files-busy", message, isLately: true }],
        );
        const { attention } = await cloud.operator.overview({});
        assert.deepEqual(attention, [{ kind: "problem", code: "files-busy", message }]);
        assert.deepEqual([cloud.readiness(), await metric()], [[], 0]);
        store.heal();
        await until(async () => (await cloud.operator.health()).ok, 20_000);
        assert.deepEqual([(await cloud.operator.health()).problems, await metric()], [[], 1]);
        assert.equal(lines.at(-1), "the store of the files answers again");
      } finally {
        await cloud.stop();
      }
    }),
  ));

test("a stop says until when URLs of a store live; those of the cloud itself answer 403 at once", () =>
  ObjectStore.run((store) =>
    withFolder(async (folder) => {
      const stopped = async (bed: FleetBed) => {
        await bed.package("2.0.0");
        const [device] = await bed.devices(["d1"]);
        assert.ok(device);
        const { id, urlsLiveUntil } = await bed.plan({ all: true });
        assert.equal(urlsLiveUntil, undefined);
        await bed.offered([device]);
        const before = Date.now();
        const plan = await bed.cloud.operator.stopPlan(id, ACTOR);
        return { plan, before, status: (await fetch(device.newest().url)).status };
      };
      await FleetBed.run(
        async (bed) => {
          const { plan, before, status } = await stopped(bed);
          assert.equal(status, 200, "nobody can take it back");
          const until = plan.urlsLiveUntil ?? 0;
          assert.ok(until >= before + 120_000 && until <= Date.now() + 120_000);
          const resumed = await bed.cloud.operator.resumePlan(plan.id, ACTOR);
          assert.equal(resumed.urlsLiveUntil, undefined);
        },
        { files: store.settings(folder), urlLifetimeSec: 120 },
      );
      await FleetBed.run(async (bed) => {
        const { plan, status } = await stopped(bed);
        assert.deepEqual([plan.urlsLiveUntil, status], [undefined, 403]);
      });
    }),
  ));

test("URLs that were given out before the files moved into a store lead there", () =>
  ObjectStore.run((store) =>
    withFolder(async (folder) => {
      const state = join(folder, "cloud");
      const before = await Cloud.start({ folder: state });
      await addImage(before, folder);
      const own = await before.desk.signedUrl({ productId: PRODUCT, version: "2.0.0" });
      await before.stop();

      const files = store.settings(folder);
      const refusal = (error: unknown) =>
        error instanceof CloudError && /^1 file is not in http.*: copy them/.test(error.message);
      await assert.rejects(Cloud.start({ folder: state, files }), refusal);
      const { md5 } = hashes(IMAGE);
      store.objects.set(`firmware/${md5}.bin`, { bytes: IMAGE, etag: '"x"', headers: {} });
      const after = await Cloud.start({ folder: state, files });
      try {
        const moved = own.replace(/^http:\/\/[^/]+/, after.httpUrl);
        const answer = await fetch(moved, { redirect: "manual" });
        assert.equal(answer.status, 302);
        const target = answer.headers.get("location") ?? "";
        assert.ok(target.startsWith(store.endpoint));
        assert.deepEqual(Buffer.from(await (await fetch(moved)).arrayBuffer()), IMAGE);
      } finally {
        await after.stop();
      }
      await assert.rejects(Cloud.start({ folder: state }), /the files of this state are in http.*: name it by --files/);
      const resting = await openAtRest(state);
      try {
        const [known] = (await resting.operator.packages(PRODUCT, {})).items;
        await assert.rejects(resting.operator.secretsIn(known?.id ?? 0), /name it by --files/);
      } finally {
        await resting.close();
      }
    }),
  ));

test("files in another folder are served from there, and those of a state that has them elsewhere are not taken", () =>
  withFolder(async (folder) => {
    const state = join(folder, "cloud");
    const files = { location: join(folder, "files") };
    const cloud = await Cloud.start({ folder: state, files });
    try {
      await addImage(cloud, folder);
      const url = await cloud.desk.signedUrl({ productId: PRODUCT, version: "2.0.0" });
      assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), IMAGE);
    } finally {
      await cloud.stop();
    }
    await assert.rejects(Cloud.start({ folder: state }), CloudError);
    await assert.rejects(Cloud.start({ folder: state, files: { location: folder } }), /1 file is not in/);
  }));

const IMAGE = Buffer.from("image");

function hashes(bytes: Uint8Array) {
  return { md5: createHash("md5").update(bytes).digest("hex") };
}

async function addImage(cloud: Cloud, folder: string, manifest?: object): Promise<void> {
  const path = join(folder, "image.bin");
  writeFileSync(path, IMAGE);
  await cloud.desk.addFirmware({
    productId: PRODUCT,
    version: "2.0.0",
    path,
    ...(manifest === undefined ? {} : { manifest }),
  });
}

async function packageWith({ cloud }: FleetBed, manifest: object): Promise<{ readonly md5sum: string }> {
  await withFolder((folder) => addImage(cloud, folder, manifest));
  return { md5sum: hashes(IMAGE).md5 };
}
