import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { MqttClient } from "mqtt";
import { Cloud } from "../../../../cloud/cloud.js";
import type { CloudOptions } from "../../../../cloud/options.js";
import { StorageError } from "../../../../cloud/store/storage-error.js";
import { ACTOR, PRODUCT } from "../../../support/fleet-bed.js";
import { withFolder } from "../../../support/folder.js";
import { OtherBroker } from "../../../support/other-broker.js";
import { until } from "../../../support/running-broker.js";

const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const NAMES = Array.from({ length: 12 }, (_, index) => `lamp-${String(index).padStart(2, "0")}`);

function reportTopic(deviceName: string): string {
  return `$ota/report/${PRODUCT}/${deviceName}`;
}

function versionReport(version: string): string {
  return JSON.stringify({ type: "report_version", report: { version } });
}

interface Bed {
  readonly other: OtherBroker;
  /** Starts a cloud, which is stopped at the end. */
  start(options?: Partial<CloudOptions>): Promise<Cloud>;
  stop(cloud: Cloud): Promise<void>;
  /** A client of the other broker, which is disconnected at the end. */
  client(clientId: string): Promise<MqttClient>;
}

function withOther(body: (bed: Bed) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const other = await OtherBroker.start();
    const clouds = new Set<Cloud>();
    const clients: MqttClient[] = [];
    try {
      await body({
        other,
        start: async (options) => {
          const cloud = await Cloud.start({ folder, broker: other.url, ...options });
          clouds.add(cloud);
          return cloud;
        },
        stop: async (cloud) => {
          clouds.delete(cloud);
          await cloud.stop();
        },
        client: async (clientId) => {
          const client = await other.client(clientId);
          clients.push(client);
          return client;
        },
      });
    } finally {
      for (const client of clients) await client.endAsync(true);
      for (const cloud of clouds) await cloud.stop();
      await other.stop();
    }
  });
}

function addAll(cloud: Cloud, names: readonly string[] = NAMES) {
  const devices = names.map((deviceName) => ({ productId: PRODUCT, deviceName, deviceSecret: SECRET }));
  return cloud.operator.addDevices(devices, ACTOR);
}

/** Holds the store's writer, so that nothing is committed until it is let go. */
async function holdStore(cloud: Cloud): Promise<() => Promise<void>> {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let begun = (): void => {};
  const isHeld = new Promise<void>((resolve) => (begun = resolve));
  const done = cloud.core.state.transactions.run(async () => {
    begun();
    await held;
  });
  await isHeld;
  return () => {
    release();
    return done;
  };
}

test("messages of many devices are handled at the same time, and acknowledged only after the commit", async () => {
  await withOther(async ({ other, start, client }) => {
    const seen: string[] = [];
    const cloud = await start({ onReport: (_topic, payload) => seen.push(payload) });
    await addAll(cloud);
    const device = await client("devices");
    const release = await holdStore(cloud);
    const payloads = NAMES.map((name) => versionReport(`1.0.${name}`));
    await Promise.all(NAMES.map((name, at) => device.publishAsync(reportTopic(name), payloads[at] ?? "", { qos: 1 })));
    await until(() => seen.length === NAMES.length);
    assert.deepEqual(other.acknowledged, []);
    await release();
    await until(() => other.acknowledged.length === NAMES.length);
    assert.deepEqual(other.acknowledged, seen);
    const { items } = await cloud.operator.devices({}, {});
    assert.ok(items.every(({ deviceName, versions }) => versions["firmware"] === `1.0.${deviceName}`));
  });
});

test("messages of one device are handled in the order in which they were sent", async () => {
  await withOther(async ({ other, start, client }) => {
    const cloud = await start();
    await addAll(cloud, ["a", "b"]);
    const device = await client("devices");
    const versions = Array.from({ length: 40 }, (_, index) => `1.0.${index}`);
    await Promise.all(
      versions.flatMap((version) =>
        ["a", "b"].map((name) => device.publishAsync(reportTopic(name), versionReport(version), { qos: 1 })),
      ),
    );
    await until(() => other.acknowledged.length === 2 * versions.length);
    for (const deviceName of ["a", "b"]) {
      const filter = { productId: PRODUCT, deviceName, kind: "version-reported" };
      const { items } = await cloud.operator.events(filter, { limit: 100 });
      const reported = [...items].sort((first, second) => first.id - second.id).map(({ detail }) => detail["version"]);
      assert.deepEqual(reported, versions);
    }
  });
});

