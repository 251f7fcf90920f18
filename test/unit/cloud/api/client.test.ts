import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { connectOperator, type RemoteOperator } from "../../../../cloud/api/client.js";
import { ApiServer } from "../../../../cloud/api/server.js";
import { type Change, type Operator, Refusal } from "../../../../cloud/operator/types.js";
import { FakeOperator, PRODUCT } from "../../../support/fake-operator.js";

const ACTOR = { name: "test", origin: "local" };
const LIGHT = { productId: PRODUCT, deviceName: "light_01" };
const GATEWAY = { productId: PRODUCT, deviceName: "gateway_01" };

async function connected(body: (remote: RemoteOperator, fake: FakeOperator, server: ApiServer) => Promise<void>) {
  const fake = new FakeOperator();
  const token = fake.token("admin");
  const server = await ApiServer.start({ operator: fake, port: 0 });
  const remote = await connectOperator({ url: server.url, token });
  try {
    await body(remote, fake, server);
  } finally {
    await remote.close();
    await server.close();
  }
}

/** What an operator might do in a day, and the result of each step. */
async function story(operator: Operator): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  const note = async (doing: Promise<unknown>): Promise<void> => {
    outcomes.push(
      await doing.then(
        (value) => value ?? null,
        (error: unknown) => {
          assert.ok(error instanceof Refusal, String(error));
          return [error.code, error.message, error.errors];
        },
      ),
    );
  };
  const page = { limit: 100 };
  await note(operator.setProduct({ productId: PRODUCT, name: "lights", registration: "any", deviceLimit: 3 }, ACTOR));
  await note(operator.products());
  await note(operator.addDevices([LIGHT, GATEWAY, { ...LIGHT, deviceName: "c", certificate: true }], ACTOR));
  await note(operator.addDeviceCount({ productId: PRODUCT, prefix: "x", count: 2 }, ACTOR));
  await note(operator.devices({ productId: PRODUCT, text: "light", online: false }, { after: 0, limit: 1 }));
  await note(operator.devices({ gateway: GATEWAY, component: "mcu", version: "1.0" }, page));
  const { items: newest, next } = await operator.devices({}, { limit: 2, order: "newest" });
  assert.deepEqual(
    newest.map(({ deviceName }) => deviceName),
    ["x2", "x1"],
  );
  await note(operator.devices({}, { limit: 2, order: "newest", after: next ?? 0 }));
  await note(operator.changeDevice(LIGHT, { note: "in the hall", timeZone: "Asia/Shanghai" }, ACTOR));
  await note(operator.bind(LIGHT, GATEWAY, ACTOR));
  await note(operator.device(LIGHT));
  await note(operator.unbind(LIGHT, ACTOR));
  await note(operator.unbind(GATEWAY, ACTOR));
  const request = {
    productId: PRODUCT,
    version: "2.0.0",
    fileName: "a b.bin",
    size: 5,
    name: "spring & summer",
    replace: true,
    requirements: { sourceVersion: "1.0.0", minBatteryPercent: 20, minSignalDbm: -70, space: 5 },
  };
  await note(operator.addPackage(request, Readable.from([Buffer.from("im"), Buffer.from("age")]), ACTOR));
  const { id: packageId } = (await operator.packages(PRODUCT, page)).items[0]!;
  await note(operator.package(packageId));
  await note(operator.secretsIn(packageId));
  await note(operator.verify({ productId: PRODUCT, version: "2.0.0", deviceName: "light_01" }, ACTOR));
  await note(operator.createPlan({ name: 5 }, ACTOR));
  await note(operator.createPlan({ name: "spring", texts: { zh: { title: "更新" } } }, ACTOR));
  await note(operator.preview({ name: "spring" }));
  const { id } = (await operator.plans({ state: "draft" }, page)).items[0]!;
  await note(operator.preview(id));
  await note(operator.preview(id, { limit: 0 }));
  await note(operator.preview({ name: "spring" }, { limit: 5, reason: "denied" }));
  await note(operator.editPlan(id, { name: "summer" }, ACTOR));
  await note(operator.planTimeline(id));
  await note(operator.planTimeline(id, { points: 7 }));
  for (const act of ["activatePlan", "pausePlan", "resumePlan", "stopPlan", "cancelPlan", "deletePlan"] as const) {
    await note(operator[act](id, ACTOR));
  }
  await note(operator.plan(id));
  await note(operator.plan(9999));
  await note(operator.editPlan(id, { name: "autumn" }, ACTOR));
  await note(operator.retryPlan(id, { tasks: [1] }, ACTOR));
  await note(operator.tasks({ device: LIGHT, state: "waiting" }, page));
  await note(operator.tasks({ planId: id, productId: PRODUCT, state: "failed", reason: "-1" }, { order: "newest" }));
  await note(operator.planReasons(1 + id));
  await note(operator.planReasons(id));
  await note(operator.versionHistory({ productId: PRODUCT, component: "motor", from: 10, to: 20, points: 5 }));
  await note(operator.versionHistory({ productId: PRODUCT }));
  await note(operator.overview({ productId: PRODUCT }));
  await note(operator.overview({}));
  await note(operator.versionHistory({ productId: PRODUCT, from: 20, to: 10 }));
  await note(operator.changeSettings({ keepEventsDays: 30 }, ACTOR));
  await note(operator.settings());
  const [task] = (await operator.tasks({}, page)).items;
  await note(operator.cancelTask(task!.id, ACTOR));
  await note(operator.withdrawPackage(packageId, ACTOR));
  await note(operator.events({ deviceName: "light_01", kind: "report" }, page));
  await note(operator.purgeEvents({ beforeMs: 5 }, ACTOR));
  await note(operator.newToken({ name: "page", role: "viewer" }, ACTOR));
  await note(operator.tokens());
  await note(operator.revokeToken((await operator.tokens()).at(-1)!.id, ACTOR));
  await note(operator.addFault({ fault: "cut", bytes: 5 }, ACTOR));
  await note(operator.faults());
  await note(operator.clearFaults(undefined, ACTOR));
  await note(operator.signedUrl({ productId: PRODUCT, version: "2.0.0" }));
  const selection = { kind: "list", deviceNames: ["light_01"] } as const;
  await note(operator.upgrade({ productId: PRODUCT, version: "2.0.0", selection }, ACTOR));
  await note(operator.status());
  await note(operator.removeDevice(LIGHT, ACTOR));
  await note(operator.audit(page).then(({ items }) => items.map(({ action, subject }) => ({ action, subject }))));
  outcomes.push(await operator.health());
  return outcomes;
}

