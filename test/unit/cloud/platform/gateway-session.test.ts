import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import mqtt, { type MqttClient } from "mqtt";
import { Cloud } from "../../../../cloud/cloud.js";
import type { DeviceStatus } from "../../../../cloud/types.js";
import { withFolder } from "../../../support/folder.js";
import { deviceEntry, GATEWAY, LIGHT } from "../../../support/gateway-test-bed.js";
import { PRODUCT, SECRET } from "../../../support/platform-test-bed.js";
import { closed, until } from "../../../support/running-broker.js";

const OTHER_GATEWAY = { productId: "GATEWAY001", deviceName: "gw2" };
const STRANGER = { productId: PRODUCT, deviceName: "light_09" };
const OPERATION = "$gateway/operation/GATEWAY001/gw1";
const RESULT = "$gateway/operation/result/GATEWAY001/gw1";
const UPDATE = "$ota/update/ABCDE12345/light_01";
const REPORT = "$ota/report/ABCDE12345/light_01";

function version(text: string): string {
  return JSON.stringify({ type: "report_version", report: { version: text } });
}

/** A cloud with two gateways, a light that is bound to the first, and a light that is bound to none. */
class GatewayCloud {
  readonly cloud: Cloud;
  readonly warnings: readonly string[];
  /** Topics of the reports that reached the platform. */
  readonly reported: readonly string[];
  readonly heard: string[] = [];
  readonly #folder: string;
  readonly #clients: MqttClient[] = [];

  private constructor(options: {
    cloud: Cloud;
    folder: string;
    warnings: readonly string[];
    reported: readonly string[];
  }) {
    this.reported = options.reported;
    this.cloud = options.cloud;
    this.warnings = options.warnings;
    this.#folder = options.folder;
  }

  static run(body: (running: GatewayCloud) => Promise<void>): Promise<void> {
    return withFolder(async (folder) => {
      const warnings: string[] = [];
      const reported: string[] = [];
      const cloud = await Cloud.start({
        folder,
        onReport: (topic) => reported.push(topic),
        onWarning: (line) => warnings.push(line),
      });
      const running = new GatewayCloud({ cloud, folder, warnings, reported });
      try {
        for (const name of [GATEWAY, OTHER_GATEWAY, LIGHT, STRANGER]) {
          await cloud.desk.addDevice({ ...name, deviceSecret: SECRET });
        }
        await cloud.desk.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
        await body(running);
      } finally {
        for (const client of running.#clients) client.end(true);
        await cloud.stop();
      }
    });
  }

  /** Its messages go to `heard`, as `topic payload`. */
  async connect({ productId, deviceName } = GATEWAY): Promise<MqttClient> {
    const clientId = productId + deviceName;
    const username = `${clientId};12010126;x7Kq2;2147483647`;
    const digest = createHmac("sha256", Buffer.from(SECRET, "base64")).update(username).digest("hex");
    const client = mqtt.connect(this.cloud.mqttUrl, {
      reconnectPeriod: 0,
      clientId,
      username,
      password: `${digest};hmacsha256`,
    });
    this.#clients.push(client);
    client.on("error", () => {});
    client.on("message", (topic, payload) => this.heard.push(`${topic} ${payload.toString()}`));
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve()).once("close", () => reject(new Error("closed")));
    });
    return client;
  }

  /** The vendor's order: results, online and its answer, the sub-device's updates. */
  async connectWithLight(): Promise<MqttClient> {
    const client = await this.connect();
    await client.subscribeAsync(RESULT, { qos: 1 });
    await this.ask(client, "online");
    await client.subscribeAsync(UPDATE, { qos: 1 });
    return client;
  }

  /** Waits for the answer. @returns the answer */
  async ask(client: MqttClient, type: string, device = LIGHT): Promise<string | undefined> {
    const from = this.heard.length;
    client.publish(OPERATION, JSON.stringify({ type, payload: { devices: [deviceEntry(device)] } }));
    await until(() => this.heard.slice(from).some((line) => line.startsWith(RESULT)));
    return this.heard.slice(from).find((line) => line.startsWith(RESULT));
  }

  count(text: string): number {
    return this.heard.filter((line) => line.includes(text)).length;
  }

  async status(deviceName: string): Promise<DeviceStatus> {
    const device = (await this.cloud.desk.status()).devices.find((known) => known.deviceName === deviceName);
    assert.ok(device !== undefined);
    return device;
  }

  async offer(): Promise<void> {
    const path = join(this.#folder, "image.bin");
    writeFileSync(path, "firmware");
    const request = { productId: PRODUCT, version: "0.2.0" };
    await this.cloud.desk.addFirmware({ ...request, path });
    await this.cloud.desk.upgrade({ ...request, selection: { kind: "list", deviceNames: ["light_01"] } });
  }
}

