import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectAsync, type MqttClient } from "mqtt";
import { Running, runCommand, withCommands } from "../support/command.js";
import { freePort, Mosquitto, skipMosquitto } from "../support/mosquitto.js";
import { connectOver, pskSocket } from "../support/psk-device.js";
import { imageOf } from "../support/test-bed.js";

const PRODUCT = "ABCDE12345";
/** base64 of "0123456789abcdef". */
const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";

interface Shown {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

async function ota(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand("cloud/main", args);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `no ${what} within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A real mosquitto with the files that the command writes. */
async function withMosquitto(
  run: (bed: {
    mosquitto: Mosquitto;
    state: string;
    files: string;
    pskPort: number;
    clients: Shown[];
  }) => Promise<void>,
): Promise<void> {
  await withCommands(async (folder) => {
    const [state, files] = [join(folder, "cloud"), join(folder, "mosquitto")];
    for (const deviceName of ["light_01", "light_02", "gateway_01", "odd:name"]) {
      const info = join(folder, `${deviceName}.json`);
      const identity = { auth_mode: "KEY", productId: PRODUCT, deviceName, key_deviceinfo: { deviceSecret: SECRET } };
      writeFileSync(info, JSON.stringify(identity));
      await ota("device", "add", "--state", state, "--device-info", info);
    }
    const names = ["--product", PRODUCT, "--name", "light_02", "--gateway", `${PRODUCT}/gateway_01`];
    await ota("device", "bind", "--state", state, ...names);
    for (const version of ["0.1.0", "0.2.0"]) {
      const file = join(folder, `${version}.bin`);
      writeFileSync(file, imageOf(version, 16 * 1024));
      await ota("firmware", "add", file, "--state", state, "--product", PRODUCT, "--version", version);
    }
    const pskPort = await freePort();
    mkdirSync(files);
    const mosquitto = await Mosquitto.start(folder, async (port) => {
      const ports = ["--mqtt-port", String(port), "--psk-port", String(pskPort)];
      const said = await ota("broker", "mosquitto", "--state", state, "--output", files, ...ports);
      assert.match(said, /for 3 devices are in/);
      assert.match(said, /left out: ABCDE12345\/odd:name/);
      return readFileSync(join(files, "mosquitto.conf"), "utf8");
    });
    try {
      const clients = JSON.parse(readFileSync(join(files, "clients.json"), "utf8")) as Shown[];
      await run({ mosquitto, state, files, pskPort, clients });
    } finally {
      await mosquitto.end();
    }
  });
}

function find(clients: readonly Shown[], deviceName: string): Shown {
  const found = clients.find(({ clientId }) => clientId === PRODUCT + deviceName);
  assert.ok(found, deviceName);
  return found;
}

function connectAs(mosquitto: Mosquitto, shown: Shown): Promise<MqttClient> {
  return connectAsync(mosquitto.url, { ...shown, reconnectPeriod: 0 }, false);
}

test(
  "mosquitto lets in whom its files list, by password and by TLS-PSK, and a device is updated over it",
  { skip: skipMosquitto },
  () =>
    withMosquitto(async ({ mosquitto, state, files, pskPort, clients }) => {
      for (const name of ["passwords", "psk", "acl", "clients.json", "broker-url"]) {
        assert.equal(statSync(join(files, name)).mode & 0o777, 0o600, name);
      }
      const light = find(clients, "light_01");
      await assert.rejects(connectAs(mosquitto, { ...light, password: `${light.password}0` }), /Not authorized/);
      await assert.rejects(connectAsync(mosquitto.url, { clientId: "x", reconnectPeriod: 0 }, false), /Not authorized/);

      const identity = light.clientId;
      const handshake = { url: `mqtts://127.0.0.1:${pskPort}`, identity, secret: SECRET };
      const socket = await pskSocket(handshake);
      assert.equal(await connectOver(socket, { clientId: identity }), 0);
      socket.destroy();
      await assert.rejects(pskSocket({ ...handshake, secret: "AAAAAAAAAAAAAAAAAAAAAA==" }));

      const url = readFileSync(join(files, "broker-url"), "utf8").trim();
      const ports = ["--http-port", "0", "--console-port", "0"];
      const serve = new Running("cloud/main", ["serve", "--state", state, "--broker", url, ...ports]);
      await serve.until("its addresses", () => serve.stdout.includes("console"));
      const device = await connectAs(mosquitto, light);
      try {
        const offers: string[] = [];
        device.on("message", (_topic, payload) => {
          if (payload.includes("update_firmware")) offers.push(payload.toString());
        });
        await device.subscribeAsync(`$ota/update/${PRODUCT}/light_01`, { qos: 1 });
        const report = (message: object): Promise<unknown> =>
          device.publishAsync(`$ota/report/${PRODUCT}/light_01`, JSON.stringify(message), { qos: 1 });
        await report({ type: "report_version", report: { version: "0.1.0" } });
        await until("version", async () => /light_01 .*0\.1\.0/.test(await ota("status", "--state", state)));
        await ota("upgrade", "--state", state, "--product", PRODUCT, "--version", "0.2.0", "--from", "0.1.0");
        await until("offer", () => offers.length === 1);
        await report({ type: "report_version", report: { version: "0.2.0" } });
        await until("success", async () => /-> 0\.2\.0 success/.test(await ota("status", "--state", state)));
      } finally {
        await device.endAsync(true);
        await serve.kill("SIGTERM");
      }
    }),
);