test("what the broker has taken while no cloud ran is handled by the next one", async () => {
  await withOther(async ({ start, stop, client }) => {
    const first = await start();
    await addAll(first);
    await stop(first);
    const device = await client("devices");
    for (const name of NAMES) await device.publishAsync(reportTopic(name), versionReport("1.0.0"), { qos: 1 });
    const second = await start();
    await until(async () => (await second.operator.devices({ version: "1.0.0" }, {})).items.length === NAMES.length);
  });
});

test("what was not acknowledged when the connection was lost comes again, and is acknowledged once", async () => {
  await withOther(async ({ other, start, client }) => {
    const seen: string[] = [];
    const cloud = await start({ onReport: (_topic, payload) => seen.push(payload) });
    await addAll(cloud, ["lamp"]);
    const device = await client("devices");
    const release = await holdStore(cloud);
    await device.publishAsync(reportTopic("lamp"), versionReport("1.0.0"), { qos: 1 });
    await until(() => seen.length === 1);
    other.cutCloud();
    await until(async () => (await cloud.operator.health()).broker === "disconnected");
    await until(async () => (await cloud.operator.health()).broker === "connected");
    await release();
    await until(() => other.acknowledged.length === 1);
    assert.equal(seen.length, 2);
  });
});

test("what the storage refuses is tried again, and acknowledged once it is stored; another error drops it", async () => {
  await withOther(async ({ other, start, client }) => {
    const warnings: string[] = [];
    const cloud = await start({ onWarning: (line) => warnings.push(line) });
    await addAll(cloud, ["a", "b"]);
    const { platform } = cloud.core;
    const onMessage = platform.onMessage.bind(platform);
    const errors: Error[] = [new StorageError("full"), new RangeError("a task is in no known state")];
    platform.onMessage = async (topic, payload) => {
      const error = topic.endsWith("/a") ? errors.shift() : undefined;
      if (error !== undefined) throw error;
      await onMessage(topic, payload);
    };
    const device = await client("devices");
    await device.publishAsync(reportTopic("a"), versionReport("1.0.0"), { qos: 1 });
    await device.publishAsync(reportTopic("b"), versionReport("1.0.0"), { qos: 1 });
    await device.publishAsync(reportTopic("a"), versionReport("1.1.0"), { qos: 1 });
    await until(() => other.acknowledged.length === 3);
    assert.deepEqual(warnings, [`${reportTopic("a")} dropped: a task is in no known state`]);
    const { items } = await cloud.operator.devices({}, {});
    assert.deepEqual(
      items.map(({ versions }) => versions["firmware"]),
      ["1.1.0", "1.0.0"],
    );
  });
});

test("a message of more than 64 KiB is dropped, and does not come again", async () => {
  await withOther(async ({ other, start, client }) => {
    const [warnings, seen]: [string[], string[]] = [[], []];
    await start({ onWarning: (line) => warnings.push(line), onReport: (topic) => seen.push(topic) });
    const device = await client("devices");
    await device.publishAsync(reportTopic("lamp"), "x".repeat(64 * 1024 + 1), { qos: 1 });
    await until(() => other.acknowledged.length === 1);
    assert.deepEqual([warnings, seen], [[`${reportTopic("lamp")} dropped: more than 64 KiB`], []]);
  });
});

/** A device that stays connected and has reported 1.0.0, and a plan to 2.0.0. @returns the payloads that it gets */
async function beginUpdate(cloud: Cloud, device: MqttClient) {
  await addAll(cloud, ["lamp"]);
  const offers: string[] = [];
  device.on("message", (_topic, payload) => {
    if (payload.includes("update_firmware")) offers.push(payload.toString());
  });
  await device.subscribeAsync(`$ota/update/${PRODUCT}/lamp`, { qos: 1 });
  await device.publishAsync(reportTopic("lamp"), versionReport("1.0.0"), { qos: 1 });
  await cloud.operator.addPackage(
    { productId: PRODUCT, version: "2.0.0", fileName: "image.bin" },
    Readable.from([Buffer.alloc(1000)]),
    ACTOR,
  );
  const plan = await cloud.operator.createPlan(
    { name: "plan", product: PRODUCT, version: "2.0.0", devices: ["lamp"], override: "a test" },
    ACTOR,
  );
  await cloud.operator.activatePlan(plan.id, ACTOR);
  const taskOf = async (of: Cloud) => (await of.operator.tasks({ planId: plan.id }, {})).items[0];
  return { offers, taskOf };
}

const LOSE_OFFER: Partial<CloudOptions> = { faults: [{ fault: "lose", type: "update_firmware" }] };