test("over HTTP an operator gets what it gets in the same process", async () => {
  const direct = new FakeOperator();
  direct.token("admin");
  const expected = await story(direct);
  await connected(async (remote, fake) => {
    assert.deepEqual(await story(remote), expected);
    assert.deepEqual(fake.uploads.map(String), ["image"]);
  });
});

test("10,000 devices with long names are added", async () => {
  await connected(async (remote, fake) => {
    const names = Array.from({ length: 10_000 }, (_, index) => ({
      productId: PRODUCT,
      deviceName: `d${index}`.padEnd(48, "_"),
    }));
    assert.equal((await remote.addDevices(names, ACTOR)).length, 10_000);
    assert.equal(fake.deviceList.length, 10_000);
  });
});

test("a large upload is streamed", async () => {
  await connected(async (remote, fake) => {
    let taken = 0;
    fake.addPackage = async (request, content) => {
      for await (const chunk of content) taken += (chunk as Buffer).byteLength;
      return { ...(await FakeOperator.prototype.addPackage.call(fake, request, Readable.from([]), ACTOR)) };
    };
    const chunk = Buffer.alloc(1024 * 1024, 1);
    const content = Readable.from(
      (function* () {
        for (let count = 0; count < 20; count++) yield chunk;
      })(),
    );
    const request = { productId: PRODUCT, version: "2.0.0", fileName: "a.bin", size: 20 * chunk.byteLength };
    await remote.addPackage(request, content, ACTOR);
    assert.equal(taken, request.size);
  });
});

