import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type Api, createApi } from "../../cloud/api/app.js";
import type { Cloud } from "../../cloud/cloud.js";
import type { Change } from "../../cloud/operator/types.js";
import { skipMosquitto } from "../support/mosquitto.js";
import { skipPostgres } from "../support/postgres.js";
import { SeededRandom } from "../support/seed.js";
import { ACTOR, addFleet, beginPlan, changesOf, eventually, PRODUCT, ProcessesBed } from "../support/processes-bed.js";

const skip = skipPostgres || skipMosquitto;

const MINUTE_MS = 60_000;

function request(api: Api, method: string, path: string, cookie: string, body?: object): Promise<Response> {
  const headers = { Cookie: cookie, Origin: "http://cloud", Host: "cloud", "Content-Type": "application/json" };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return api.fetch(new Request(`http://cloud/api/v1${path}`, init));
}

/** @returns the cookie */
async function signIn(api: Api, proof: object): Promise<string> {
  const response = await request(api, "POST", "/session", "", proof);
  assert.equal(response.status, 201);
  return response.headers.get("Set-Cookie")?.split(";")[0] ?? "";
}

/** @returns 200 if the cookie signs in, and 204 if not */
async function statusOf(api: Api, cookie: string): Promise<number> {
  return (await request(api, "GET", "/session", cookie)).status;
}

async function versionOf({ operator }: Cloud, deviceName: string): Promise<string | undefined> {
  return (await operator.device({ productId: PRODUCT, deviceName })).versions["firmware"];
}

function eventIds(changes: readonly Change[]): number[] {
  return changes.flatMap((change) => (change.kind === "event" ? [change.event.id] : []));
}

test("what operators ask of a process that does not lead is carried out by the leader", { skip }, () =>
  ProcessesBed.run(async (bed) => {
    const leader = await bed.start({ role: "ingest" });
    const api = await bed.start({ role: "api" });
    const standby = await bed.start();
    assert.deepEqual(
      [leader, api, standby].map(({ isLeading }) => isLeading),
      [true, false, false],
    );
    await addFleet(api, ["d1", "d2"]);
    const fleet = await bed.fleet();
    fleet.onOffer = (deviceName, { version }) => void fleet.update(deviceName, version);
    for (const name of ["d1", "d2"]) await fleet.version(name, "1.0.0");
    const { changes, stop } = changesOf(api);
    const { id } = await beginPlan(api);
    await eventually(async () => (await standby.operator.plan(id)).state === "finished");
    assert.equal((await api.operator.plan(id)).counts.succeeded, 2);
    const stored = (await api.operator.events({ planId: id }, { order: "oldest" })).items.map((event) => event.id);
    await eventually(() => eventIds(changes).includes(stored.at(-1) ?? 0));
    const seen = eventIds(changes);
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
      "each event once, in the order of the ids",
    );
    assert.deepEqual(
      stored.filter((each) => !seen.includes(each)),
      [],
      "no event of the plan is missing in the stream of a process that neither decided nor received it",
    );
    assert.ok(changes.some((change) => change.kind === "plan" && change.planId === id));
    stop();
    // The leader tells the others once a second what only it knows.
    await eventually(async () => (await api.operator.health()).broker !== "unknown");
    const { problems, devicesOnline, broker } = await api.operator.health();
    assert.deepEqual([problems, broker], [[], "connected"]);
    assert.equal(devicesOnline, (await leader.operator.health()).devicesOnline);
  }),
);

test("a stop that a process without the lead is asked for ends the downloads of every process", { skip }, () =>
  ProcessesBed.run(async (bed) => {
    const leader = await bed.start({ role: "ingest" });
    const api = await bed.start({ role: "api" });
    await addFleet(api, ["d1"]);
    const fleet = await bed.fleet();
    await fleet.version("d1", "1.0.0");
    const { id } = await beginPlan(api);
    await eventually(() => fleet.offers.has("d1"));
    await fleet.progress("d1", "2.0.0", "downloading", { percent: "10" });
    const url = fleet.offers.get("d1")?.[0]?.url ?? "";
    const path = new URL(url).pathname + new URL(url).search;
    assert.equal((await fetch(url)).status, 200);
    assert.equal((await fetch(api.httpUrl + path)).status, 200, "each process serves the files");
    await api.operator.stopPlan(id, ACTOR);
    assert.equal((await fetch(url)).status, 403);
    assert.equal((await fetch(api.httpUrl + path)).status, 403);
    await eventually(async () => (await leader.operator.plan(id)).counts.cancelled === 1);
  }),
);

