import assert from "node:assert/strict";
import { type EventEmitter, once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import { Cloud } from "../../../cloud/cloud.js";
import { CloudError } from "../../../cloud/types.js";
import { Running } from "../../support/command.js";
import { withFolder } from "../../support/folder.js";
import { httpRequest } from "../../support/http-get.js";
import { DEVICE, PRODUCT } from "../../support/platform-test-bed.js";
import { until } from "../../support/running-broker.js";

const REPORT = `$ota/report/${PRODUCT}/${DEVICE}`;
const UPDATE = `$ota/update/${PRODUCT}/${DEVICE}`;
const VERSION = '{"type":"report_version","report":{"version":"0.1.0"}}';

async function refused(starting: Promise<Cloud>, message: RegExp): Promise<void> {
  await assert.rejects(starting, (error) => error instanceof CloudError && message.test(error.message));
}

/** A broker that is not the cloud's own. */
async function withBroker(
  body: (port: number) => Promise<void>,
  prepare: (aedes: Aedes) => void = () => {},
): Promise<void> {
  const aedes = new Aedes();
  prepare(aedes);
  await aedes.listen();
  const server = createServer((socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await body((server.address() as AddressInfo).port);
  } finally {
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

test("an IPv6 address stands in brackets in the URLs that devices get, as RFC 3986 §3.2.2 has it", async () => {
  await withFolder(async (folder) => {
    for (const [publicHost, written] of [
      ["::1", "[::1]"],
      ["[::1]", "[::1]"],
      ["2001:db8::7", "[2001:db8::7]"],
      ["192.0.2.7", "192.0.2.7"],
      ["ota.example", "ota.example"],
    ] as const) {
      const cloud = await Cloud.start({ folder, publicHost });
      await cloud.stop();
      assert.equal(cloud.mqttUrl.replace(/:[0-9]+$/, ""), `mqtt://${written}`);
      assert.equal(cloud.httpUrl.replace(/:[0-9]+$/, ""), `http://${written}`);
    }
  });
});

test("it reports its ports, and stops listening when it is stopped", async () => {
  await withFolder(async (folder) => {
    const cloud = await Cloud.start({ folder });
    assert.match(cloud.mqttUrl, /^mqtt:\/\/127\.0\.0\.1:[0-9]+$/);
    assert.equal((await httpRequest(`${cloud.httpUrl}/`)).status, 403);
    await cloud.stop();
    await assert.rejects(httpRequest(`${cloud.httpUrl}/`));
    await assert.rejects(connectAsync(cloud.mqttUrl, { reconnectPeriod: 0 }, false));
  });
});

test("offers to devices name the public host", async () => {
  await withFolder(async (folder) => {
    const cloud = await Cloud.start({ folder, publicHost: "desk.test" });
    assert.match(cloud.mqttUrl, /^mqtt:\/\/desk\.test:/);
    assert.match(cloud.httpUrl, /^http:\/\/desk\.test:/);
    await cloud.stop();
  });
});

test("a port that is in use is named, and the other one is free again", async () => {
  await withBroker(async (taken) => {
    await withFolder(async (folder) => {
      await refused(Cloud.start({ folder, httpPort: taken }), new RegExp(`port ${taken} is taken`));
      const first = await Cloud.start({ folder });
      const httpPort = Number(new URL(first.httpUrl).port);
      await first.stop();
      await refused(Cloud.start({ folder, httpPort, mqttPort: taken }), new RegExp(`port ${taken} is taken`));
      const second = await Cloud.start({ folder, httpPort });
      await second.stop();
      await refused(Cloud.start({ folder, listen: "203.0.113.1" }), /cannot listen on 203\.0\.113\.1/);
    });
  });
});

test("a certificate that cannot be read, and a damaged state, are reported", async () => {
  await withFolder(async (folder) => {
    await refused(
      Cloud.start({ folder, tls: { cert: join(folder, "none.pem"), key: join(folder, "none.pem") } }),
      /cannot read .*none\.pem/,
    );
    writeFileSync(join(folder, "cloud.json"), "{");
    await refused(Cloud.start({ folder }), /damaged/);
  });
});

test("with another broker reports come from it and answers go to it", async () => {
  await withBroker(async (port) => {
    await withFolder(async (folder) => {
      const reports: string[] = [];
      const url = `mqtt://127.0.0.1:${port}`;
      const cloud = await Cloud.start({
        folder,
        broker: url,
        onReport: (topic, payload) => reports.push(`${topic} ${payload}`),
      });
      assert.equal(cloud.mqttUrl, url);
      await cloud.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE });
      const device = await connectAsync(url, { reconnectPeriod: 0 }, false);
      await device.subscribeAsync(UPDATE, { qos: 1 });
      const answered = once(device as unknown as EventEmitter, "message", { signal: AbortSignal.timeout(5000) });
      await device.publishAsync(REPORT, VERSION, { qos: 1 });
      const [topic, payload] = (await answered) as [string, Buffer];
      assert.equal(topic, UPDATE);
      assert.match(payload.toString(), /report_version_rsp/);
      assert.deepEqual(reports, [`${REPORT} ${VERSION}`]);
      await device.endAsync();
      await cloud.stop();
    });
  });
});

test("whoever follows the cloud learns that its broker is lost, and that it is back", async () => {
  await withBroker(async (port) => {
    await withFolder(async (folder) => {
      const sockets = new Set<Socket>();
      const proxy = createServer((socket) => {
        const onward = connect(port, "127.0.0.1");
        for (const each of [socket, onward]) sockets.add(each.on("error", () => {}));
        socket.pipe(onward).pipe(socket);
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const cloud = await Cloud.start({ folder, broker: `mqtt://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
      const seen: Promise<string>[] = [];
      cloud.operator.follow(({ kind }) => {
        if (kind === "health") seen.push(cloud.operator.health().then(({ broker }) => broker));
      });
      for (const socket of sockets) socket.destroy();
      await until(() => seen.length === 2);
      assert.deepEqual(await Promise.all(seen), ["disconnected", "connected"]);
      await cloud.stop();
      proxy.close();
    });
  });
});

test("over another broker a gateway's sub-device is offered its update once the gateway has brought it online", async () => {
  await withBroker(async (port) => {
    await withFolder(async (folder) => {
      const url = `mqtt://127.0.0.1:${port}`;
      const cloud = await Cloud.start({ folder, broker: url });
      const gateway = { productId: "GATEWAY001", deviceName: "gw1" };
      const image = join(folder, "image.bin");
      writeFileSync(image, "firmware");
      await cloud.desk.addDevice(gateway);
      await cloud.desk.addDevice({ productId: PRODUCT, deviceName: DEVICE });
      await cloud.desk.bindSubDevice({ productId: PRODUCT, deviceName: DEVICE, gateway });
      await cloud.desk.addFirmware({ productId: PRODUCT, version: "0.2.0", path: image });
      const selection = { kind: "list", deviceNames: [DEVICE] } as const;
      const upgrade = () => cloud.desk.upgrade({ productId: PRODUCT, version: "0.2.0", selection });
      const taskState = async () => (await cloud.desk.status()).devices[1]?.task?.state;
      const client = await connectAsync(url, { reconnectPeriod: 0 }, false);
      await client.subscribeAsync("$gateway/operation/result/GATEWAY001/gw1", { qos: 1 });
      await upgrade();
      assert.equal(await taskState(), "to-push");
      const answered = once(client as unknown as EventEmitter, "message", { signal: AbortSignal.timeout(5000) });
      const online = { type: "online", payload: { devices: [{ product_id: PRODUCT, device_name: DEVICE }] } };
      client.publish("$gateway/operation/GATEWAY001/gw1", JSON.stringify(online));
      assert.match(String((await answered)[1]), /"result":0/);
      await upgrade();
      await until(async () => (await taskState()) === "pushed");
      await client.endAsync();
      await cloud.stop();
    });
  });
});

test("a broker that cannot be reached is reported without its password", async () => {
  await withFolder(async (folder) => {
    const starting = Cloud.start({ folder, broker: "mqtt://user:hunter2@127.0.0.1:1" });
    await assert.rejects(starting, (error) => {
      assert.ok(error instanceof CloudError);
      assert.equal(error.message, "no broker at mqtt://127.0.0.1:1: start it, or correct its URL");
      return true;
    });
  });
});

test("another broker that refuses the subscription ends the cloud, with a line that names it", async () => {
  await withBroker(
    async (port) => {
      await withFolder(async (folder) => {
        // A process of its own, because something that it leaves open would keep this process running.
        const serve = new Running("cloud/main", [
          "serve",
          "--state",
          folder,
          "--http-port",
          "0",
          "--broker",
          `mqtt://127.0.0.1:${port}`,
        ]);
        const tooLong = setTimeout(() => serve.child.kill("SIGKILL"), 60_000);
        const { code, stderr } = await serve.ended;
        clearTimeout(tooLong);
        assert.match(stderr, new RegExp(`^ota-cloud: .*127\\.0\\.0\\.1:${port}.*\n$`));
        assert.ok(code !== null && code > 0, "it went on running");
      });
    },
    (aedes) => (aedes.authorizeSubscribe = (_client, _subscription, callback) => callback(null, null)),
  );
});

test("a fault that only its own broker, or TLS, makes possible is refused at the start, before anything listens", async () => {
  await withFolder(async (folder) => {
    const broker = "mqtt://127.0.0.1:1";
    await refused(Cloud.start({ folder, broker, faults: [{ fault: "refuse", code: 3 }] }), /refuse needs .*own broker/);
    await refused(Cloud.start({ folder, broker, faults: [{ fault: "drop" }] }), /drop needs .*own broker/);
    await refused(Cloud.start({ folder, broker, faults: [{ fault: "lose" }] }), /no broker at/);
    await refused(Cloud.start({ folder, faults: [{ fault: "tls-refuse" }] }), /tls-refuse needs TLS/);
  });
});

test("whoever follows the cloud gets to know that a fault was added, and that it was removed", async () => {
  await withFolder(async (folder) => {
    const cloud = await Cloud.start({ folder });
    try {
      const actor = { name: "test", origin: "local" };
      const kinds: string[] = [];
      const stop = cloud.operator.follow(({ kind }) => kinds.push(kind));
      const { id } = await cloud.operator.addFault({ fault: "expired" }, actor);
      assert.deepEqual(kinds, ["faults"]);
      await cloud.operator.clearFaults(id, actor);
      assert.deepEqual(kinds, ["faults", "faults"]);
      await assert.rejects(cloud.operator.clearFaults(id, actor));
      stop();
      assert.deepEqual(kinds, ["faults", "faults"]);
    } finally {
      await cloud.stop();
    }
  });
});