test(
  "the acl file lets a device use its own topics, a gateway those of its sub-devices, and nobody the others",
  {
    skip: skipMosquitto,
  },
  () =>
    withMosquitto(async ({ mosquitto, files, clients }) => {
      const { username, password } = new URL(readFileSync(join(files, "broker-url"), "utf8").trim());
      const cloud = await connectAs(mosquitto, { clientId: "otacloud", username, password });
      const light = await connectAs(mosquitto, find(clients, "light_01"));
      const gateway = await connectAs(mosquitto, find(clients, "gateway_01"));
      try {
        const came: { readonly [who: string]: string[] } = { cloud: [], light: [], gateway: [] };
        for (const [who, client] of Object.entries({ cloud, light, gateway })) {
          client.on("message", (topic) => came[who]?.push(topic));
        }
        const key = (name: string): string => `${PRODUCT}/${name}`;
        await cloud.subscribeAsync(["$ota/report/+/+", "$gateway/operation/+/+", "$sys/operation/+/+"], { qos: 1 });
        // mosquitto grants any filter, and then delivers only what may be read.
        for (const client of [light, gateway]) await client.subscribeAsync(["$ota/#", "#"], { qos: 1 });
        const publish = (client: MqttClient, ...topics: string[]): Promise<unknown> =>
          Promise.all(topics.map((topic) => client.publishAsync(topic, "{}", { qos: 1 })));
        await publish(light, `$ota/report/${key("light_02")}`, `$ota/report/${key("light_01")}`);
        await publish(gateway, `$ota/report/${key("light_01")}`, `$ota/report/${key("light_02")}`);
        await publish(gateway, `$gateway/operation/${key("light_02")}`, `$gateway/operation/${key("gateway_01")}`);
        await publish(cloud, ...["light_01", "light_02", "gateway_01"].map((name) => `$ota/update/${key(name)}`));
        await until("messages", () => came["cloud"]?.length === 3 && came["gateway"]?.length === 2);
        await publish(cloud, `$ota/update/${key("light_01")}`);
        await until("the last one", () => came["light"]?.length === 2);
        const at = (who: string): string[] => [...(came[who] ?? [])].sort();
        assert.deepEqual(at("cloud"), [
          `$gateway/operation/${key("gateway_01")}`,
          `$ota/report/${key("light_01")}`,
          `$ota/report/${key("light_02")}`,
        ]);
        assert.deepEqual(at("gateway"), [`$ota/update/${key("gateway_01")}`, `$ota/update/${key("light_02")}`]);
        assert.deepEqual(at("light"), [`$ota/update/${key("light_01")}`, `$ota/update/${key("light_01")}`]);
      } finally {
        for (const client of [cloud, light, gateway]) await client.endAsync(true);
      }
    }),
);

test("the files are made anew with the password that the cloud knows already", () =>
  withCommands(async (folder) => {
    const [state, files] = [join(folder, "cloud"), join(folder, "mosquitto")];
    const names = ["--product", PRODUCT, "--name", "light_01", "--output", join(folder, "info.json")];
    await ota("device", "add", "--state", state, ...names);
    const write = async (): Promise<string> => {
      await ota("broker", "mosquitto", "--state", state, "--output", files);
      return readFileSync(join(files, "broker-url"), "utf8");
    };
    const first = await write();
    assert.match(first, /^mqtt:\/\/ota-cloud:[\w-]{24}@127\.0\.0\.1:1883\n$/);
    assert.equal(await write(), first);
    const line = readFileSync(join(files, "passwords"), "utf8").split("\n")[0] ?? "";
    assert.match(line, /^ota-cloud:\$7\$101\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==$/);
  }));