test("a fault that is added at one process strikes at the leader, and all processes list it", { skip }, () =>
  ProcessesBed.run(async (bed) => {
    const leader = await bed.start();
    const api = await bed.start({ role: "api" });
    await addFleet(api, ["d1"]);
    const fleet = await bed.fleet();
    await fleet.version("d1", "1.0.0");
    const { id } = await api.operator.addFault({ fault: "wrong-md5", times: 1 }, ACTOR);
    await eventually(async () => (await leader.operator.faults()).some((fault) => fault.id === id));
    await eventually(async () => (await api.operator.faults()).some((fault) => fault.id === id));
    await beginPlan(api);
    await eventually(async () => (await api.operator.faults()).some(({ struck }) => struck === 1));
    assert.equal(await api.operator.clearFaults(id, ACTOR), 1);
    await eventually(async () => (await leader.operator.faults()).length === 0);
  }),
);

test(
  "when those who follow a process are told of a fault, it lists it; and lists it no more when it is gone",
  { skip },
  () =>
    ProcessesBed.run(async (bed) => {
      const leader = await bed.start();
      const api = await bed.start({ role: "api" });
      /** What a page shows: the list as it was when the last change was reported. */
      const shown = [leader, api].map(({ operator }) => {
        const page = { ids: [] as readonly number[] };
        const load = async (): Promise<void> => {
          page.ids = (await operator.faults()).map(({ id }) => id);
        };
        operator.follow(({ kind }) => kind === "faults" && void load());
        return page;
      });
      const all = (...ids: readonly number[]): boolean => shown.every((page) => page.ids.join() === ids.join());
      for (const { operator, isLeading } of [leader, api]) {
        const { id } = await operator.addFault({ fault: "wrong-md5" }, ACTOR);
        // What leads has it when it answers; the others soon after.
        if (isLeading)
          assert.deepEqual(
            (await operator.faults()).map((fault) => fault.id),
            [id],
          );
        await eventually(() => all(id));
        await operator.clearFaults(id, ACTOR);
        if (isLeading) assert.deepEqual(await operator.faults(), []);
        await eventually(() => all());
      }
    }),
);

test(
  "a token that is revoked at one process, and a sign-out there, end sessions and streams at the other",
  { skip },
  () =>
    ProcessesBed.run(async (bed) => {
      const [first, second] = [await bed.start({ role: "api" }), await bed.start({ role: "api" })];
      const apis = [first, second].map(({ operator, browserSessions }) =>
        createApi({ operator, sessionRecords: browserSessions, heartbeatMs: 3_600_000 }),
      );
      const [here, there] = apis as [Api, Api];
      const { token, id } = await first.operator.newToken({ name: "bob", role: "viewer" }, ACTOR);
      const byToken = await signIn(here, { token });
      const byCode = await signIn(here, { code: here.sessions.newCode() });
      for (const api of apis) {
        assert.deepEqual([await statusOf(api, byToken), await statusOf(api, byCode)], [200, 200]);
      }
      const stream = await request(here, "GET", "/events/stream", byToken);
      assert.equal(stream.status, 200);
      let sent: string | undefined;
      void stream.text().then((text) => (sent = text));
      await second.operator.revokeToken(id, ACTOR);
      await eventually(() => sent !== undefined);
      assert.match(sent ?? "", /^: open/);
      assert.equal(await statusOf(here, byToken), 204);
      assert.equal(await statusOf(here, byCode), 200);
      assert.equal((await request(there, "DELETE", "/session", byCode)).status, 204);
      await eventually(async () => (await statusOf(here, byCode)) === 204);
    }),
);

test("processes whose clocks are a minute apart agree on the time, also when the lead changes", { skip }, () =>
  ProcessesBed.run(async (bed) => {
    const ahead = await bed.start({ now: () => Date.now() + MINUTE_MS });
    const behind = await bed.start({ now: () => Date.now() - MINUTE_MS });
    const names = ["d1", "d2"];
    await addFleet(behind, names);
    const fleet = await bed.fleet();
    for (const name of names) await fleet.version(name, "1.0.0");
    // A device that is silent for half a minute has no chance if a leader's clock jumps by one or two.
    const { id } = await beginPlan(behind, { silentAfterSeconds: 60 });
    await eventually(() => fleet.offers.size === 2);
    for (const name of names) await fleet.progress(name, "2.0.0", "downloading", { percent: "10" });
    await eventually(async () => (await ahead.operator.plan(id)).counts.downloading === 2);
    await bed.stop(ahead);
    await eventually(() => behind.isLeading);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal((await behind.operator.plan(id)).counts.downloading, 2, "nobody is silent");
    for (const name of names) await fleet.update(name, "2.0.0");
    await eventually(async () => (await behind.operator.plan(id)).state === "finished");
    const { items } = await behind.operator.events({ planId: id }, { order: "oldest" });
    const times = items.map(({ at }) => at);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.ok(Math.abs((times[0] ?? 0) - Date.now()) < MINUTE_MS / 2, "by the clock of the database");
  }),
);