test("an offer that was stored and not sent when the cloud ended is made by the next one, to a device that stays", async () => {
  await withOther(async ({ start, stop, client }) => {
    const first = await start(LOSE_OFFER);
    const { offers, taskOf } = await beginUpdate(first, await client("devices"));
    await until(async () => (await taskOf(first))?.state === "offered");
    await stop(first);
    assert.deepEqual(offers, []);
    const second = await start();
    const isOffered = (): boolean => offers.length > 0;
    // 10 s until it is offered anew.
    await until(isOffered, 20_000);
    const task = await taskOf(second);
    assert.deepEqual([task?.state, task?.attempt], ["offered", 1]);
  });
});

test("an offer that was not sent is made by the next one also if its clock is behind", async () => {
  await withOther(async ({ start, stop, client }) => {
    const first = await start({ ...LOSE_OFFER, now: () => Date.now() + 3000 });
    const { offers, taskOf } = await beginUpdate(first, await client("devices"));
    await until(async () => (await taskOf(first))?.state === "offered");
    await stop(first);
    await start();
    await until(() => offers.length > 0, 30_000);
  });
});

test("an offer that may be lost with the connection is made anew once that is back; one that was answered is not", async () => {
  await withOther(async ({ other, start, client }) => {
    const cloud = await start();
    const device = await client("devices");
    const { offers, taskOf } = await beginUpdate(cloud, device);
    await until(() => offers.length === 1);
    assert.equal((await taskOf(cloud))?.state, "offered");
    other.cutCloud();
    await until(async () => (await taskOf(cloud))?.state === "waiting");
    const progress = { state: "downloading", percent: "10", result_code: "0", result_msg: "" };
    const message = JSON.stringify({ type: "report_progress", report: { progress, version: "2.0.0" } });
    await device.publishAsync(reportTopic("lamp"), message, { qos: 1 });
    await until(async () => (await taskOf(cloud))?.state === "downloading");
    other.cutCloud();
    await until(async () => (await cloud.operator.health()).broker === "disconnected");
    await until(async () => (await cloud.operator.health()).broker === "connected");
    // Longer than two ticks.
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal((await taskOf(cloud))?.state, "downloading");
  });
});

test("health says since when the connection is lost, and that it is back", async () => {
  await withOther(async ({ other, start }) => {
    const lines: string[] = [];
    const cloud = await start({ onTrouble: (line) => lines.push(line) });
    assert.deepEqual((await cloud.operator.health()).problems, []);
    const before = Date.now();
    other.cutCloud();
    await until(async () => (await cloud.operator.health()).broker === "disconnected");
    const { ok, problems } = await cloud.operator.health();
    assert.deepEqual([ok, problems.length, problems[0]?.code], [false, 1, "broker"]);
    const sinceMs = problems[0]?.sinceMs ?? 0;
    assert.ok(sinceMs >= before && sinceMs <= Date.now(), `${sinceMs}`);
    await until(async () => (await cloud.operator.health()).broker === "connected");
    assert.deepEqual((await cloud.operator.health()).problems, []);
    assert.deepEqual(lines, [
      `broker ${other.url} is lost: devices are not served until it is back`,
      `broker ${other.url} is back`,
    ]);
  });
});

test("a cloud that ends acknowledges what it has taken, and leaves the rest to the next one, which gets it", async () => {
  await withOther(async ({ other, start, stop, client }) => {
    const seen: string[] = [];
    const cloud = await start({ onReport: (_topic, payload) => seen.push(payload) });
    await addAll(cloud, ["lamp-1", "lamp-2"]);
    const device = await client("device");
    const release = await holdStore(cloud);
    await device.publishAsync(reportTopic("lamp-1"), versionReport("1.0.1"), { qos: 1 });
    await until(() => seen.length === 1);
    const ended = stop(cloud);
    await device.publishAsync(reportTopic("lamp-2"), versionReport("1.0.2"), { qos: 1 });
    assert.deepEqual(cloud.readiness(), ["ending"]);
    assert.deepEqual(other.acknowledged, []);
    await release();
    await ended;
    assert.deepEqual(other.acknowledged, [versionReport("1.0.1")]);
    assert.equal(seen.length, 1);

    const next = await start();
    await until(() => other.acknowledged.length === 2);
    const { items } = await next.operator.devices({}, {});
    assert.deepEqual(
      items.map(({ versions }) => versions["firmware"]),
      ["1.0.1", "1.0.2"],
    );
  });
});