test("a sub-device reports and is offered its update on its own topics, over its gateway's connection", async () => {
  await GatewayCloud.run(async (running) => {
    const client = await running.connectWithLight();
    assert.equal((await running.status("light_01")).online, true);
    assert.equal((await running.status("gw1")).online, true, "though it has not subscribed to updates of its own");
    await client.publishAsync(REPORT, version("0.1.0"), { qos: 1 });
    await until(() => running.count("report_version_rsp") === 1);
    await running.offer();
    await until(() => running.count("update_firmware") === 1);
    assert.ok(running.heard.at(-1)?.startsWith(UPDATE));
    const progress = { state: "burning", result_code: "0", result_msg: "" };
    const report = { type: "report_progress", report: { progress, version: "0.2.0" } };
    await client.publishAsync(REPORT, JSON.stringify(report), { qos: 1 });
    assert.equal((await running.status("light_01")).task?.state, "burning");
  });
});

test("a gateway may subscribe for a sub-device that is bound and not online, but no message is passed on", async () => {
  await GatewayCloud.run(async (running) => {
    const client = await running.connect();
    await client.subscribeAsync(RESULT, { qos: 1 });
    await client.subscribeAsync(UPDATE, { qos: 1 });
    await client.publishAsync(REPORT, version("0.1.0"), { qos: 1 });
    await running.offer();
    assert.deepEqual(running.warnings, [`${REPORT} dropped: this sub-device is not online`]);
    const before = await running.status("light_01");
    assert.deepEqual([before.version, before.online, before.task?.state], [undefined, false, "to-push"]);
    await running.ask(client, "online");
    await client.publishAsync(REPORT, version("0.1.0"), { qos: 1 });
    await until(() => running.count("update_firmware") === 1);
    await running.ask(client, "offline");
    await running.offer();
    await running.ask(client, "online");
    assert.equal(running.count("update_firmware"), 1, "what was sent while it was away is lost");
  });
});

test("topics of a device that is not bound to it are refused, to a gateway too", async () => {
  await GatewayCloud.run(async (running) => {
    const client = await running.connectWithLight();
    const updates = ["light_09", "+", "#"].map((name) => `$ota/update/ABCDE12345/${name}`);
    for (const filter of [...updates, "$gateway/operation/result/GATEWAY001/gw2", OPERATION, REPORT, `${UPDATE}/x`]) {
      await assert.rejects(client.subscribeAsync(filter, { qos: 1 }), filter);
    }
    const reports = ["light_09", "nobody"].map((name) => `$ota/report/ABCDE12345/${name}`);
    for (const topic of [...reports, "$gateway/operation/GATEWAY001/gw2", RESULT, UPDATE, `${REPORT}/x`]) {
      const other = await running.connect();
      other.publish(topic, version("0.1.0"));
      await closed(other);
    }
    const light = await running.connect(LIGHT);
    light.publish("$ota/report/GATEWAY001/gw1", version("0.1.0"));
    await closed(light);
    assert.equal((await running.status("light_09")).version, undefined);
  });
});

test("messages on the data topics of the vendor's gateway sample are passed on, and are no reports", async () => {
  await GatewayCloud.run(async (running) => {
    const client = await running.connectWithLight();
    for (const filter of ["ABCDE12345/light_01/data", "GATEWAY001/gw1/control"]) {
      await client.subscribeAsync(filter, { qos: 1 });
    }
    for (const filter of ["ABCDE12345/light_09/data", "GATEWAY001/gw1/event", "GATEWAY001/gw1/other"]) {
      await assert.rejects(client.subscribeAsync(filter, { qos: 1 }), filter);
    }
    await client.publishAsync("ABCDE12345/light_01/data", version("0.9.9"), { qos: 1 });
    await client.publishAsync("GATEWAY001/gw1/event", "x", { qos: 1 });
    await until(() => running.count("ABCDE12345/light_01/data") === 1);
    assert.deepEqual(running.reported, [OPERATION], "only that it came online");
    for (const topic of ["ABCDE12345/light_09/data", "GATEWAY001/gw1/control"]) {
      const other = await running.connect();
      other.publish(topic, "x");
      await closed(other);
    }
  });
});