test("the lead is handed over in good order, and what comes meanwhile is kept by the broker", { skip }, () =>
  ProcessesBed.run(async (bed) => {
    const first = await bed.start();
    const second = await bed.start();
    await addFleet(second, ["d1"]);
    const fleet = await bed.fleet();
    await fleet.version("d1", "1.0.0");
    await eventually(
      async () =>
        (await second.operator.device({ productId: PRODUCT, deviceName: "d1" })).versions["firmware"] === "1.0.0",
    );
    const stopping = bed.stop(first);
    for (let patch = 1; patch <= 20; patch++) await fleet.version("d1", `1.0.${patch}`);
    await stopping;
    await eventually(
      async () =>
        (await second.operator.device({ productId: PRODUCT, deviceName: "d1" })).versions["firmware"] === "1.0.20",
    );
    assert.ok(second.isLeading);
    assert.deepEqual(bed.lines, ["leads", "hands the lead over", "leads"]);
  }),
);

test(
  "a delta that is being made when the lead is handed over is made by the next one, and was not interrupted",
  { skip },
  () =>
    ProcessesBed.run(async (bed) => {
      const first = await bed.start();
      const second = await bed.start();
      const random = new SeededRandom();
      const old = Buffer.from(Array.from({ length: 512 * 1024 }, () => random.integer(0, 255)));
      const versions = [
        ["1.0.0", old],
        ["2.0.0", Buffer.from(old.map((byte, at) => (at % 64 === 0 ? byte ^ 1 : byte)))],
      ] as const;
      let id = 0;
      for (const [version, bytes] of versions) {
        const added = { productId: PRODUCT, version, fileName: "image.bin" };
        ({ id } = await first.operator.addPackage(added, Readable.from([bytes]), ACTOR));
      }
      await first.operator.addVariants(id, { deltaFrom: ["1.0.0"] }, ACTOR);
      const { variants } = second.core.state.transactions.tables;
      const stateOf = async () => (await variants.ofPackages([id]))[0]?.state;
      await eventually(async () => (await stateOf()) !== "queued", 30_000, 5);
      await bed.stop(first);
      await eventually(async () => (await stateOf()) === "ready", 60_000);
      assert.equal((await variants.ofPackages([id]))[0]?.interruptions, 0);
    }),
);

test("the database is killed and comes back: reports wait at the broker, and the leader leads again", { skip }, () =>
  ProcessesBed.run(async (bed) => {
    const cloud = await bed.start();
    await addFleet(cloud, ["d1"]);
    const fleet = await bed.fleet();
    await fleet.version("d1", "1.0.0");
    await eventually(async () => (await versionOf(cloud, "d1")) === "1.0.0");
    await bed.postgres.end();
    await fleet.version("d1", "1.1.0");
    await eventually(async () => (await cloud.operator.health()).problems.some(({ code }) => code === "storage-lost"));
    assert.equal(cloud.isLeading, false, "a leader that cannot reach the database is none");
    await bed.postgres.begin();
    await eventually(() => cloud.isLeading);
    await eventually(async () => (await versionOf(cloud, "d1")) === "1.1.0");
    await eventually(async () => (await cloud.operator.health()).ok);
  }),
);

test("a database without a connection left is a state of health of its own, and passes by itself", { skip }, () =>
  ProcessesBed.run(
    async (bed) => {
      const cloud = await bed.start();
      await addFleet(cloud, ["d1"]);
      const fleet = await bed.fleet();
      const hogs = await bed.postgres.exhaust();
      await eventually(async () => {
        await bed.postgres.endConnections("ota-cloud");
        await hogs.fill();
        // Only who wants to store something finds that no connection is left.
        await fleet.version("d1", "1.1.0");
        const { problems } = await cloud.operator.health();
        return problems.some(({ code }) => code === "storage-connections");
      });
      await hogs.end();
      await eventually(async () => (await cloud.operator.health()).ok);
      await eventually(async () => (await versionOf(cloud, "d1")) === "1.1.0");
    },
    { maxConnections: 24 },
  ),
);
