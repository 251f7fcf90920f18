import assert from "node:assert/strict";
import { test } from "node:test";
import { Cloud } from "../../../../cloud/cloud.js";
import type { CloudOptions } from "../../../../cloud/options.js";
import { ACTOR, PRODUCT } from "../../../support/fleet-bed.js";
import { withFolder } from "../../../support/folder.js";
import { OtherBroker } from "../../../support/other-broker.js";
import { until } from "../../../support/running-broker.js";

const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const LIGHT = { productId: PRODUCT, deviceName: "light_01" };
const SENSOR = { productId: PRODUCT, deviceName: "sensor_01" };

async function withCloud(
  options: Partial<CloudOptions>,
  body: (cloud: Cloud, other: OtherBroker) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const other = await OtherBroker.start();
    const cloud = await Cloud.start({ folder, broker: other.url, ...options });
    try {
      await cloud.operator.addDevices(
        [LIGHT, SENSOR].map((name) => ({ ...name, deviceSecret: SECRET })),
        ACTOR,
      );
      await body(cloud, other);
    } finally {
      await cloud.stop();
      await other.stop();
    }
  });
}

async function shown({ operator }: Cloud): Promise<object> {
  const { online } = await operator.device(LIGHT);
  const { devicesOnline } = await operator.health();
  return { online, overview: (await operator.overview({})).online, devicesOnline };
}

/** What EMQX publishes itself. */
function say(other: OtherBroker, event: "connected" | "disconnected", atMs: number, client = "light_01"): void {
  const payload = JSON.stringify({ [`${event}_at`]: atMs, ts: atMs });
  const topic = `$SYS/brokers/emqx@127.0.0.1/clients/${PRODUCT}${client}/${event}`;
  other.aedes.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, () => {});
}

test("a device that reports over a broker that says nothing of who is connected is not shown online", () =>
  withCloud({}, async (cloud, other) => {
    const client = await other.client(`${PRODUCT}light_01`);
    const report = JSON.stringify({ type: "report_version", report: { version: "1.0.0" } });
    await client.publishAsync(`$ota/report/${PRODUCT}/light_01`, report, { qos: 1 });
    await until(async () => (await cloud.operator.device(LIGHT)).versions["firmware"] === "1.0.0");
    assert.deepEqual(await shown(cloud), { online: null, overview: null, devicesOnline: null });
    assert.deepEqual((await cloud.operator.devices({ online: true }, {})).items, []);
    assert.deepEqual((await cloud.operator.devices({ online: false }, {})).items, []);
    assert.ok((await cloud.operator.metrics()).every(({ name }) => name !== "devices_online"));
    await client.endAsync(true);
  }));

test("the broker's own events show who is online, until the connection to it is lost", () =>
  withCloud({ presence: "system-topics" }, async (cloud, other) => {
    assert.deepEqual(await shown(cloud), { online: null, overview: 0, devicesOnline: 0 });
    say(other, "connected", 1000);
    await until(async () => (await cloud.operator.device(LIGHT)).online === true);
    assert.deepEqual(await shown(cloud), { online: true, overview: 1, devicesOnline: 1 });
    say(other, "disconnected", 2000);
    await until(async () => (await cloud.operator.device(LIGHT)).online === false);
    assert.deepEqual(
      (await cloud.operator.devices({ online: false }, {})).items.map(({ deviceName }) => deviceName),
      ["light_01"],
    );
    other.cutCloud();
    await until(async () => (await cloud.operator.device(LIGHT)).online === null);
  }));

test("the end of a gateway's connection takes its sub-devices off", () =>
  withCloud({ presence: "system-topics" }, async (cloud, other) => {
    await cloud.operator.bind(SENSOR, LIGHT, ACTOR);
    const gateway = await other.client(`${PRODUCT}light_01`);
    say(other, "connected", 1000);
    const operation = {
      type: "online",
      payload: { devices: [{ product_id: PRODUCT, device_name: SENSOR.deviceName }] },
    };
    await gateway.publishAsync(`$gateway/operation/${PRODUCT}/light_01`, JSON.stringify(operation), { qos: 1 });
    await until(async () => (await cloud.operator.device(SENSOR)).online === true);
    say(other, "disconnected", 2000);
    await until(async () => (await cloud.operator.device(LIGHT)).online === false);
    assert.notEqual((await cloud.operator.device(SENSOR)).online, true);
    say(other, "connected", 3000);
    await until(async () => (await cloud.operator.device(LIGHT)).online === true);
    assert.notEqual((await cloud.operator.device(SENSOR)).online, true);
    await gateway.endAsync(true);
  }));

test("the same events come by the hooks, if that is the setting", () =>
  withCloud({ presence: "hooks", hooks: { port: 0, secret: undefined } }, async (cloud, other) => {
    const send = (event: string, atMs: number): Promise<unknown> =>
      fetch(`http://127.0.0.1:${cloud.hooksPort}/hooks/mqtt/presence`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ event, clientid: `${PRODUCT}light_01`, timestamp: atMs }),
      });
    await send("client.connected", 1_700_000_000_000);
    assert.equal((await cloud.operator.device(LIGHT)).online, true);
    // They do not come over the connection to the broker, whose loss means nothing for them.
    other.cutCloud();
    await until(async () => (await cloud.operator.health()).broker === "connected");
    assert.equal((await cloud.operator.device(LIGHT)).online, true);
    await send("client.disconnected", 1_700_000_000_001);
    assert.equal((await cloud.operator.device(LIGHT)).online, false);
  }));