test("sub-devices go offline with their gateway's connection, and are not online on the next one", async () => {
  await GatewayCloud.run(async (running) => {
    const first = await running.connectWithLight();
    first.end(true);
    await until(() => running.cloud.core.sessions.get(GATEWAY) === undefined);
    assert.deepEqual([(await running.status("light_01")).online, (await running.status("gw1")).online], [false, false]);
    const second = await running.connectWithLight();
    assert.equal((await running.status("light_01")).online, true);
    const third = await running.connect();
    await closed(second);
    assert.equal(
      (await running.status("light_01")).online,
      false,
      "a connection that takes another's place begins anew",
    );
    await third.subscribeAsync(RESULT);
    await third.subscribeAsync(UPDATE);
    await running.ask(third, "online");
    assert.equal((await running.status("light_01")).online, true, "and the end of the old one takes nobody off");
  });
});

test("a sub-device that the operator unbinds is gone at once; a report on its way is dropped and disconnects nobody", async () => {
  await GatewayCloud.run(async (running) => {
    const client = await running.connectWithLight();
    await running.cloud.desk.unbindSubDevice(LIGHT);
    const change = { type: "change", payload: { status: 0, devices: [deviceEntry(LIGHT)] } };
    await until(() => running.count(JSON.stringify(change)) === 1);
    await client.publishAsync(REPORT, version("0.1.0"), { qos: 1 });
    assert.equal((await running.status("light_01")).version, undefined);
    client.publish(OPERATION, '{"type":"change","result":0}');
    await running.cloud.desk.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    await until(() => running.count('"status":1') === 1);
    await running.ask(client, "online");
    assert.equal((await running.status("light_01")).online, true, "its subscription is still there");
    assert.equal((await running.status("gw1")).unansweredChanges, 1);
  });
});

test("an update goes to the gateway that the sub-device is bound to now, and not to the one before", async () => {
  await GatewayCloud.run(async (running) => {
    await running.connectWithLight();
    await running.cloud.desk.unbindSubDevice(LIGHT);
    await running.cloud.desk.bindSubDevice({ ...LIGHT, gateway: OTHER_GATEWAY });
    await running.offer();
    const other = await running.connect(OTHER_GATEWAY);
    await other.subscribeAsync("$gateway/operation/result/GATEWAY001/gw2");
    await other.subscribeAsync(UPDATE);
    const online = { type: "online", payload: { devices: [deviceEntry(LIGHT)] } };
    other.publish("$gateway/operation/GATEWAY001/gw2", JSON.stringify(online));
    other.publish(REPORT, version("0.1.0"));
    await until(() => running.count("update_firmware") > 0);
    await other.publishAsync("$ota/report/GATEWAY001/gw2", version("0.1.0"), { qos: 1 });
    assert.equal(running.count("update_firmware"), 1);
  });
});

test("messages beyond the platform's rate are taken, counted and reported", async (context) => {
  // All messages come at one time.
  context.mock.method(performance, "now", () => 5000);
  await GatewayCloud.run(async (running) => {
    const client = await running.connectWithLight();
    const reports = Array.from({ length: 200 }, (_, index) =>
      client.publishAsync(REPORT, version(`0.1.${index}`), { qos: 1 }),
    );
    await Promise.all(reports);
    // One was the request to bring it online.
    assert.equal((await running.status("gw1")).overRate, 201 - 30);
    assert.deepEqual(
      running.warnings,
      [1, 101].map((count) => `GATEWAY001gw1 sends too fast: ${count} beyond 30 messages a second`),
      "not a line for each",
    );
    assert.equal((await running.status("light_01")).version, "0.1.199");
    assert.equal((await running.status("light_01")).overRate, undefined);
  });
});