test("changes are followed over a break of the stream", async () => {
  await connected(async (remote, fake, server) => {
    const changes: Change[] = [];
    const stop = remote.follow((change) => changes.push(change));
    const until = async (count: number) => {
      for (let turn = 0; changes.length < count; turn++) {
        assert.ok(turn < 2000, `${changes.length} changes`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    for (let turn = 0; server.api.streams.count === 0; turn++) {
      assert.ok(turn < 2000, "no stream");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const first = fake.event({ detail: { text: "\u001b" } });
    fake.change({ kind: "plan", planId: 3, productId: PRODUCT });
    fake.change({ kind: "package", packageId: 4, productId: PRODUCT });
    fake.change({ kind: "presence" });
    fake.change({ kind: "health" });
    fake.change({ kind: "faults" });
    await until(6);
    server.api.streams.close();
    const missed = fake.event();
    await until(7);
    assert.deepEqual(changes, [
      { kind: "event", event: first },
      { kind: "plan", planId: 3, productId: PRODUCT },
      { kind: "package", packageId: 4, productId: PRODUCT },
      { kind: "presence" },
      { kind: "health" },
      { kind: "faults" },
      { kind: "event", event: missed },
    ]);
    stop();
  });
});

test("a wrong token is no refusal of the cloud", async () => {
  await connected(async (_remote, _fake, { url }) => {
    await assert.rejects(connectOperator({ url, token: "other" }), { name: "ApiError", status: 401 });
  });
});

test("an address at which nothing listens is absent", async () => {
  let url = "";
  await connected(async (_remote, _fake, server) => {
    url = server.url;
  });
  await assert.rejects(connectOperator({ url, token: "a" }), {
    name: "ApiError",
    absent: true,
    message: `no cloud runs at ${url}: start it with ota-cloud serve`,
  });
});

test("another server than a cloud is named so", async () => {
  const server = createServer((_request, response) => response.writeHead(200).end("<html>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(connectOperator({ url, token: "a" }), /does not answer as this version of the cloud does/);
  server.close();
  server.closeAllConnections();
});

test("a busy cloud is waited for, with a word after two seconds", async () => {
  await connected(async (_remote, fake, { url }) => {
    let release = (): void => {};
    fake.products = () => new Promise((resolve) => (release = () => resolve([])));
    const words: string[] = [];
    const patient = await connectOperator({
      url,
      token: fake.tokenList[0]!.token,
      onWait: (line) => {
        words.push(line);
        release();
      },
    });
    assert.deepEqual(await patient.products(), []);
    assert.deepEqual(words, ["waiting for the cloud …"]);
  });
});

test("too many requests are spread, as Retry-After says", async () => {
  const fake = new FakeOperator();
  const token = fake.token("admin");
  const server = await ApiServer.start({ operator: fake, port: 0, requestsPerMinute: 60 });
  const words: string[] = [];
  const remote = await connectOperator({ url: server.url, token, onWait: (line) => words.push(line) });
  for (let count = 0; count < 61; count++) await remote.products();
  assert.match(words[0] ?? "", /going on in 1 s/);
  await server.close();
});

test("the secrets of devices that were known are shown to nobody again, however they are added", async () => {
  await connected(async (remote, fake) => {
    const known = { productId: PRODUCT, deviceName: "x1", deviceSecret: "c2VjcmV0", added: false };
    fake.addDevices = async () => [known];
    fake.addDeviceCount = async () => [known];
    const shown = [{ productId: PRODUCT, deviceName: "x1", added: false }];
    assert.deepEqual(await remote.addDevices([{ productId: PRODUCT, deviceName: "x1" }], ACTOR), shown);
    assert.deepEqual(await remote.addDeviceCount({ productId: PRODUCT, prefix: "x", count: 1 }, ACTOR), shown);
  });
});
